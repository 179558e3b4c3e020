public import Lifecycle

/// Bytes of one output, in the order in which they were read.
public struct OutputChunk: Hashable, Sendable {
    public var stream: OutputStream
    public var bytes: [UInt8]
    /// Where `bytes` are several lines of a log: how long each of them is. Clients that take the frames of a multiplexed
    /// stream for lines (docker-py does) get a frame for each. Empty: one piece.
    public var lineLengths: [Int] = []

    public init(stream: OutputStream, bytes: [UInt8]) { (self.stream, self.bytes) = (stream, bytes) }

    /// Appends what a later chunk of the same stream has, as a line of its own.
    public mutating func append(line: OutputChunk) {
        if lineLengths.isEmpty { lineLengths = [bytes.count] }
        lineLengths.append(line.bytes.count)
        bytes += line.bytes
    }
}

/// Chunks pulled one by one: nothing is read ahead of `next`, so a slow reader slows the source. Drop it to end it.
public struct PulledStream<Element: Sendable>: Sendable {
    private let pull: @Sendable () async throws(EngineError) -> Element?
    private let cancel: @Sendable () -> Void

    /// `cancel` must make a `pull` that waits return nil.
    public init(
        pull: @escaping @Sendable () async throws(EngineError) -> Element?, cancel: @escaping @Sendable () -> Void = {}
    ) {
        (self.pull, self.cancel) = (pull, cancel)
    }

    /// The next element; nil at the end, and after `close`. One caller at a time.
    ///
    /// When the waiting task is cancelled, the stream is closed.
    public func next() async throws(EngineError) -> Element? {
        let result: Result<Element?, EngineError> = await withTaskCancellationHandler {
            do throws(EngineError) { return .success(try await pull()) } catch { return .failure(error) }
        } onCancel: {
            cancel()
        }
        return try result.get()
    }

    /// Ends the source; a `next` that waits returns nil.
    public func close() { cancel() }
}

public typealias ByteStream = PulledStream<[UInt8]>
public typealias OutputReader = PulledStream<OutputChunk>

/// A client's two-way connection to the main process or to an exec.
public struct Attachment: Sendable {
    /// The process has a terminal: one raw stream, no multiplexing.
    public let isTerminal: Bool
    /// Ends when the process has ended and its output is delivered, or after `detach`.
    public let output: OutputReader
    let send: @Sendable ([UInt8]) async throws(EngineError) -> Void
    let endInput: @Sendable () async throws(EngineError) -> Void
    /// Tells that the user has left by the keys for it.
    var noteDetach: @Sendable () async -> Void = {}

    /// Writes to standard input; waits while the process does not read.
    public func write(_ bytes: [UInt8]) async throws(EngineError) { try await send(bytes) }

    /// The client has closed its input.
    public func closeInput() async throws(EngineError) { try await endInput() }

    /// Leaves; the process goes on.
    public func detach() { output.close() }

    func whenDetachedByKeys(_ note: @escaping @Sendable () async -> Void) -> Attachment {
        var same = self
        same.noteDetach = note
        return same
    }

    /// The same at the user's own wish, which is an event of its own.
    public func detachByKeys() async {
        detach()
        await noteDetach()
    }
}
