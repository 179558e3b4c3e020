/// A port of a container that is reached at the host.
public struct PortMapping: Codable, Hashable, Sendable {
    public enum Transport: String, Codable, Hashable, Sendable, CaseIterable { case tcp, udp, sctp }

    public var container: UInt16
    public var transport: Transport
    /// Nil: at all of the host's addresses of version 4.
    public var address: IPAddress?
    /// 0: one that is free.
    public var host: UInt16

    public init(container: UInt16, transport: Transport, address: IPAddress? = nil, host: UInt16 = 0) {
        (self.container, self.transport, self.address, self.host) = (container, transport, address, host)
    }

    /// `80/tcp`, `80`.
    public static func port(parsing text: String) throws(NetworkFault) -> (UInt16, Transport) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let number = number(parts[0]), number > 0,
            let transport = Transport(rawValue: parts.count == 2 ? parts[1].lowercased() : "tcp")
        else { throw NetworkFault("invalid port \"\(text)\": expected one such as 80, 80/tcp or 53/udp") }
        return (number, transport)
    }

    /// What a client asks for: a container's port, and an address and a port (or a range of them) of the host, either of which
    /// may be empty. A range means any of it.
    public static func mapping(
        _ port: String, address: String, hostPort: String
    ) throws(NetworkFault) -> (mapping: PortMapping, choices: ClosedRange<UInt16>?) {
        let (container, transport) = try PortMapping.port(parsing: port)
        var mapping = PortMapping(container: container, transport: transport)
        if !address.isEmpty {
            guard let parsed = IPAddress(parsing: address) else {
                throw NetworkFault("invalid IP address \"\(address)\" for port \(port)")
            }
            mapping.address = parsed.isUnspecified && parsed.family == .v4 ? nil : parsed
        }
        if hostPort.isEmpty { return (mapping, nil) }
        let ends = hostPort.split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(ends.count), let first = number(ends[0]), let last = number(ends[ends.count - 1]),
            first <= last
        else { throw NetworkFault("invalid host port \"\(hostPort)\": expected one such as 8080, or 8000-8010") }
        mapping.host = first
        return (mapping, first == last ? nil : first...last)
    }

    private static func number(_ text: some StringProtocol) -> UInt16? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt16(text) : nil
    }

    /// Both would be at the same address and port of the host.
    public func collides(with other: PortMapping) -> Bool {
        guard host == other.host, transport == other.transport else { return false }
        guard let address, let otherAddress = other.address else {
            // All of version 4 and one of version 6 do not meet.
            return (address ?? other.address).map { $0.family == .v4 } ?? true
        }
        return address == otherAddress
    }
}

extension PortMapping: CustomStringConvertible {
    public var description: String { "\(address.map { "\($0)" } ?? "0.0.0.0"):\(host)->\(container)/\(transport)" }
}
