internal import CLinux

/// A numeric address and a port to listen on. Names are not resolved.
public struct InternetAddress: Hashable, Sendable, CustomStringConvertible {
    public let address: String
    public let port: UInt16
    private let kind: AddressKind

    /// Nil where it is no numeric address. IPv6 comes without brackets.
    public init?(_ address: String, port: UInt16) {
        // SAFETY: the string lives through the call.
        let found = unsafe clinux_inet_kind(address)
        guard found != 0 else { return nil }
        (self.address, self.port, kind) = (address, port, AddressKind(rawValue: found))
    }

    /// Only processes of this host reach it (of the same network namespace).
    public var isLoopback: Bool { kind.isLoopback }

    public var description: String { kind.isIPv6 ? "[\(address)]:\(port)" : "\(address):\(port)" }
}

/// As `clinux_inet_kind` has it.
private struct AddressKind: Hashable, Sendable {
    let rawValue: Int32
    var isLoopback: Bool { rawValue & 0x100 != 0 }
    var isIPv6: Bool { rawValue & 0xff == 6 }
}

/// Listening TCP sockets. All are close-on-exec and non-blocking.
public enum InternetSocket {
    /// EADDRINUSE when the port is taken, EADDRNOTAVAIL when the address is not this host's.
    public static func listen(on address: InternetAddress, backlog: Int32 = 512) throws(SystemError) -> OwnedDescriptor
    {
        // SAFETY: the string lives through the call.
        let result = unsafe clinux_inet_listen(address.address, address.port, backlog)
        return OwnedDescriptor(adopting: try check(result, "listen on", address.description))
    }
}

/// A listening socket that somebody else made and left to this process (systemd's socket activation).
public struct PassedListener: ~Copyable {
    public enum Kind: Hashable, Sendable {
        case unix
        case internet(port: UInt16, isLoopback: Bool)
    }

    public let kind: Kind
    private let descriptor: OwnedDescriptor

    /// Takes the descriptor over. EINVAL where it is no socket that listens for streams.
    public init(adopting raw: Int32) throws(SystemError) {
        var port: UInt16 = 0
        // SAFETY: an integer on the stack, written before the call returns.
        let found = try check(unsafe clinux_adopt_listener(raw, &port), "take over", "descriptor \(raw)")
        let address = AddressKind(rawValue: found)
        kind = found == 1 ? .unix : .internet(port: port, isLoopback: address.isLoopback)
        descriptor = OwnedDescriptor(adopting: raw)
    }
    /// The socket, for its new owner.
    public consuming func takeDescriptor() -> OwnedDescriptor { descriptor }
}
