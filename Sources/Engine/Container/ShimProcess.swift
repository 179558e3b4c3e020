import Lifecycle
import Linux
import Synchronization

enum ShimProcess {
    /// Writes `shim.conf`, starts `quell-shim` and returns once it serves its socket. `.timedOut` after ten seconds; else its
    /// own words.
    static func start(
        _ core: EngineCore, _ id: String, _ configuration: ShimConfiguration, _ name: String
    ) async throws(EngineError) -> ChildProcess {
        let (executable, paths, group) = (core.configuration.shimPath, core.paths.container(id), core.shimCgroup(id))
        let limit = core.configuration.diskDeadline
        let (process, ready) = try await Blocking.run(
            "to start the shim: the disk", within: limit, on: core.reactor, .files
        ) {
            () throws(EngineError) in
            try attempt("write the bundle") { () throws(SystemError) in
                try File.makeDirectories(paths.bundle, mode: 0o700)
                // Of an earlier run: the shim must be able to bind its socket.
                if try File.status(of: paths.socket, following: false) != nil { try File.unlink(paths.socket) }
                try Container.write(configuration.wireBytes, to: paths.shimConfiguration)
                // For who looks while no engine runs; a later rename does not reach it.
                try Container.write(Array(name.utf8), to: paths.name)
            }
            let pipe = try attempt { () throws(SystemError) in try Pipe() }
            let spawned = try attempt("start the shim") { () throws(SystemError) in
                let null = try File.open("/dev/null", .readOnly)
                let log = try File.open(paths.shimLog, [.writeOnly, .create, .append])
                var request = SpawnRequest(executable, [paths.shimConfiguration])
                request.newSession = true
                try group.create(.membership)
                request.cgroups = try group.openDoors(.membership)
                request.descriptors = [
                    DescriptorMapping(0, from: null.raw), DescriptorMapping(1, from: log.raw),
                    DescriptorMapping(2, from: log.raw), DescriptorMapping(3, from: pipe.writing.raw),
                ]
                return try Spawn.start(request)
            }
            return (ChildProcess(spawned, core.reactor), ReadyPipe(pipe.reading))
        }
        do throws(EngineError) { try await ready.wait(for: process.pid, on: core.reactor) } catch {
            process.kill()
            throw error
        }
        return process
    }
}

/// The end on which a shim says that it is ready: `R`, or why it is not.
private final class ReadyPipe: Sendable {
    private let reading: OwnedDescriptor
    private let said = Promise<Result<String, EngineError>>()

    init(_ reading: consuming OwnedDescriptor) { self.reading = reading }

    func wait(for pid: Int32, on reactor: Reactor) async throws(EngineError) {
        try attempt { () throws(SystemError) in try reading.setNonBlocking() }
        let token = reactor.register(reading.raw, .readable) { [self] _ in read() }
        let timer = reactor.after(.seconds(10)) { [said] in
            said.resolve(.failure(.timedOut("the shim was not ready within 10s")))
        }
        let watch = ShimWatch(pid, reactor) { [said] fault in said.resolve(.failure(fault)) }
        let result = await Job.wait(on: .shim) { await said.value() }
        reactor.cancel(timer)
        watch.end()
        reactor.unregister(token)
        let text = try result.get()
        if text != "R" { throw .system("the shim could not start: \(text.isEmpty ? "it ended without a word" : text)") }
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        do throws(SystemError) {
            switch try reading.read(into: &buffer) {
            case .bytes(let count): said.resolve(.success(String(decoding: buffer[..<count], as: UTF8.self)))
            case .endOfFile: said.resolve(.success(""))
            case .wouldBlock: break
            }
        } catch { said.resolve(.failure(EngineError(error))) }
    }
}
