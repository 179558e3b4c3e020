import Lifecycle
import Linux
import TestKit
import Testing

/// The disk under the data root takes nothing: whoever writes there sleeps in the kernel. Containers are stopped all the same,
/// everybody is answered, and nothing that was seen meanwhile is lost.
@Suite(.serialized, .enabled(if: FrozenFileSystem.isSupported), .timeLimit(.minutes(3)))
struct FrozenDiskTests {
    private static let chatty = """
        trap 'echo bye; exit 7' TERM; echo ready
        while :; do echo tick; sleep 0.1 & wait $!; done
        """

    /// Thawed, whatever happens, before the daemon is ended.
    private func withFrozenDisk(
        configuration: String = "{}", prepare: (Daemon) throws -> Void,
        _ body: (Daemon, FrozenFileSystem) throws -> Void
    ) throws {
        let disk = try FrozenFileSystem(megabytes: 64)
        try withDaemon(prepare: {
            try $0.placeDataRoot(in: disk.path)
            $0.configuration = configuration
        }) { daemon in
            do {
                try prepare(daemon)
                try disk.freeze()
                try body(daemon, disk)
            } catch {
                try disk.thaw()
                throw error
            }
            try disk.thaw()
        }
    }

    private func stopsWithItsOwnCode(_ daemon: Daemon) throws {
        let end = try daemon.quell("stop", "--format", "json", "chatty")
        #expect(end.succeeded, "\(end.text)")
        let verdict = try StopVerdict.one(end)
        #expect(verdict.verdict == "exited" && verdict.exitCode == 7 && verdict.how == "handled", "\(end.text)")
        #expect(end.elapsed < Limit.atOnce, "\(end.elapsed)")
    }

    @Test func stopEndsWithTheRightCodeAndAllIsRecordedAfterTheThaw() throws {
        try withFrozenDisk(prepare: {
            try $0.runReady("chatty", FrozenDiskTests.chatty)
            try $0.runReady("other", Scripts.handles)
        }) { daemon, disk in
            try stopsWithItsOwnCode(daemon)
            for call in [
                ["ps", "-a"], ["inspect", "chatty"], ["inspect", "other"], ["logs", "--tail", "1", "chatty"],
            ] {
                let end = try daemon.command(call).finish(within: Limit.command)
                #expect(end.succeeded && end.elapsed < Limit.atOnce, "\(call): \(end.text)")
            }
            #expect(try daemon.inspect("chatty", ".State.ExitCode") == "7")
            #expect(try daemon.inspect("other", ".State.Running") == "true")

            try disk.thaw()
            #expect(try daemon.must("start", "chatty") == "chatty", "it waits for the last run to be over")
            try daemon.waitForLog("chatty", "bye")
            try stopsWithItsOwnCode(daemon)
            try daemon.crash()
            try daemon.start()
            #expect(try daemon.inspect("chatty", ".State.ExitCode") == "7")
        }
    }

    /// Whatever the database has not heard of is in the run root.
    @Test func nextDaemonFindsTheCode() throws {
        try withFrozenDisk(prepare: { try $0.runReady("chatty", FrozenDiskTests.chatty) }) { daemon, disk in
            try stopsWithItsOwnCode(daemon)
            let id = try daemon.inspect("chatty", ".Id")
            // Its database thread sleeps on that disk.
            try daemon.crash { try disk.thaw() }
            try daemon.start()
            #expect(try daemon.inspect("chatty", ".State.Status") == "exited")
            #expect(try daemon.inspect("chatty", ".State.ExitCode") == "7")
            try daemon.waitForLog("chatty", "bye")
            try eventually("its record is where it belongs", within: Limit.command) {
                let late = "\(daemon.runRoot)/c/\(id)/late-exit"
                return try File.status(of: late) == nil
                    && File.status(of: "\(daemon.dataRoot)/containers/\(id)/exit") != nil
            }
        }
    }

    /// A writer that was killed in its sleep writes nothing: the only record is in the run root.
    @Test(arguments: [false, true]) func recordIsMovedWhenTheDiskAnswers(afterACrash: Bool) throws {
        try withFrozenDisk(prepare: { try $0.runReady("chatty", FrozenDiskTests.chatty) }) { daemon, disk in
            let id = try daemon.inspect("chatty", ".Id")
            try stopsWithItsOwnCode(daemon)
            let group = "\(daemon.cgroupParent)/shim-\(id)"
            try eventually("only its writer is left", within: Limit.command) {
                try HostView.members(of: group).map { try Procfs.live.status(of: $0)?.name } == ["quell-writer"]
            }
            for pid in try HostView.members(of: group) { try Pidfd(opening: pid).send(.kill) }
            let late = "\(daemon.runRoot)/c/\(id)/late-exit"
            #expect(try File.status(of: late) != nil)
            if afterACrash {
                try daemon.crash { try disk.thaw() }
                try daemon.start()
            } else {
                try disk.thaw()
            }
            #expect(try daemon.inspect("chatty", ".State.ExitCode") == "7")
            try eventually("its record is where it belongs", within: Limit.command) {
                try File.status(of: late) == nil && File.status(of: "\(daemon.dataRoot)/containers/\(id)/exit") != nil
            }
            try daemon.must("start", "chatty")
            try daemon.must("kill", "chatty")
            #expect(try daemon.inspect("chatty", ".State.ExitCode") == "137")
        }
    }

    /// What has to write there fails by the deadline, says why, and can be done again.
    @Test func callsThatNeedTheDiskGiveUp() throws {
        try withFrozenDisk(
            configuration: #"{"disk-deadline": "1s"}"#,
            prepare: { daemon in
                try daemon.runReady("chatty", FrozenDiskTests.chatty)
                for name in ["idle", "old"] { try daemon.must("create", "--name", name, Programs.image, "true") }
            }
        ) { daemon, disk in
            try stopsWithItsOwnCode(daemon)
            let calls = [
                ["create", "--name", "late", Programs.image, "true"], ["start", "idle"], ["start", "chatty"],
                ["rm", "old"],
            ]
            for call in calls {
                let end = try daemon.command(call).finish(within: Limit.command)
                #expect(!end.succeeded && end.errors.contains("disk"), "\(call): \(end.text)")
                #expect(end.elapsed < Limit.atOnce, "\(call): \(end.elapsed)")
            }
            try disk.thaw()
            for call in calls {
                let end = try daemon.command(call).finish(within: Limit.command)
                #expect(end.succeeded, "\(call): \(end.text)")
            }
        }
    }

    /// Durable intents have a bound of their own.
    @Test func stopOfWhatARestartPolicyKeepsEndsToo() throws {
        try withFrozenDisk(prepare: {
            try $0.runReady("chatty", FrozenDiskTests.chatty, options: ["--restart", "always"])
        }) { daemon, disk in
            try stopsWithItsOwnCode(daemon)
            try disk.thaw()
            #expect(try daemon.inspect("chatty", ".State.Status") == "exited")
        }
    }
}
