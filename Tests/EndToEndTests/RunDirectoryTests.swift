import Lifecycle
import Linux
import TestKit
import Testing

/// The run directory vanishes: it lies on a tmpfs, and somebody cleans up too much. Containers run on and can be ended.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct RunDirectoryTests {
    /// While quelld is dead; it comes back later, whole.
    @Test func whatComesBackIsAsItWas() throws {
        try withDaemon { daemon in
            try daemon.losingNothing {
                let pid = try daemon.inspect("runs", ".State.Pid")
                try daemon.crash()
                try File.rename(daemon.runRoot, to: daemon.runRoot + ".gone")
                try daemon.start()
                // Its supervisor cannot be reached, so whatever is said must not be that it has ended.
                let state = try daemon.inspect("runs", ".State.Status")
                #expect(state != "exited", "\(state), though pid \(pid) runs")
                #expect(try File.status(of: "/proc/\(pid)") != nil)
                try daemon.crash()
                try File.removeTree(daemon.runRoot)
                try File.rename(daemon.runRoot + ".gone", to: daemon.runRoot)
                try daemon.start()
            }
        }
    }

    /// While quelld is dead, for ever: a container without a supervisor is called so, can be killed, and starts anew.
    @Test func aContainerWithoutItsSupervisorCanBeEndedAndStarted() throws {
        try withDaemon { daemon in
            try daemon.runReady("kept", Scripts.handles)
            try daemon.crash()
            try File.removeTree(daemon.runRoot)
            try daemon.start()
            #expect(try daemon.must("ps", "--format", "{{.Names}}") == "kept")
            #expect(try daemon.must("logs", "kept").contains("ready"))
            let end = try daemon.quell("stop", "--format", "json", "kept")
            #expect(end.succeeded, "\(end.text)")
            // No code was seen by its parent, so none is invented; a kernel from 6.15 on tells it all the same.
            let verdict = try StopVerdict.one(end)
            #expect(verdict.verdict == "exited" && verdict.exitCode == 0 || verdict.verdict == "exited-unknown")
            #expect(try daemon.must("logs", "kept").contains("ready"))
            try daemon.must("start", "kept")
            #expect(try daemon.must("exec", "kept", "echo", "well") == "well")
            #expect(try StopVerdict.one(try daemon.quell("stop", "--format", "json", "kept")).exitCode == 0)
        }
    }

    /// Under the running quelld: it holds its connections, so stopping works on; new containers too; what needs a new
    /// connection says which path is gone.
    @Test func underARunningQuelldNothingEnds() throws {
        try withDaemon { daemon in
            try daemon.runReady("polite", Scripts.handles)
            try daemon.runReady("stubborn", Scripts.ignores)
            try File.removeTree(daemon.runRoot)
            #expect(try daemon.must("ps", "--format", "{{.Names}}").split(separator: "\n").count == 2)
            let exec = try daemon.quell("exec", "polite", "true")
            #expect(exec.status != .code(0) && exec.text.contains(daemon.runRoot), "\(exec.text)")
            #expect(try daemon.must("run", "--rm", Programs.image, "echo", "new") == "new")
            #expect(try StopVerdict.one(try daemon.quell("stop", "--format", "json", "polite")).exitCode == 0)
            #expect(try daemon.quell("kill", "stubborn").succeeded)
            #expect(try daemon.inspect("stubborn", ".State.ExitCode") == "137")
            try daemon.must("start", "polite")
            #expect(try daemon.must("exec", "polite", "echo", "well") == "well")
            try daemon.crash()
            try daemon.start()
            #expect(try daemon.must("exec", "polite", "echo", "well") == "well")
        }
    }

    /// No byte is left in it: quelld starts all the same, and what needs a file there names it.
    @Test func aFullOneIsNamed() throws {
        try withDaemon(prepare: { try $0.limitRunRoot(megabytes: 4) }) { daemon in
            try daemon.losingNothing {
                try daemon.crash()
                func fill(_ name: String) throws {
                    let end = try Programs.system("dd", ["if=/dev/zero", "of=\(daemon.runRoot)/\(name)", "bs=4k"])
                    #expect(end.errors.contains("No space left"), "\(end.text)")
                }
                try fill("ballast")
                try daemon.start()
                #expect(try File.status(of: daemon.runRoot + "/quelld.pid") == nil, "it named the one that crashed")
                // The room that it had.
                try fill("more")
                try daemon.refuses(
                    ["exec", "runs", "true"], code: 126, saying: ["write \(daemon.runRoot)/c/", "No space left"])
                try daemon.refuses(
                    ["run", "--rm", Programs.image, "true"], code: 125,
                    saying: ["/config.json", daemon.runRoot, "No space left"])
                let told = try #require(try daemon.shutDown()).errors
                #expect(told.contains("pid file not written") && told.contains("No space left"), "\(told)")
                for name in ["ballast", "more"] { try File.unlink("\(daemon.runRoot)/\(name)") }
                try daemon.start()
            }
        }
    }
}
