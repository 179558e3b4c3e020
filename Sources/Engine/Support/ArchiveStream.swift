import Images
import Linux
import Synchronization

/// Pipes between the streams of the API and the helpers that pack and unpack.
enum ArchiveStream {
    /// What a producer writes into a pipe, as a stream; a fault of the producer is thrown at the end.
    static func make(
        _ core: EngineCore,
        _ produce: @escaping @Sendable (consuming OwnedDescriptor) async throws(ImageError) -> Void,
        after: @escaping @Sendable () async -> Void
    ) throws(EngineError) -> ByteStream {
        let pipe = try attempt { () throws(SystemError) in try PipeEnds() }
        let source = PipeReader(try attempt { () throws(SystemError) in try pipe.takeReading() }, core.reactor)
        let outcome = Promise<EngineError?>()
        Task {
            do {
                try await produce(try pipe.takeWriting())
                outcome.resolve(nil)
            } catch let error as ImageError { outcome.resolve(EngineError(error)) } catch {
                outcome.resolve(.system("\(error)"))
            }
            await after()
        }
        return ByteStream { () throws(EngineError) in
            if let bytes = try await source.next() { return bytes }
            if let error = await outcome.value() { throw error }
            return nil
        } cancel: {
            source.close()
        }
    }

    /// Writes a stream into a pipe that a consumer reads. The consumer's fault comes first.
    static func feed(
        _ core: EngineCore, _ source: ByteStream,
        _ consume: @escaping @Sendable (consuming OwnedDescriptor) async throws(ImageError) -> Void
    ) async throws(EngineError) {
        let pipe = try attempt { () throws(SystemError) in try PipeEnds() }
        let outcome = Promise<EngineError?>()
        Task {
            do {
                try await consume(try pipe.takeReading())
                outcome.resolve(nil)
            } catch let error as ImageError { outcome.resolve(EngineError(error)) } catch {
                outcome.resolve(.system("\(error)"))
            }
        }
        let writer = PipeWriter(try attempt { () throws(SystemError) in try pipe.takeWriting() }, core.reactor)
        var fault: EngineError?
        do throws(EngineError) {
            while let bytes = try await source.next() {
                guard try await writer.write(bytes) else { break }
            }
        } catch { fault = error }
        writer.close()
        if let error = await outcome.value() { throw error }
        if let fault { throw fault }
    }
}

/// The reading end of a pipe, waited for by the reactor.
final class PipeReader: Sendable {
    private let end: Mutex<OwnedDescriptor?>
    private let waiter = Mutex<Promise<Void>?>(nil)
    private let reactor: Reactor

    init(_ end: consuming OwnedDescriptor, _ reactor: Reactor) {
        self.end = Mutex(consume end)
        self.reactor = reactor
    }

    private enum Step: Sendable { case bytes([UInt8]), ended, wait(Int32) }

    func next() async throws(EngineError) -> [UInt8]? {
        while true {
            switch try read() {
            case .bytes(let bytes): return bytes
            case .ended: return nil
            case .wait(let raw):
                let ready = Promise<Void>()
                waiter.withLock { $0 = ready }
                // Closed in between: `read` tells.
                if end.withLock({ $0 == nil }) { continue }
                await reactor.ready(raw, .readable, ready)
            }
        }
    }

    private func read() throws(EngineError) -> Step {
        try end.withLock { (held) throws(EngineError) -> Step in
            do throws(SystemError) {
                let step = try held.borrow { (end) throws(SystemError) -> Step in
                    var buffer = [UInt8](repeating: 0, count: 65536)
                    try end.setNonBlocking()
                    switch try end.read(into: &buffer) {
                    case .bytes(let count): return .bytes(Array(buffer[..<count]))
                    case .endOfFile: return .ended
                    case .wouldBlock: return .wait(end.raw)
                    }
                }
                return step ?? .ended
            } catch { throw EngineError(error) }
        }
    }

    func close() {
        end.withLock { $0 = nil }
        waiter.withLock { $0 }?.resolve(())
    }
}

/// The writing end of a pipe, waited for by the reactor.
final class PipeWriter: Sendable {
    private let end: Mutex<OwnedDescriptor?>
    private let reactor: Reactor

    init(_ end: consuming OwnedDescriptor, _ reactor: Reactor) {
        self.end = Mutex(consume end)
        self.reactor = reactor
    }

    private enum Step: Sendable { case written(Int), closed, wait(Int32) }

    /// False when the reader is gone.
    func write(_ bytes: [UInt8]) async throws(EngineError) -> Bool {
        var start = 0
        while start < bytes.count {
            switch try step(bytes, start) {
            case .written(let count): start += count
            case .closed: return false
            case .wait(let raw): await reactor.ready(raw, .writable)
            }
        }
        return true
    }

    private func step(_ bytes: [UInt8], _ start: Int) throws(EngineError) -> Step {
        try end.withLock { (held) throws(EngineError) -> Step in
            do throws(SystemError) {
                let step = try held.borrow { (end) throws(SystemError) -> Step in
                    try end.setNonBlocking()
                    switch try end.write(bytes, from: start) {
                    case .written(let count): return .written(count)
                    case .wouldBlock: return .wait(end.raw)
                    }
                }
                return step ?? .closed
            } catch {
                if error.errno == 32 { return .closed }
                throw EngineError(error)
            }
        }
    }

    func close() { end.withLock { $0 = nil } }
}

extension Reactor {
    /// Suspends until the descriptor is ready once, or the promise is resolved by somebody else.
    func ready(_ raw: Int32, _ events: PollEvents, _ promise: Promise<Void> = Promise()) async {
        let token = register(raw, events) { _ in promise.resolve(()) }
        await promise.value()
        unregister(token)
    }
}
