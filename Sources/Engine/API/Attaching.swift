import APITypes
import Lifecycle

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
        let isTerminal = container.snapshot.document.config.tty
        var past: OutputReader?
        if options.logs {
            var log = LogOptions()
            (log.stdout, log.stderr) = (options.stdout, options.stderr)
            past = try await LogReader.open(container, log).output
        }
        guard options.stream else {
            let reader = past ?? OutputReader { () throws(EngineError) in nil }
            return Attachment(
                isTerminal: isTerminal, output: reader, send: { (_) throws(EngineError) in },
                endInput: { () throws(EngineError) in })
        }
        let live = try await container.attach(options).attachment(isTerminal: isTerminal).whenDetachedByKeys {
            [container] in await container.post("detach")
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
