/// A range of addresses that have their first bits in common.
public struct Subnet: Hashable, Sendable {
    /// The first address, whose other bits are zero.
    public let base: IPAddress
    /// How many bits are in common.
    public let length: Int

    /// The subnet that the address is in. Nil when the length is not one of its family.
    public init?(_ address: IPAddress, length: Int) {
        guard (0...address.width).contains(length) else { return nil }
        self.length = length
        base = IPAddress(address.family, address.number & Subnet.mask(address.width, length))
    }

    /// `10.1.0.0/16`. Bits beyond the length are let go, as Docker does. Nil for anything else.
    public init?(parsing text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(parsing: parts[0]), (1...3).contains(parts[1].utf8.count),
            parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(parts[1])
        else { return nil }
        self.init(address, length: length)
    }

    public var family: IPAddress.Family { base.family }

    public func contains(_ address: IPAddress) -> Bool {
        address.family == family && address.number & Subnet.mask(base.width, length) == base.number
    }

    public func contains(_ other: Subnet) -> Bool { other.length >= length && contains(other.base) }

    public func overlaps(_ other: Subnet) -> Bool { contains(other) || other.contains(self) }

    /// The last address, which of version 4 is everybody's.
    public var last: IPAddress {
        let rest = ~Subnet.mask(base.width, length)
        return IPAddress(family, base.number | (family == .v4 ? rest & 0xffff_ffff : rest))
    }

    /// Its first address for a host; nil where it has none beside its own and everybody's.
    public var firstHost: IPAddress? {
        guard base.width - length >= 2 else { return nil }
        return base.advanced(by: 1)
    }

    /// The one after it of the same size.
    var next: Subnet? { last.advanced(by: 1).flatMap { Subnet($0, length: length) } }

    private static func mask(_ width: Int, _ length: Int) -> UInt128 {
        if length == 0 { return 0 }
        let ones: UInt128 = width == 32 ? 0xffff_ffff : .max
        return ones << (width - length) & ones
    }
}

extension Subnet: CustomStringConvertible {
    public var description: String { "\(base)/\(length)" }
}
