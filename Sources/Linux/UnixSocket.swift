internal import CLinux

/// Who sits at the other end of a unix socket, as the kernel saw it when the connection was made.
public struct PeerCredentials: Hashable, Sendable {
    public let pid: Int32
    public let uid: UInt32
    public let gid: UInt32
}

/// Stream sockets of the unix domain. Paths may be longer than the 107 bytes of sun_path. All are close-on-exec.
public enum UnixSocket {
    /// Binds and listens; non-blocking. The file gets `mode` before anybody can connect. EADDRINUSE when the path is taken.
    public static func listen(
        at path: String, mode: UInt32 = 0o600, backlog: Int32 = 128
    ) throws(SystemError) -> OwnedDescriptor {
        // SAFETY: the string lives through the call.
        OwnedDescriptor(adopting: try check(unsafe clinux_unix_listen(path, mode, backlog), "listen at", path))
    }

    /// Connects; blocking afterwards. Waits while the listener's backlog is full.
    public static func connect(to path: String) throws(SystemError) -> OwnedDescriptor {
        let result = try checkRetrying("connect to", path) {
            // SAFETY: the string lives through the call.
            unsafe clinux_unix_connect(path, false)
        }
        return OwnedDescriptor(adopting: result)
    }

    /// Connects without waiting; non-blocking afterwards. EAGAIN when the listener's backlog is full.
    public static func connectNonBlocking(to path: String) throws(SystemError) -> OwnedDescriptor {
        // SAFETY: the string lives through the call.
        OwnedDescriptor(adopting: try check(unsafe clinux_unix_connect(path, true), "connect to", path))
    }

    /// The next connection, non-blocking; nil when none waits. One that was given up meanwhile is passed over.
    public static func accept(_ listener: borrowing OwnedDescriptor) throws(SystemError) -> OwnedDescriptor? {
        let raw = listener.raw
        while true {
            let result = clinux_accept(raw)
            if result == -CLinux.EINTR || result == -CLinux.ECONNABORTED { continue }
            if result == -CLinux.EAGAIN { return nil }
            return OwnedDescriptor(adopting: try check(result, "accept4", "descriptor \(raw)"))
        }
    }

    public static func peer(of socket: borrowing OwnedDescriptor) throws(SystemError) -> PeerCredentials {
        try peer(ofRaw: socket.raw)
    }

    /// Of a socket that somebody else owns, and keeps open meanwhile.
    public static func peer(ofRaw raw: Int32) throws(SystemError) -> PeerCredentials {
        var (pid, uid, gid): (Int32, UInt32, UInt32) = (0, 0, 0)
        // SAFETY: three integers on the stack, written before the call returns.
        try check(unsafe clinux_peer(raw, &pid, &uid, &gid), "getsockopt SO_PEERCRED")
        return PeerCredentials(pid: pid, uid: uid, gid: gid)
    }

    /// send(2) without SIGPIPE: EPIPE when the peer is gone.
    public static func send(
        _ bytes: [UInt8], from start: Int = 0, to socket: borrowing OwnedDescriptor
    ) throws(SystemError) -> WriteResult {
        precondition(start <= bytes.count, "start lies beyond the bytes")
        let raw = socket.raw
        let count = bytes.count - start
        while true {
            // SAFETY: start + count is the array's count; the pointer is used within the closure.
            let result = unsafe bytes.withUnsafeBytes { whole in
                unsafe clinux_send(raw, whole.baseAddress.map { unsafe $0 + start }, count)
            }
            if result >= 0 { return .written(result) }
            if result == -Int(CLinux.EINTR) { continue }
            if result == -Int(CLinux.EAGAIN) { return .wouldBlock }
            throw SystemError("send", "descriptor \(raw)", errno: Int32(-result))
        }
    }

    public enum Half: Int32, Sendable { case reading = 0, writing = 1, both = 2 }

    public static func shutDown(_ socket: borrowing OwnedDescriptor, _ half: Half) throws(SystemError) {
        try check(clinux_shutdown(socket.raw, half.rawValue), "shutdown")
    }
}

/// Two connected stream sockets.
@frozen
public struct SocketPair: ~Copyable {
    public var first: OwnedDescriptor
    public var second: OwnedDescriptor

    public init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        // SAFETY: two elements, as socketpair writes.
        try check(unsafe clinux_unix_pair(&ends), "socketpair")
        first = OwnedDescriptor(adopting: ends[0])
        second = OwnedDescriptor(adopting: ends[1])
    }
}

/// Bytes and descriptors that came over a unix socket. Descriptors nobody takes are closed.
public struct ReceivedMessage: ~Copyable, Sendable {
    /// Empty at the end of the stream.
    public let bytes: [UInt8]
    private var pending: [Int32]

    init(bytes: [UInt8], descriptors: [Int32]) {
        self.bytes = bytes
        pending = descriptors
    }

    deinit { for raw in pending { _ = clinux_close(raw) } }

    public var descriptorCount: Int { pending.count }

    /// The next descriptor in the sender's order; nil when all are taken.
    public mutating func takeDescriptor() -> OwnedDescriptor? {
        pending.isEmpty ? nil : OwnedDescriptor(adopting: pending.removeFirst())
    }
}

extension UnixSocket {
    /// Sends the bytes (at least one) together with duplicates of the descriptors. EAGAIN is thrown.
    public static func sendRights(
        _ descriptors: [Int32], with bytes: [UInt8], to socket: borrowing OwnedDescriptor
    ) throws(SystemError) {
        precondition(!bytes.isEmpty, "descriptors travel with at least one byte")
        let raw = socket.raw
        let sent = try checkRetrying("sendmsg", "descriptor \(raw)") {
            // SAFETY: both arrays live through the call, and their counts are passed.
            unsafe clinux_send_rights(raw, bytes, bytes.count, descriptors, descriptors.count)
        }
        if sent < bytes.count {
            throw SystemError("sendmsg", "descriptor \(raw)", errno: CLinux.EMSGSIZE)
        }
    }

    /// One message; nil when a non-blocking socket has none now. EMSGSIZE when more than `maximum` descriptors came.
    public static func receiveRights(
        limit: Int, maximum: Int = 16, from socket: borrowing OwnedDescriptor
    ) throws(SystemError) -> ReceivedMessage? {
        var bytes = [UInt8](repeating: 0, count: limit)
        var descriptors = [Int32](repeating: -1, count: maximum)
        let raw = socket.raw
        while true {
            var count = maximum
            // SAFETY: both arrays live through the call, and their counts are passed.
            let result = unsafe clinux_receive_rights(raw, &bytes, limit, &descriptors, &count)
            if result == -Int(CLinux.EINTR) { continue }
            if result == -Int(CLinux.EAGAIN) { return nil }
            let length = try check(result, "recvmsg", "descriptor \(raw)")
            return ReceivedMessage(bytes: Array(bytes[..<length]), descriptors: Array(descriptors[..<count]))
        }
    }
}
