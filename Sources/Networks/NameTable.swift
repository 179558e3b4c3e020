/// What a network's name server answers, in aardvark-dns' form: a file for each network.
public struct NameTable: Hashable, Sendable {
    public struct Member: Hashable, Sendable {
        /// The container's id.
        public var id: String
        public var addresses: [IPAddress]
        public var names: [String]
        /// Asked instead of the host's for what is no name of a container.
        public var servers: [IPAddress]

        public init(id: String, addresses: [IPAddress], names: [String], servers: [IPAddress]) {
            (self.id, self.addresses, self.names, self.servers) = (id, addresses, names, servers)
        }
    }

    private let gateways: [IPAddress]
    private let members: [Member]

    public init(_ network: NetworkDefinition, members: [Member]) {
        gateways = network.pools.map(\.gateway)
        self.members = members.sorted { $0.id < $1.id }
    }

    /// The first line is where the server listens.
    public var text: String {
        let lines = members.map { member in
            let (v4, v6) = (member.addresses.filter { $0.family == .v4 }, member.addresses.filter { $0.family == .v6 })
            var fields = [member.id, NameTable.list(v4), NameTable.list(v6), member.names.joined(separator: ",")]
            if !member.servers.isEmpty { fields.append(NameTable.list(member.servers)) }
            return fields.joined(separator: " ")
        }
        return ([NameTable.list(gateways)] + lines).map { $0 + "\n" }.joined()
    }

    private static func list(_ addresses: [IPAddress]) -> String { addresses.map(\.description).joined(separator: ",") }
}
