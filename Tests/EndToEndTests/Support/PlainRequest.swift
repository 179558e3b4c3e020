import Lifecycle
import Linux
import TestKit

extension Daemon {
    /// One request without a body to the socket, as any program may send it. Returns status and body.
    func request(_ method: String, _ path: String) throws -> (status: Int, body: String) {
        let socket = try UnixSocket.connectNonBlocking(to: socket)
        let head = "\(method) \(path) HTTP/1.1\r\nHost: quell\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        try socket.setNonBlocking(false)
        try socket.writeAll(Array(head.utf8))
        let text = try PlainRequest.readToEnd(of: socket, within: Limit.command)
        guard let end = text.firstRange(of: "\r\n\r\n"), let status = Int(text.dropFirst(9).prefix(3)) else {
            throw TestFailure("\(method) \(path): no answer: \(text)")
        }
        return (status, String(text[end.upperBound...]))
    }
}

private enum PlainRequest {
    static func readToEnd(of socket: borrowing OwnedDescriptor, within limit: Duration) throws -> String {
        let deadline = MonotonicClock.now() + limit
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            var set = PollSet()
            set.add(socket.raw, .readable)
            guard try set.wait(until: deadline) > 0 else { throw TestFailure("no answer after \(limit.shortText)") }
            guard case .bytes(let count) = try socket.read(into: &buffer) else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
