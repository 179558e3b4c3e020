import APITypes
import Lifecycle
import Linux

/// What a client that attaches wants.
public struct AttachOptions: Sendable {
    public var stdin = false
    public var stdout = false
    public var stderr = false
    /// What was logged so far comes first.
    public var logs = false
    /// Stay for what comes; otherwise the output ends after the logs.
    public var stream = true
    public init() {}
}

/// An attach, with the log before it where that is wanted.
struct Attaching {
    private let container: Container
    private let options: AttachOptions

    init(_ container: Container, _ options: AttachOptions) { (self.container, self.options) = (container, options) }

    func attachment() async throws(EngineError) -> Attachment {
        guard options.stream || options.logs else { return pastOnly(OutputReader { () throws(EngineError) in nil }) }
        guard options.logs else { return attachment(to: try await container.attach(options)) }
        try LogReader.checkReadable(container)
        guard options.stream else { return pastOnly(try await LogReader.open(container, logOptions).output) }
        let path = container.paths.log
        let held = try await Blocking.run(.logs) { () throws(EngineError) in
            try attempt("read the log") { () throws(SystemError) in try OpenLog.all(path, bounded: false) }
        }
        let stream = try await container.attach(options)
        do throws(EngineError) {
            return attachment(to: stream, after: try await past(before: stream, held))
        } catch {
            stream.detach()
            throw error
        }
    }

    private func pastOnly(_ output: OutputReader) -> Attachment {
        Attachment(
            isTerminal: isTerminal, output: output, send: { (_) throws(EngineError) in },
            endInput: { () throws(EngineError) in })
    }

    private var isTerminal: Bool { container.snapshot.document.config.tty }

    private var logOptions: LogOptions {
        var log = LogOptions()
        (log.stdout, log.stderr) = (options.stdout, options.stderr)
        return log
    }

    /// Everything that was printed before the stream began: what is in the log, and the lines begun.
    private func past(before stream: AttachedStream, _ held: [OpenLog]) async throws(EngineError) -> OutputReader {
        // Opened before it is looked where the stream begins: of one that is not connected even then, the log has nothing.
        let whole = try await LogReader.open(container, logOptions).output
        guard case .at(let position) = stream.join else { return whole }
        whole.close()
        let log = try await LogReader.open(container, logOptions, past: LogPast(held: held, position: position)).output
        let begun = OutputQueue()
        if options.stdout, !position.output.isEmpty { begun.put(OutputChunk(stream: .output, bytes: position.output)) }
        if options.stderr, !position.error.isEmpty { begun.put(OutputChunk(stream: .error, bytes: position.error)) }
        begun.end()
        return OutputReader { () throws(EngineError) in
            if let chunk = try await log.next() { return chunk }
            return await begun.next()
        } cancel: {
            log.close()
        }
    }

    private func attachment(to stream: AttachedStream, after past: OutputReader? = nil) -> Attachment {
        let live = stream.attachment(isTerminal: isTerminal).whenDetachedByKeys { [container] in
            await container.post("detach")
        }
        guard let past else { return live }
        let output = OutputReader { () throws(EngineError) in
            if let chunk = try await past.next() { return chunk }
            return try await live.output.next()
        } cancel: {
            past.close()
            live.output.close()
        }
        return Attachment(
            isTerminal: isTerminal, output: output, send: live.send, endInput: live.endInput,
            noteDetach: live.noteDetach)
    }
}
