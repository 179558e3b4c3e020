internal import CLinux

/// Network namespaces that are held by a file, and what an engine does to devices itself.
public enum NetworkNamespace {
    /// A new one whose loopback is up, mounted on a file, which is made. It lives as long as the mount, or anything in it.
    public static func make(at path: String) throws(SystemError) {
        _ = try File.open(path, [.writeOnly, .create], mode: 0o600)
        // SAFETY: the string lives through the call.
        try check(unsafe clinux_network_namespace(path), "make a network namespace", path)
    }

    /// Nothing there is fine.
    public static func remove(at path: String) throws(SystemError) {
        do throws(SystemError) { try Mount.unmount(path, lazily: true) } catch {
            // Not mounted, or not there.
            guard error.errno == 22 || error.isNotFound else { throw error }
        }
        do throws(SystemError) { try File.unlink(path) } catch { if !error.isNotFound { throw error } }
    }

    /// A bridge goes with its addresses and routes. None of that name is fine.
    public static func removeBridge(_ device: String) throws(SystemError) {
        // SAFETY: the string lives through the call.
        do throws(SystemError) { try check(unsafe clinux_remove_bridge(device), "remove bridge", device) } catch {
            // ENODEV
            if error.errno != 19 { throw error }
        }
    }
}

/// A port of the host that is kept from everybody else, by a socket that is bound and never used.
public struct HeldPort: ~Copyable, Sendable {
    public enum Transport: Sendable { case tcp, udp, sctp }

    public let number: UInt16
    private let socket: OwnedDescriptor

    /// The address's 4 or 16 bytes; port 0: one that is free. EADDRINUSE: somebody has it.
    public init(_ address: [UInt8], port: UInt16, _ transport: Transport) throws(SystemError) {
        let (type, number): (Int32, Int32) =
            switch transport {
            case .tcp: (1, 6)
            case .udp: (2, 17)
            case .sctp: (1, 132)
            }
        // SAFETY: the array lives through the call, and has the bytes that are read.
        let raw = unsafe clinux_hold_port(address, address.count == 16, port, type, number)
        let bound = OwnedDescriptor(adopting: try check(raw, "bind", "port \(port)"))
        self.number = UInt16(try check(clinux_socket_port(bound.raw), "getsockname"))
        socket = bound
    }
}
