import Lifecycle
import Linux
import TestKit
import Testing

/// What a child inherits is what was asked for, and nothing else.
@Suite(.timeLimit(.minutes(1))) struct SpawnTests {
    private func run(
        _ arguments: [String], change: (inout SpawnRequest) -> Void = { _ in }
    ) throws -> (output: String, status: Lifecycle.ExitStatus?) {
        let pipe = try Pipe()
        var request = SpawnRequest("/bin/busybox", arguments, environment: Command.plainEnvironment)
        request.descriptors = [0, 1, 2].map { DescriptorMapping($0, from: pipe.writing.raw) }
        change(&request)
        let child = try Spawn.start(request)
        try pipe.writing.close()
        let output = try pipe.reading.readAll(limit: 1 << 20)
        return (String(decoding: output, as: UTF8.self), try child.pidfd.reap(by: MonotonicClock.now() + .seconds(20)))
    }

    private func ownThread() throws -> ProcessStatus {
        try #require(ProcessStatus(parsing: try File.read("/proc/thread-self/status")))
    }

    @Test func resetsMaskAndHandlers() throws {
        try ProcessSelf.ignoreBrokenPipes()
        let before = try SignalMask.block([.term, .int, .usr1, .chld, .hup])
        defer { #expect(throws: Never.self) { try SignalMask.restore(before) } }
        let own = try ownThread()
        #expect(own.masks.disposition(of: .term) == .blocked && own.masks.disposition(of: .pipe) == .ignored)
        let child = try run(["cat", "/proc/self/status"])
        let status = try #require(ProcessStatus(parsing: Array(child.output.utf8)))
        #expect(status.masks == SignalMasks(caught: 0, blocked: 0, ignored: 0))
        #expect(child.status == .code(0))
        // And the parent's are as they were.
        let after = try ownThread()
        #expect(after.masks == own.masks)
    }

    @Test func passesMappedDescriptorsOnly() throws {
        let extra = try File.open("/dev/null", .readWrite)
        try extra.setCloseOnExec(false)
        let child = try run(["ls", "/proc/self/fd"]) { request in
            request.descriptors.append(DescriptorMapping(9, from: extra.raw))
        }
        // ls has one of its own: the directory, in the lowest free place.
        #expect(child.output.split(separator: "\n") == ["0", "1", "2", "3", "9"])
    }

    @Test func swapsDescriptors() throws {
        let first = try Pipe()
        let second = try Pipe()
        var request = SpawnRequest(
            "/bin/busybox", ["sh", "-c", "echo one >&\(second.writing.raw); echo two >&\(first.writing.raw)"])
        request.descriptors = [
            DescriptorMapping(first.writing.raw, from: second.writing.raw),
            DescriptorMapping(second.writing.raw, from: first.writing.raw),
        ]
        let child = try Spawn.start(request)
        #expect(try child.pidfd.reap(by: MonotonicClock.now() + .seconds(20)) == .code(0))
        try first.writing.close()
        try second.writing.close()
        #expect(try first.reading.readAll(limit: 100) == Array("one\n".utf8))
        #expect(try second.reading.readAll(limit: 100) == Array("two\n".utf8))
    }

    @Test func namesTheStepThatFailed() throws {
        func failure(_ executable: String, _ change: (inout SpawnRequest) -> Void = { _ in }) -> SystemError? {
            var request = SpawnRequest(executable, [])
            change(&request)
            return #expect(throws: SystemError.self) { _ = try Spawn.start(request).pid }
        }
        #expect(
            failure("/no/such/program")?.description == "execve /no/such/program: No such file or directory (ENOENT)")
        #expect(failure("no-such-program")?.isNotFound == true)
        #expect(failure("/etc/passwd")?.isDenied == true)
        #expect(failure("/bin/busybox") { $0.workingDirectory = "/no/where" }?.call == "chdir")
        #expect(failure("/bin/busybox") { $0.root = "/no/root" }?.call == "chroot")
        let group = try TestCgroup()
        let doors = try group.cgroup.openDoors(.membership)
        try group.cgroup.remove()
        let refusal = failure("/bin/busybox") { $0.cgroups = doors }
        #expect(refusal?.call == "enter cgroup" && refusal?.subject == "\(group.cgroup.path) for /bin/busybox")
        #expect(
            failure("/bin/busybox") { $0.descriptors = [DescriptorMapping(0, from: 9999)] }?.call == "pass descriptor")
    }

    @Test func reportsAFailureNobodyWaitedFor() throws {
        let directory = try TemporaryDirectory("report")
        let soon = MonotonicClock.now() + .seconds(20)
        let failed = try SpawnReport()
        let program = directory("no-program")
        let child = try Spawn.start(SpawnRequest(program, []), report: failed)
        #expect(try child.pidfd.reap(by: soon) == .code(127))
        #expect(failed.failure?.description == "execve \(program): No such file or directory (ENOENT)")
        let good = try SpawnReport()
        let other = try Spawn.start(SpawnRequest("/bin/busybox", ["sh", "-c", "exit 127"]), report: good)
        #expect(try other.pidfd.reap(by: soon) == .code(127))
        #expect(good.failure == nil)
    }

    @Test func findsProgramsInThePathOfTheNewEnvironment() throws {
        let directory = try TemporaryDirectory("path")
        try directory.write("#!/bin/busybox sh\necho found \"$1\"\n", to: "some-program", mode: 0o755)
        let result = try Command.run("some-program", ["it"], environment: ["PATH=/nowhere:\(directory.path)"])
        #expect(result.output == "found it\n")
    }

    @Test func changesSurroundings() throws {
        let directory = try TemporaryDirectory("spawn")
        let child = try run(["sh", "-c", "pwd; id -u; id -g; id -G; cat /proc/self/stat; cat /proc/self/oom_score_adj"])
        {
            $0.workingDirectory = directory.path
            $0.newSession = true
            $0.oomScoreAdjust = 500
        }
        let lines = child.output.split(separator: "\n").map(String.init)
        #expect(lines.count == 6)
        #expect(lines[0] == directory.path && lines[1] == "0")
        let stat = try #require(ProcessStat(parsing: Array(lines[4].utf8)))
        #expect(stat.session == stat.parent || stat.session == stat.pid)
        #expect(lines[5] == "500")
        let user = try run(["id"]) { $0.user = (1234, 5678) }
        #expect(user.output.hasPrefix("uid=1234 gid=5678"))
        #expect(!user.output.contains("groups=0"))
    }

    @Test func entersCgroupsBeforeItExecutes() throws {
        let group = try TestCgroup()
        let doors = try group.cgroup.openDoors(.membership)
        let child = try run(["cat", "/proc/self/cgroup"]) { $0.cgroups = doors }
        #expect(child.output.contains(group.cgroup.path + "\n"))
        #expect(try !group.cgroup.isPopulated())
    }

    @Test func hidesMountsFromTheChildAlone() throws {
        let directory = try TemporaryDirectory("hide")
        let mount = try directory.makeDirectory("mount")
        try Mount.tmpfs(at: mount)
        try directory.write("x", to: "mount/file")
        let child = try run(["ls", mount]) { $0.hiddenMounts = [mount, "/no/such/mount", directory.path] }
        #expect(child.output == "" && child.status == .code(0))
        #expect(try File.status(of: mount + "/file") != nil)
        #expect(try Mount.isMountPoint(mount))
    }

    @Test func leavesNoDescriptorBehind() throws {
        func open() throws -> Int { try File.list("/proc/self/fd").count }
        _ = try run(["true"])
        // Other tests run beside this one and open descriptors of their own: a leak of one per spawn still shows.
        let before = try open()
        for _ in 0..<300 {
            _ = try run(["true"])
            #expect(throws: SystemError.self) { _ = try Spawn.start(SpawnRequest("/no/such", [])).pid }
        }
        #expect(try open() - before < 200)
    }
}
