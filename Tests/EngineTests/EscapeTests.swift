import APITypes
import Lifecycle
import Linux
import TestKit
import Testing

@testable import Engine

/// What a container cannot reach, tried from inside.
@Suite(.serialized, .timeLimit(.minutes(4)))
struct EscapeTests {
    private static let runtimes = ["crun", "runc"]

    @Test(arguments: runtimes) func whatIsMaskedSaysNothing(_ runtime: String) async throws {
        try await Fixture.with { fixture in
            let script = """
                for p in \(Spec.maskedPaths.joined(separator: " ")); do
                    if [ -d $p ]; then [ -z "$(ls $p)" ] || echo "$p has entries"
                    elif [ -e $p ]; then [ $(head -c 1 $p | wc -c) = 0 ] || echo "$p says something"; fi
                done
                echo looked
                """
            let (_, text) = try await fixture.output(shell(script)) { $0.hostConfig?.runtime = runtime }
            #expect(text == "looked\n")
            let unmasked = try await fixture.output(shell("head -c 1 /proc/interrupts | wc -c")) { request in
                request.hostConfig?.runtime = runtime
                request.hostConfig?.privileged = true
            }
            #expect(unmasked.text == "1\n", "so the look above sees what is there")
        }
    }

    @Test(arguments: runtimes) func theKernelsSettingsAreReadOnly(_ runtime: String) async throws {
        try await Fixture.with { fixture in
            let places = [
                "/proc/sys/kernel/core_pattern", "/proc/sys/vm/panic_on_oom", "/proc/irq/default_smp_affinity",
                "/sys/kernel/mm/transparent_hugepage/enabled", "/sys/fs/cgroup/cgroup.procs",
                "/sys/fs/cgroup/devices/devices.allow", "/sys/fs/cgroup/devices/cgroup.procs",
            ]
            let script = """
                for p in \(places.joined(separator: " ")) $(find /proc/bus /proc/fs -type f); do
                    [ -e $p ] || continue
                    ( : >>$p ) 2>/dev/null && echo "$p can be written"
                done
                echo looked
                """
            let (_, text) = try await fixture.output(shell(script)) { $0.hostConfig?.runtime = runtime }
            #expect(text == "looked\n")
        }
    }

    /// Nodes of the host's disk, memory, log and FUSE can be made (MKNOD is among the capabilities) and not opened: the
    /// device cgroup refuses, or the filter of a v2 host.
    @Test(arguments: runtimes) func devicesOfTheHostAreRefused(_ runtime: String) async throws {
        try await Fixture.with { fixture in
            let script = """
                cd /tmp; b=/bin/busybox
                $b mknod disk b 8 0; $b mknod loop b 7 0; $b mknod mem c 1 1; $b mknod kmsg c 1 11; $b mknod fuse c 10 229
                $b mknod zero c 1 5
                for n in disk loop mem kmsg fuse; do
                    [ -e $n ] || echo "$n could not be made"
                    ( : <$n ) 2>&1 | grep -q 'Operation not permitted' || echo "$n can be opened"
                done
                head -c 2 zero | wc -c
                """
            let (_, text) = try await fixture.output(shell(script)) { $0.hostConfig?.runtime = runtime }
            #expect(text == "2\n", "\(text)")
        }
    }

