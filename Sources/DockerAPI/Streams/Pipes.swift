import Images
import Linux
import Logging
import NIOCore
import NIOPosix

// Large bodies pass through pipes to and from threads that may block: a pipe holds 1 MiB, and whichever side is slower sets
// the pace.

extension Call {
    /// Runs `work` with the reading end of a pipe that the request body flows into. `work` may stop early.
    func withBodyAsPipe<Result: Sendable>(
        _ work: @escaping @Sendable (consuming OwnedDescriptor) async throws -> Result
    ) async throws -> Result {
        let (raw, writing) = try Pipe.large().released()
        let body = try await PipeWriter(adopting: writing, on: exchange.connection.channel.eventLoop)
        let worker = Task { try await work(OwnedDescriptor(adopting: raw)) }
        return try await withTaskCancellationHandler {
            if await !feed(body) { worker.cancel() }
            body.close()
            return try await worker.value
        } onCancel: {
            worker.cancel()
            body.close()
        }
    }

    /// Body to pipe, until the body ends or nobody reads the pipe any more. False when the client broke off: what came
    /// through is incomplete and must not be taken for the whole.
    private func feed(_ pipe: PipeWriter) async -> Bool {
        do {
            while let piece = try await exchange.nextBody() {
                guard await pipe.write(piece) else { return true }
            }
            return true
        } catch {
            exchange.logger.debug("request body broke off", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// Answers with what `work` writes into the pipe it gets. An error before the first byte is an ordinary answer.
    func answerFromPipe(
        _ contentType: String, _ work: @escaping @Sendable (consuming OwnedDescriptor) async throws -> Void
    ) async throws {
        let (reading, raw) = try Pipe.large().released()
        let channel = try await NIOPipeBootstrap(group: exchange.connection.channel.eventLoop)
            .takingOwnershipOfDescriptor(input: reading) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, Never>(wrappingChannelSynchronously: channel)
                }
            }
        let task = Task { try await work(OwnedDescriptor(adopting: raw)) }
        try await watched(alsoWhenStopping: false, leave: { task.cancel() }) {
            do {
                try await channel.executeThenClose { pieces in
                    for try await piece in pieces {
                        if exchange.isOpen { try await beginStream(contentType) }
                        try await exchange.write(piece)
                    }
                }
                try await task.value
            } catch {
                task.cancel()
                throw error
            }
        }
        if exchange.isOpen { try await beginStream(contentType) }
        try await exchange.endStream()
    }
}

extension Pipe {
    fileprivate static func large() throws(SystemError) -> Pipe {
        let pipe = try Pipe()
        pipe.enlarge()
        return pipe
    }

    /// The bare ends, each of which is adopted by somebody at once.
    fileprivate consuming func released() -> (reading: Int32, writing: Int32) {
        (reading.release(), writing.release())
    }
}

/// The writing end of a pipe.
private final class PipeWriter: Sendable {
    private let channel: any Channel

    init(adopting descriptor: Int32, on loop: any EventLoop) async throws {
        channel = try await NIOPipeBootstrap(group: loop)
            .takingOwnershipOfDescriptor(output: descriptor).get()
    }

    /// Returns when the pipe has taken it all; false when nobody reads it any more.
    func write(_ bytes: ByteBuffer) async -> Bool {
        do {
            try await channel.writeAndFlush(bytes)
            return true
        } catch {
            return false
        }
    }

    func close() { channel.close(promise: nil) }
}
