import Lifecycle
import Linux
import Synchronization

enum ShimProcess {
    /// Starts `quell-shim` and returns once it serves its socket. `.timedOut` after ten seconds; else its own words.
    static func start(_ core: EngineCore, _ id: String) async throws(EngineError) -> ChildProcess {
        let (executable, paths, group) = (core.configuration.shimPath, core.paths.container(id), core.shimCgroup(id))
        let (process, ready) = try await Blocking.run { () throws(EngineError) in
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
        do throws(EngineError) { try await ready.wait(on: core.reactor) } catch {
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

    func wait(on reactor: Reactor) async throws(EngineError) {
        try attempt { () throws(SystemError) in try reading.setNonBlocking() }
        let token = reactor.register(reading.raw, .readable) { [self] _ in read() }
        let timer = reactor.after(.seconds(10)) { [said] in
            said.resolve(.failure(.timedOut("the shim was not ready within 10s")))
        }
        let result = await Job.wait(on: .shim) { await said.value() }
        reactor.cancel(timer)
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
