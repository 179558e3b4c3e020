/// Where the subnets of networks come from for which none was named.
public struct SubnetPool: Sendable {
    public enum Exhausted: Error, Hashable { case exhausted }

    private let ranges: [(Subnet, length: Int)]

    /// Docker's: fifteen of 65,534 hosts, then sixteen of 4,094.
    public static let docker = SubnetPool(
        (17...31).map { ("172.\($0).0.0/16", 16) } + [("192.168.0.0/16", 20)])

    /// Each range is cut into subnets of the length given. Ranges that are none are left out.
    public init(_ ranges: [(String, Int)]) {
        self.ranges = ranges.compactMap { text, length in Subnet(parsing: text).map { ($0, length) } }
    }

    /// The first that overlaps none of those in use: networks, and the addresses and routes of the host.
    public func free(besides used: [Subnet]) throws(Exhausted) -> Subnet {
        for (range, length) in ranges {
            var candidate = Subnet(range.base, length: max(length, range.length))
            while let subnet = candidate, range.contains(subnet) {
                if !used.contains(where: subnet.overlaps) { return subnet }
                candidate = subnet.next
            }
        }
        throw .exhausted
    }

    /// A unique local range (RFC 4193), the same for the same name.
    public static func v6(for name: String) -> Subnet? {
        // FNV-1a, which only has to tell names apart.
        let hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0100_0000_01b3 }
        return Subnet(IPAddress(.v6, 0xfd << 120 | UInt128(hash >> 8) << 64), length: 64)
    }
}
