internal import NIOCore

/// Bytes of an answer in pieces, read no faster than they are taken. Can be iterated once; dropping it closes the
/// connection.
public struct ByteStream: AsyncSequence, Sendable {
    typealias Producer = NIOThrowingAsyncSequenceProducer<
        [UInt8], any Error, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, StreamDelegate
    >

    let producer: Producer

    public struct AsyncIterator: AsyncIteratorProtocol {
        var base: Producer.AsyncIterator

        /// The next piece; nil at the end. `ClientError` when the connection breaks or a deadline passes.
        public mutating func next() async throws -> [UInt8]? { try await base.next(isolation: #isolation) }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: producer.makeAsyncIterator()) }

    /// Everything that is left.
    /// - Throws: `ClientError.malformed` beyond `limit` bytes.
    public func collect(limit: Int, call: String) async throws -> [UInt8] {
        var all: [UInt8] = []
        for try await piece in self {
            all += piece
            guard all.count <= limit else {
                throw ClientError.malformed(call: call, reason: "more than \(limit) bytes")
            }
        }
        return all
    }
}

/// Carries the reader's wishes to the event loop.
struct StreamDelegate: NIOAsyncSequenceProducerDelegate {
    let loop: any EventLoop
    let more: NIOLoopBoundBox<(() -> Void)?>
    let ended: NIOLoopBoundBox<(() -> Void)?>

    func produceMore() { loop.execute { more.value?() } }
    func didTerminate() { loop.execute { ended.value?() } }
}

/// The writing end of a `ByteStream`; lives on the event loop.
struct StreamSource {
    private let source: ByteStream.Producer.Source
    private let delegate: StreamDelegate
    /// The reader is ahead: reads may go on.
    private(set) var wantsMore = true

    /// - Parameter more: called on the loop when the reader wants bytes again.
    /// - Parameter ended: called on the loop when the reader has left, also after a regular end.
    static func make(
        on loop: any EventLoop, more: @escaping () -> Void, ended: @escaping () -> Void
    ) -> (source: StreamSource, stream: ByteStream) {
        let delegate = StreamDelegate(
            loop: loop, more: NIOLoopBoundBox(more, eventLoop: loop), ended: NIOLoopBoundBox(ended, eventLoop: loop))
        let made = ByteStream.Producer.makeSequence(
            backPressureStrategy: .init(lowWatermark: 4, highWatermark: 16), finishOnDeinit: true, delegate: delegate)
        return (StreamSource(source: made.source, delegate: delegate), ByteStream(producer: made.sequence))
    }

    mutating func yield(_ bytes: [UInt8]) {
        switch source.yield(bytes) {
        case .produceMore: break
        case .stopProducing, .dropped: wantsMore = false
        }
    }

    mutating func resume() { wantsMore = true }

    func finish() {
        forget()
        source.finish()
    }

    func fail(_ error: any Error) {
        forget()
        source.finish(error)
    }

    // The closures hold the handler; it must not be told of what comes after.
    private func forget() {
        delegate.more.value = nil
        delegate.ended.value = nil
    }
}
