internal import Lifecycle
internal import Linux

/// Our ends of one process's standard streams: the terminal's leader, or sockets that pumps connect with its pipes.
///
/// The pipes themselves are never touched here (see `Pump`).
final class ProcessStreams {
    let target: StreamTarget
    /// A socket or the terminal's leader; nil at the end of file.
    private var output: OwnedDescriptor?
    private var error: OwnedDescriptor?
    private var input: OwnedDescriptor?
    private(set) var isTerminal = false
    private let log: Writer?
    private var incoming = ByteQueue()
    private var closesInput = false
    private var size: WindowSize?
    /// The process has been started: until then nothing is read, and what is to be written waits.
    private(set) var isOpen = false
    private(set) var isFinished = false
    /// Since when the process is over and its last output is awaited.
    private var drain: Drain?
    var attached: [Connection] = []

    static let inputLimit = 256 << 10

    init(_ target: StreamTarget, log: Writer?) { (self.target, self.log) = (target, log) }

    func connect(output: consuming OwnedDescriptor, error: consuming OwnedDescriptor) {
        self.output = consume output
        self.error = consume error
    }

    func connect(input: consuming OwnedDescriptor) { self.input = consume input }

    func connect(terminal: consuming OwnedDescriptor) {
        isTerminal = true
        output = consume terminal
        if let size { resize(size) }
    }

    func open() {
        isOpen = true
        flushInput()
    }

    func resize(_ size: WindowSize) {
        self.size = size
        guard isTerminal, let raw = output?.raw else { return }
        do throws(SystemError) { try Terminal.setWindowSize(size, of: raw) } catch {
            // The terminal is gone: nobody is left to be told its size.
        }
    }

    // MARK: What the poll loop waits for

    /// A reader of ours, or the log, is too far behind: the process waits for it, as it would on a full pipe.
    private func isHeldBack(at now: Instant) -> Bool {
        drain == nil && (attached.contains(where: \.isBehind) || log?.holdsBack(at: now) == true)
    }

    /// Descriptors to read from now.
    func readable(at now: Instant) -> [(raw: Int32, stream: OutputStream)] {
        guard isOpen && !isHeldBack(at: now) else { return [] }
        var list: [(raw: Int32, stream: OutputStream)] = []
        if let raw = output?.raw { list.append((raw, .output)) }
        if let raw = error?.raw { list.append((raw, .error)) }
        return list
    }

    /// The descriptor to write to, while there is something to write.
    var writable: Int32? {
        guard isOpen, !incoming.isEmpty else { return nil }
        return isTerminal ? output?.raw : input?.raw
    }

    var takesInput: Bool { incoming.count < Self.inputLimit }
    private var hasOutput: Bool { output != nil || error != nil }

    // MARK: Output

    /// Reads once from the stream's descriptor. Returns false when it had nothing.
    func read(_ stream: OutputStream, into buffer: inout [UInt8]) -> Bool {
        do throws(SystemError) {
            let result =
                stream == .output ? try output?.read(into: &buffer) : try error?.read(into: &buffer)
            switch result {
            case .bytes(let count):
                deliver(buffer[..<count], stream)
                drain?.quietUntil = MonotonicClock.now() + Drain.quiet
            case .endOfFile: close(stream)
            case .wouldBlock, nil: return false
            }
        } catch {
            // EIO: the last process has left the terminal.
            close(stream)
        }
        return true
    }

    private func close(_ stream: OutputStream) {
        switch stream {
        case .output: output = nil
        case .error: error = nil
        }
    }

    /// To the log and to whoever is attached. What nobody takes is gone: a process never waits for a reader that is not there.
    private func deliver(_ bytes: ArraySlice<UInt8>, _ stream: OutputStream) {
        log?.write(bytes, stream: stream)
        let takers = attached.filter {
            stream == .output ? $0.attachment?.output == true : $0.attachment?.error == true
        }
        for taker in takers { taker.send(.event(.output(stream, Array(bytes)))) }
    }

    func attach(_ connection: Connection) {
        attached.append(connection)
        if isFinished { end(connection) }
    }

    /// The process is over: what it left in its pipes is still to come. Clients that read slowly no longer hold it back.
    func beginDraining(at now: Instant) {
        guard drain == nil else { return }
        drain = Drain(quietUntil: now + Drain.quiet, end: now + Drain.limit)
    }

    /// When draining ends though the streams are open: somebody outside the container may hold them. Nil: not draining.
    var drainDeadline: Instant? { isOpen && hasOutput ? drain.map { min($0.quietUntil, $0.end) } : nil }

    /// All output there will ever be has been taken. Silence counts once the pumps sleep: on a busy host they may have had no
    /// processor yet, with output still in their pipes.
    func isDrained(at now: Instant, into buffer: inout [UInt8]) -> Bool {
        guard isOpen && hasOutput else { return true }
        guard let drain, now >= min(drain.quietUntil, drain.end) else { return false }
        if now < drain.end, !Pump.allSleep() {
            self.drain?.quietUntil = now + Drain.quiet
            return false
        }
        // What they moved just before.
        let (output, error) = (read(.output, into: &buffer), read(.error, into: &buffer))
        return now >= drain.end || !(output || error) || !hasOutput
    }

    /// Closes our ends.
    func finish() {
        guard !isFinished else { return }
        isFinished = true
        output = nil
        error = nil
        input = nil
    }

    /// Tells the attached clients that no more will come.
    func endAttachments() {
        for connection in attached { end(connection) }
    }

    private func end(_ connection: Connection) {
        connection.send(.event(.outputEnd))
        connection.isEnding = true
    }

    // MARK: Input

    func take(_ bytes: [UInt8]) {
        guard !closesInput, !isOpen || isTerminal || input != nil else { return }
        incoming.append(bytes)
        flushInput()
    }

    /// The client's end of file: the process sees it after what was sent before.
    func closeInput() {
        guard !isTerminal else { return }
        closesInput = true
        flushInput()
    }

    func flushInput() {
        guard isOpen else { return }
        while !incoming.isEmpty {
            do throws(SystemError) {
                let result =
                    isTerminal
                    ? try output?.write(incoming.bytes, from: incoming.start)
                    : try input?.write(incoming.bytes, from: incoming.start)
                switch result {
                case .written(let count): incoming.drop(count)
                case .wouldBlock: return
                case nil: incoming = ByteQueue()
                }
            } catch {
                // Nobody reads any more.
                incoming = ByteQueue()
                input = nil
            }
        }
        if closesInput { input = nil }
    }
}

extension ProcessStreams {
    /// The end of output is known by the end of file; where somebody else keeps a stream open, by silence.
    struct Drain {
        var quietUntil: Instant
        let end: Instant
        static let quiet = Duration.milliseconds(100)
        static let limit = Duration.seconds(5)
    }
}
