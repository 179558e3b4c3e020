import Lifecycle
import Linux
import TestKit
import Testing

private let hasFUSE: Bool = {
    do { return try File.status(of: "/dev/fuse") != nil } catch { return false }
}()

/// What cannot be killed is set aside: its name is free at once, what is left of it is followed to its end.
@Suite(.serialized, .timeLimit(.minutes(3)), .enabled(if: hasFUSE, "no /dev/fuse"))
struct QuarantineTests {
    /// A container whose child will not die, once it is killed.
    private func withDoomed(
        _ arguments: [String] = [], _ options: [String] = [],
        _ body: (Daemon, HungFileSystem, _ id: String) throws -> Void
    ) throws {
        try withDaemon { daemon in
            if !arguments.isEmpty {
                try daemon.shutDown()
                try daemon.start(arguments)
            }
            let hung = try HungFileSystem()
            // Whatever happens: while it hangs, nothing of this test can be cleaned up.
            defer { #expect(throws: Never.self) { try hung.abort() } }
            let id = try run(daemon, hung, options)
            try hung.waitUntilRead()
            try body(daemon, hung, id)
        }
    }

    private func run(_ daemon: Daemon, _ hung: HungFileSystem, _ options: [String] = []) throws -> String {
        let words =
            ["run", "-d", "--name", "doomed", "--label", "quell.stop.kill-deadline=500ms", "-v", hung.path + ":/hung"]
            + options + [Programs.image, "sh", "-c", "cat /hung/file & wait"]
        let end = try daemon.command(words).finish(within: Limit.command)
        try #require(end.succeeded, "\(end.text)")
        return end.trimmed
    }

    private func quarantined(_ daemon: Daemon) throws -> [Substring] {
        try daemon.must("quarantine", "ls", "--no-trunc", "--format", "{{.ID}} {{.FormerName}}").split(separator: "\n")
    }

    /// Nothing of it is left: no record, no directory, no control group.
    private func expectGone(_ daemon: Daemon, _ id: String) throws {
        try eventually("\(id) is removed", within: Limit.command) {
            try !daemon.quell("inspect", id).succeeded
        }
        #expect(try quarantined(daemon) == [])
        #expect(try File.status(of: "\(daemon.dataRoot)/containers/\(id)") == nil)
        #expect(try File.status(of: "\(daemon.runRoot)/c/\(id)") == nil)
        let group = Cgroup("/\(daemon.cgroupParent)/\(id)", on: try CgroupHost.detect())
        #expect(try !group.exists())
    }

    @Test func itsNameIsFreeAndItsLateExitIsSeenOverARestartOfTheDaemon() throws {
        try withDoomed { daemon, hung, id in
            let end = try daemon.quell("rm", "--quarantine", "doomed")
            #expect(end.succeeded && end.output == "doomed\n", "\(end.text)")
            #expect(end.errors.contains("quarantined as \(id.prefix(12))"), "\(end.text)")
            #expect(end.elapsed < Limit.atOnce)
            #expect(try quarantined(daemon) == ["\(id) doomed"])
            #expect(try !daemon.must("ps").contains(id.prefix(12)))
            #expect(try daemon.must("ps", "-a", "--filter", "id=\(id)").contains("Quarantined"))
            #expect(try daemon.inspect(id, ".State.Status") == "dead")
            #expect(try daemon.inspect(id, ".State.QuellState") == "quarantined")

            try daemon.runReady("doomed", Scripts.handles)
            try daemon.crash()
            try daemon.start()
            #expect(try quarantined(daemon) == ["\(id) doomed"])
            #expect(try daemon.inspect("doomed", ".State.Status") == "running")
            let pids = Cgroup("/\(daemon.cgroupParent)/\(id)", on: try CgroupHost.detect()).directory(of: .pids)
            if let pids { #expect(try File.readIfPresent(pids + "/pids.max") == Array("0\n".utf8)) }

            try hung.abort()
            try expectGone(daemon, id)
            let events = try daemon.must("events", "--since", "10m", "--until", "0s", "--filter", "container=\(id)")
            let died = try #require(events.split(separator: "\n").first { $0.contains(" die ") }, "\(events)")
            #expect(died.contains("late=true") && died.contains("formerName=doomed"), "\(died)")
            #expect(events.contains(" quarantine ") && events.contains(" destroy "), "\(events)")
            #expect(try daemon.inspect("doomed", ".State.Status") == "running")
        }
    }

    @Test func itsPortsAndItsAddressAreFreeAtOnce() throws {
        try Networks.with { daemon in
            let hung = try HungFileSystem()
            // Whatever happens: while it hangs, nothing of this test can be cleaned up.
            defer { #expect(throws: Never.self) { try hung.abort() } }
            try daemon.must("network", "create", "--subnet", "10.9.0.0/16", "app")
            let place = ["--network", "app", "--ip", "10.9.0.77", "-p", "8080:80"]
            let id = try run(daemon, hung, place)
            try hung.waitUntilRead()
            try daemon.must("rm", "--quarantine", "doomed")
            try daemon.runReady("doomed", Networks.server, options: place)
            #expect(try daemon.inspect("doomed", ".NetworkSettings.Networks.app.IPAddress") == "10.9.0.77")
            #expect(try Networks.isServed(daemon, at: "127.0.0.1:8080"))
            #expect(try quarantined(daemon) == ["\(id) doomed"])
            try hung.abort()
            try expectGone(daemon, id)
            #expect(
                try Networks.isServed(daemon, at: "127.0.0.1:8080"), "the late exit takes nothing from the next one")
            try daemon.must("rm", "-f", "doomed")
            try Networks.waitUntilGivenBack(daemon)
        }
    }

    /// Milliseconds after the order: before the kill, during its deadline, while it is recorded, afterwards.
    @Test(arguments: [0, 50, 300, 600, 1200, 1600, 2000])
    func daemonKilledAtAnyInstantHasNeitherHalfDone(_ milliseconds: Int) throws {
        try withDoomed { daemon, hung, id in
            let client = try daemon.command(["rm", "--quarantine", "doomed"])
            // It says nothing of this kind: the instant is what is waited for.
            _ = try client.says("\u{0}", within: .milliseconds(milliseconds))
            try daemon.crash()
            try daemon.start()
            if try !client.finish(within: Limit.command).succeeded {
                // The order had not reached the first daemon.
                #expect(try daemon.inspect("doomed", ".Id") == id)
                try daemon.must("rm", "--quarantine", "doomed")
            }
            #expect(try quarantined(daemon) == ["\(id) doomed"])
            try daemon.must("create", "--name", "doomed", Programs.image, "true")
            try hung.abort()
            try expectGone(daemon, id)
            #expect(try daemon.inspect("doomed", ".State.Status") == "created")
        }
    }

    @Test func forcedRemovalSetsAsideByOptionOfTheDaemon() throws {
        try withDoomed(["--quarantine-on-rm"]) { daemon, hung, id in
            let end = try daemon.quell("rm", "-f", "doomed")
            #expect(end.succeeded, "\(end.text)")
            #expect(try quarantined(daemon) == ["\(id) doomed"])
            let stop = try daemon.quell("stop", id)
            #expect(stop.status == .code(1) && stop.text.contains("quarantined"), "\(stop.text)")
            try daemon.must("system", "prune", "-f")
            #expect(try quarantined(daemon) == ["\(id) doomed"])
            try hung.abort()
            try expectGone(daemon, id)
        }
    }

    @Test(.enabled(if: DockerClient.isInstalled, "docker is not installed"))
    func forcedRemovalByTheDockerClientSetsAsideToo() throws {
        try withDoomed(["--quarantine-on-rm"]) { daemon, hung, id in
            let docker = DockerClient(daemon)
            #expect(try docker.must("rm", "-f", "doomed") == "doomed")
            #expect(try quarantined(daemon) == ["\(id) doomed"])
            #expect(try !docker.must("ps", "-a", "--format", "{{.Names}}").contains("doomed"))
            try docker.must("create", "--network", "none", "--name", "doomed", Programs.image, "true")
            try hung.abort()
            try expectGone(daemon, id)
        }
    }

    @Test func withoutTheOptionForcedRemovalSaysWhatWouldDo() throws {
        try withDoomed { daemon, hung, id in
            let end = try daemon.quell("rm", "-f", "doomed")
            #expect(!end.succeeded && end.text.contains("quell rm --quarantine doomed"), "\(end.text)")
            try hung.abort()
            try daemon.must("rm", "-f", "doomed")
            try expectGone(daemon, id)
        }
    }
}