    @Test(arguments: runtimes) func noDescriptorOfTheHostComesIn(_ runtime: String) async throws {
        try await Fixture.with { fixture in
            // Until it has said something it may still be the runtime.
            let told = shell("echo ready; exec sleep 1000")
            let id = try await fixture.run(told) { $0.hostConfig?.runtime = runtime }
            try await fixture.waitForLog(id, "ready")
            let main = try descriptors(of: Int32(try await fixture.engine.inspectContainer(id).state.pid))
            #expect(main.count == 3 && main.allSatisfy { $0 == "/dev/null" || $0.hasPrefix("pipe:") }, "\(main)")
            var request = ExecCreateRequest()
            (request.cmd, request.attachStdout) = (told, true)
            for terminal in [false, true] {
                request.tty = terminal
                let exec = try await fixture.engine.createExec(id, request)
                let streams = try #require(try await fixture.engine.startExec(exec, ExecStartRequest()))
                _ = try await streams.output.next()
                let process = try await fixture.engine.inspectExec(exec).pid
                let open = try descriptors(of: Int32(process))
                #expect(open.count == 3, "\(open)")
                #expect(
                    open.allSatisfy { $0 == "/dev/null" || $0.hasPrefix("pipe:") || $0.hasPrefix("/dev/pts/") },
                    "\(open)")
                streams.detach()
            }
        }
    }

    private func descriptors(of pid: Int32) throws -> [String] {
        try File.list("/proc/\(pid)/fd").map { try File.readLink("/proc/\(pid)/fd/\($0.name)") }
    }

    /// CVE-2024-21626: a working directory below /proc/self/fd led out by a directory of the host's that the runtime had
    /// open.
    @Test(arguments: runtimes) func aWorkingDirectoryInADescriptorLeadsNowhere(_ runtime: String) async throws {
        try await Fixture.with { fixture in
            // From a directory of the host's this climbs to the host's root.
            let climb = shell("cd -P ./../../../../../../../..; cat ./etc/hostname; stat -c %d:%i .; stat -c %d:%i /")
            let main = try await fixture.run(["sleep", "1000"]) { $0.hostConfig?.runtime = runtime }
            for number in 3..<16 {
                let directory = "/proc/self/fd/\(number)"
                do {
                    let (_, text) = try await fixture.output(climb) { request in
                        request.config.workingDir = directory
                        request.hostConfig?.runtime = runtime
                    }
                    expectInside(text, directory)
                } catch let error as EngineError {
                    #expect("\(error)".contains(directory))
                }
                var request = ExecCreateRequest()
                (request.cmd, request.attachStdout, request.workingDir) = (climb, true, directory)
                let exec = try await fixture.engine.createExec(main, request)
                do {
                    let streams = try #require(try await fixture.engine.startExec(exec, ExecStartRequest()))
                    var text = ""
                    while let chunk = try await streams.output.next() {
                        text += String(decoding: chunk.bytes, as: UTF8.self)
                    }
                    expectInside(text, "exec in \(directory)")
                } catch let error as EngineError {
                    #expect("\(error)".contains(directory))
                }
            }
        }
    }

    private func expectInside(_ text: String, _ what: String) {
        let lines = text.split(separator: "\n")
        #expect(lines.count == 3 && lines[1] == lines[2], "\(what): \(text)")
    }

    /// CVE-2019-5736: a program of the container's that is `/proc/self/exe` is the runtime, and a neighbour that opened it
    /// could write to the host's file. Here it is a copy that would be overwritten.
    @Test(arguments: runtimes) func theRuntimeIsNotOverwritten(_ runtime: String) async throws {
        let copies = try TemporaryDirectory("runtime")
        let (copy, original) = (copies(runtime), "/usr/bin/" + runtime)
        try #require(try Command.run("/bin/cp", [original, copy]).status.isSuccess)
        try await Fixture.with {
            $0.runtimes["copy"] = copy
        } _: { fixture in
            let script = """
                printf '#!/proc/self/exe --version\\n' >/attack; chmod +x /attack; echo ready
                while :; do for p in /proc/[0-9]*; do (
                    exec 5<$p/exe
                    case $(readlink /proc/self/fd/5) in *busybox*) exit;; esac
                    usleep 200000
                    echo overwritten >>/proc/self/fd/5 && echo written
                    echo caught
                ) 2>/dev/null; done; done
                """
            let id = try await fixture.run(shell(script)) { request in
                request.hostConfig?.runtime = "copy"
                // What the runtime is linked with.
                request.hostConfig?.binds = ["/lib", "/lib64", "/usr/lib"].map { "\($0):\($0):ro" }
            }
            try await fixture.waitForLog(id, "ready")
            var log = ""
            for _ in 0..<400 where !log.contains("caught") {
                var request = ExecCreateRequest()
                (request.cmd, request.attachStdout) = (["/attack"], true)
                let exec = try await fixture.engine.createExec(id, request)
                let streams = try #require(try await fixture.engine.startExec(exec, ExecStartRequest()))
                while try await streams.output.next() != nil {}
                log = try await fixture.log(id)
            }
            #expect(log.contains("caught") && !log.contains("written"), "\(log)")
            #expect(try File.read(copy, limit: 64 << 20) == File.read(original, limit: 64 << 20))
        }
    }

    /// A container that exchanges a directory for a link all the time, while somebody copies into it and out of it.
    @Test func linksSwappedUnderACopyStayInside() async throws {
        try await Fixture.with { fixture in
            let outside = try fixture.directory.makeDirectory("outside")
            try fixture.directory.write("the host's\n", to: "outside/letter")
            try fixture.directory.write("dear container\n", to: "letter")
            let packed = try Command.run(
                "tar", ["-C", fixture.directory.path, "-cf", fixture.directory("letter.tar"), "letter"])
            try #require(packed.status.isSuccess)
            let bytes = try File.read(fixture.directory("letter.tar"))
            let script = """
                mkdir -p /tmp/real; echo mine >/tmp/real/letter; ln -s \(outside) /tmp/link; echo ready
                while :; do mv -T /tmp/real /tmp/place; mv -T /tmp/place /tmp/real
                    mv -T /tmp/link /tmp/place; mv -T /tmp/place /tmp/link; done
                """
            let id = try await fixture.run(shell(script))
            try await fixture.waitForLog(id, "ready")
            var (written, read) = (0, 0)
            for _ in 0..<60 {
                let once = Once(bytes)
                do throws(EngineError) {
                    try await fixture.engine.putArchive(
                        into: id, ArchivePut(path: "/tmp/place"), source: ByteStream { () in once.take() })
                    written += 1
                } catch {}
                var tar: [UInt8] = []
                do throws(EngineError) {
                    let (_, stream) = try await fixture.engine.getArchive(of: id, "/tmp/place/letter")
                    while let piece = try await stream.next() { tar += piece }
                    read += 1
                } catch {}
                #expect(!String(decoding: tar, as: UTF8.self).contains("the host's"))
            }
            #expect(try File.read(outside + "/letter") == Array("the host's\n".utf8))
            #expect(written > 0 && read > 0, "\(written) written, \(read) read: the directory was never there")
        }
    }

    @Test func noNewPrivilegesMeansNone() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.create(shell("cp /bin/busybox /tmp/id; chmod 4755 /tmp/id; sleep 1000")) {
                request in
                request.hostConfig?.securityOpt = ["no-new-privileges"]
            }
            try await fixture.engine.startContainer(id)
            var request = ExecCreateRequest()
            (request.cmd, request.attachStdout, request.user) = (
                shell("until [ -u /tmp/id ]; do usleep 10000; done; /tmp/id -u"), true, "user"
            )
            let exec = try await fixture.engine.createExec(id, request)
            let streams = try #require(try await fixture.engine.startExec(exec, ExecStartRequest()))
            var text = ""
            while let chunk = try await streams.output.next() { text += String(decoding: chunk.bytes, as: UTF8.self) }
            #expect(text == "1000\n")
        }
    }
}
