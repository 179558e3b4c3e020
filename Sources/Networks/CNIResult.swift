import FoundationEssentials

/// What a plugin says it has done, or why it has not.
public struct CNIResult: Codable, Hashable, Sendable {
    public struct Interface: Codable, Hashable, Sendable {
        public var name: String
        public var mac: String?
        /// The network namespace it is in; nil or empty: the host's.
        public var sandbox: String?
    }
    public struct Address: Codable, Hashable, Sendable {
        /// Of `interfaces`.
        public var interface: Int?
        /// With the length of its subnet.
        public var address: String
        public var gateway: String?
    }
    public struct Route: Codable, Hashable, Sendable {
        public var dst: String
        public var gw: String?
    }

    public var cniVersion: String
    public var interfaces: [Interface]?
    public var ips: [Address]?
    public var routes: [Route]?

    public init(reading bytes: [UInt8]) throws { self = try JSONDecoder().decode(CNIResult.self, from: Data(bytes)) }

    /// That of the container.
    public var macAddress: String? { interfaces?.last { !($0.sandbox ?? "").isEmpty }?.mac }

    /// The container's, in the order in which they were given.
    public var addresses: [(address: IPAddress, subnet: Subnet, gateway: IPAddress?)] {
        (ips ?? []).compactMap { given in
            guard let address = given.address.split(separator: "/").first.flatMap({ IPAddress(parsing: $0) }),
                let subnet = Subnet(parsing: given.address)
            else { return nil }
            return (address, subnet, given.gateway.flatMap { IPAddress(parsing: $0) })
        }
    }
}

/// A plugin's error, which it writes to its standard output.
public struct CNIFault: Decodable, Hashable, Sendable {
    public var code: Int
    public var msg: String
    public var details: String?

    /// Nil where it is none.
    public init?(reading bytes: [UInt8]) {
        // A plugin that breaks down says something else, which the caller shows as it is.
        guard let fault = try? JSONDecoder().decode(CNIFault.self, from: Data(bytes)) else { return nil }
        self = fault
    }
}
