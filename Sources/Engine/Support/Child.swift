import Lifecycle
import Linux
import Synchronization

/// Small programs whose output is wanted, run as disposable children. No thread waits for one: what hangs in the kernel
/// is left behind as a process of its own, which keeps no lock and no descriptor of the engine.
enum Child {
    /// Its standard output and standard error, when it has ended well. `.timedOut` after the limit: it is killed, and not
    /// waited for. A failure gives its own words, as `.invalid`.
    static func output(
        _ executable: String, _ arguments: [String], within limit: Duration, limit bytes: Int, _ core: EngineCore
    ) async throws(EngineError) -> String {
        let name = executable.split(separator: "/").last.map(String.init) ?? executable
        let result = try await run(executable, arguments, for: name, within: limit, limit: bytes, core)
        guard result.status?.isSuccess == true else { throw .invalid(result.text.trimmingWhitespace) }
        return result.text
    }

    struct Result: Sendable {
        var text: String
        /// Nil when it could not be known.
        var status: ExitStatus?
    }

    /// Runs it to its end, whatever that is. `what` is said where it takes too long; `left` gets one that was killed for
    /// that and may never end.
    ///
    /// `input` is there for it to read, from a file in memory; nil: nothing is. `holding`: a file whose lock it and its own
    /// children share as long as one of them lives, whatever becomes of the engine.
    static func run(
        _ executable: String, _ arguments: [String], environment: [String] = [], input: [UInt8]? = nil,
        holding lock: String? = nil, for what: String, within limit: Duration, limit bytes: Int,
        _ core: EngineCore, left: (ChildProcess) -> Void = { _ in }
    ) async throws(EngineError) -> Result {
        let (gate, reactor) = (core.children, core.reactor)
        guard let place = await gate.enter(within: limit) else {
            throw .timedOut("\(what): \(gate.limit) earlier helper processes have not come back")
        }
        let pipe = try attempt { () throws(SystemError) in try PipeEnds() }
        let child = try await Blocking.run("starting \(executable)", within: limit, on: reactor, .children) {
            () throws(EngineError) in
            try attempt("run \(executable)") { () throws(SystemError) in
                var request = SpawnRequest(executable, arguments, environment: environment)
                let input = try standardInput(input)
                guard let lock else {
                    return ChildProcess(try start(&request, input, writing: try pipe.takeWriting()), reactor, in: place)
                }
                guard let held = try FileLock(sharing: lock) else { throw SystemError("flock", lock, errno: 11) }
                let more = [held.mapping(to: 3)]
                return ChildProcess(
                    try start(&request, input, more, writing: try pipe.takeWriting()), reactor, in: place)
            }
        }
        let reader = PipeReader(try attempt { () throws(SystemError) in try pipe.takeReading() }, reactor)
        do throws(EngineError) {
            return try await result(of: child, reader, what, within: limit, limit: bytes, reactor)
        } catch {
            child.kill()
            left(child)
            throw error
        }
    }

    private static func standardInput(_ bytes: [UInt8]?) throws(SystemError) -> OwnedDescriptor {
        guard let bytes else { return try File.open("/dev/null", .readWrite) }
        let file = try OwnedDescriptor.memoryFile("quell-input")
        try file.writeAll(bytes)
        try file.seek(to: 0)
        return file
    }

    private static func start(
        _ request: inout SpawnRequest, _ input: borrowing OwnedDescriptor, _ more: [DescriptorMapping] = [],
        writing: consuming OwnedDescriptor
    ) throws(SystemError) -> SpawnedProcess {
        request.descriptors =
            [
                DescriptorMapping(0, from: input.raw), DescriptorMapping(1, from: writing.raw),
                DescriptorMapping(2, from: writing.raw),
            ] + more
        return try Spawn.start(request)
    }

    private static func result(
        of child: ChildProcess, _ reader: PipeReader, _ what: String, within limit: Duration, limit bytes: Int,
        _ reactor: Reactor
    ) async throws(EngineError) -> Result {
        let outcome = Promise<Swift.Result<Result, EngineError>>()
        let timer = reactor.after(limit) {
            outcome.resolve(.failure(.timedOut("\(what) took longer than \(limit.shortText)")))
        }
        Task {
            do throws(EngineError) {
                let text = try await read(reader, limit: bytes)
                outcome.resolve(.success(Result(text: text, status: await child.ended.value())))
            } catch { outcome.resolve(.failure(error)) }
        }
        let result = await Job.waitUnlessSaid(on: .helper) { await outcome.value() }
        reactor.cancel(timer)
        reader.close()
        return try result.get()
    }

    private static func read(_ reader: PipeReader, limit: Int) async throws(EngineError) -> String {
        var bytes: [UInt8] = []
        while let piece = try await reader.next() {
            bytes += piece
            if bytes.count > limit { throw .system("a helper process said more than \(limit) bytes") }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
