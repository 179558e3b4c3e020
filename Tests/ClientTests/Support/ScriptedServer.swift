import Client
import Dispatch
import Lifecycle
import Linux
import Synchronization
import TestKit

/// A unix socket whose connections are played byte by byte, so that every cut, delay and half-close can be shown.
final class ScriptedServer: Sendable {
    let directory: TemporaryDirectory
    let path: String
    private let listener: OwnedDescriptor
    private let stop: Wakeup
    private let accepted = Mutex(0)
    private let done = DispatchGroup()
    private let faults = Mutex<[String]>([])

    /// - Parameter play: one connection each, from its beginning to its end.
    init(_ play: @escaping @Sendable (borrowing Peer) throws -> Void) throws {
        directory = try TemporaryDirectory("client")
        path = directory("s")
        listener = try UnixSocket.listen(at: path)
        stop = try Wakeup()
        let (listener, stop) = (listener.raw, stop.descriptor.raw)
        DispatchQueue(label: "server").async(group: done) { self.serve(listener, stop, play) }
    }

    /// Waits until every connection has been played to its end.
    func close() throws {
        try stop.wake()
        done.wait()
    }

    var connections: Int { accepted.withLock { $0 } }

    private func serve(_ listener: Int32, _ stop: Int32, _ play: @escaping @Sendable (borrowing Peer) throws -> Void) {
        while true {
            var set = PollSet()
            let listening = set.add(listener, .readable)
            let stopping = set.add(stop, .readable)
            guard (try? set.wait(until: nil)) != nil, set.found(at: stopping).isEmpty else { return }
            guard !set.found(at: listening).isEmpty, let socket = try? UnixSocket.accept(self.listener) else {
                continue
            }
            accepted.withLock { $0 += 1 }
            let raw = socket.release()
            DispatchQueue(label: "peer").async(group: done) {
                let peer = Peer(socket: OwnedDescriptor(adopting: raw))
                do { try play(peer) } catch { self.faults.withLock { $0.append("\(error)") } }
            }
        }
    }
}

/// One connection, seen from the server.
struct Peer: ~Copyable {
    let socket: OwnedDescriptor
    private static let patience = Duration.seconds(20)

    struct Silence: Error {}

    private func wait(_ events: PollEvents) throws {
        var set = PollSet()
        set.add(socket.raw, events)
        guard try set.wait(until: MonotonicClock.now() + Peer.patience) > 0 else { throw Silence() }
    }

    /// Some bytes; empty at the end.
    func receive() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            switch try socket.read(into: &buffer) {
            case .bytes(let count): return Array(buffer[..<count])
            case .endOfFile: return []
            case .wouldBlock: try wait(.readable)
            }
        }
    }

    /// Up to the empty line that ends the head, or `suffix`.
    func receive(upTo suffix: String = "\r\n\r\n") throws -> String {
        var text = ""
        while !text.contains(suffix) {
            let bytes = try receive()
            if bytes.isEmpty { return text }
            text += String(decoding: bytes, as: UTF8.self)
        }
        return text
    }

    func receiveAll() throws -> String {
        var all: [UInt8] = []
        while true {
            let bytes = try receive()
            if bytes.isEmpty { return String(decoding: all, as: UTF8.self) }
            all += bytes
        }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var start = 0
        while start < bytes.count {
            switch try UnixSocket.send(bytes, from: start, to: socket) {
            case .written(let count): start += count
            case .wouldBlock: try wait(.writable)
            }
        }
    }

    func finish() throws { try UnixSocket.shutDown(socket, .writing) }

    /// `HTTP/1.1 200 OK` with this body.
    func answer(_ body: String, status: String = "200 OK") throws {
        try send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// Answers each request of this connection by its head, until the client closes.
    func serve(_ answering: (String) -> (String, status: String)) throws {
        while case let head = try receive(upTo: "\r\n\r\n"), !head.isEmpty {
            let (body, status) = answering(head)
            try answer(body, status: status)
        }
    }

    func beginChunks(_ type: String = "application/json") throws {
        try send("HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nTransfer-Encoding: chunked\r\n\r\n")
    }

    func chunk(_ text: String) throws { try send(String(text.utf8.count, radix: 16) + "\r\n\(text)\r\n") }
}

/// Runs a client against a server that is played.
@discardableResult
func withServer<Value: Sendable>(
    _ play: @escaping @Sendable (borrowing Peer) throws -> Void,
    _ body: (QuellClient, ScriptedServer) async throws -> Value
) async throws -> Value {
    let server = try ScriptedServer(play)
    let client = QuellClient(try Endpoint(parsing: server.path))
    let result: Result<Value, any Error>
    do { result = .success(try await body(client, server)) } catch { result = .failure(error) }
    try await client.shutdown()
    try server.close()
    return try result.get()
}
