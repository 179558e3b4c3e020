import Dispatch
import FoundationEssentials
import Glibc
import RegistryWire
import Synchronization

/// What quelld writes on standard input, line by line. At its end the process ends: nobody waits for it.
final class Caller: Sendable {
    private static let lineLimit = 64 << 20
    private struct State {
        var lines: [[UInt8]] = []
        var waiter: CheckedContinuation<[UInt8], Never>?
    }
    private let state = Mutex(State())

    /// Begins to read, on a thread of its own, which blocks as long as this process lives.
    init() {
        DispatchQueue(label: "caller").async { [self] in
            var line: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = unsafe buffer.withUnsafeMutableBytes { bytes in
                    // SAFETY: the buffer and its size.
                    unsafe read(0, bytes.baseAddress, bytes.count)
                }
                if count < 0, errno == EINTR { continue }
                // Not exit: what libraries would do then has no business here.
                guard count > 0, line.count < Caller.lineLimit else { _exit(3) }
                for byte in buffer[..<count] {
                    if byte == UInt8(ascii: "\n") {
                        give(line)
                        line = []
                    } else {
                        line.append(byte)
                    }
                }
            }
        }
    }

    /// The next line, decoded; nil: quelld did not write that.
    func next<Value: Decodable & Sendable>(_ type: Value.Type) async -> Value? {
        let line = await withCheckedContinuation { continuation in
            let line = state.withLock { state -> [UInt8]? in
                if !state.lines.isEmpty { return state.lines.removeFirst() }
                state.waiter = continuation
                return nil
            }
            if let line { continuation.resume(returning: line) }
        }
        // What cannot be read was not written by quelld; whoever asked says so.
        return try? JSONDecoder().decode(type, from: Data(line))
    }

    private func give(_ line: [UInt8]) {
        let waiter = state.withLock { state in
            let waiter = state.waiter.take()
            if waiter == nil { state.lines.append(line) }
            return waiter
        }
        waiter?.resume(returning: line)
    }
}

/// Standard output, to quelld: one event a line. Written from any thread.
final class EventPipe: Sendable {
    private let lock = Mutex(())

    func send(_ event: RegistryEvent) {
        let bytes: [UInt8]
        do { bytes = Array(try JSONEncoder().encode(event)) + [UInt8(ascii: "\n")] } catch {
            return complain("an event could not be written: \(error)")
        }
        lock.withLock { _ in write(bytes, to: 1) }
    }

    /// For people who start this program by hand, and for the daemon's log.
    func complain(_ text: String) { write(Array((text + "\n").utf8), to: 2) }

    private func write(_ bytes: [UInt8], to descriptor: Int32) {
        var start = 0
        while start < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { raw in
                // SAFETY: within the array.
                unsafe Glibc.write(descriptor, raw.baseAddress?.advanced(by: start), raw.count - start)
            }
            if count < 0, errno == EINTR { continue }
            // Nobody reads: quelld is gone, and so are we in a moment.
            guard count > 0 else { return }
            start += count
        }
    }
}
