/// An address of the Internet, version 4 or 6.
public struct IPAddress: Hashable, Sendable {
    public enum Family: Sendable { case v4, v6 }
    public let family: Family
    /// The address as a number, in the order that people read.
    public let number: UInt128

    public init(_ family: Family, _ number: UInt128) {
        (self.family, self.number) = (family, family == .v4 ? number & 0xffff_ffff : number)
    }

    /// `10.1.2.3`, `fd00::1`; nil for anything else. Numbers with leading zeros, which some read as octal, are refused.
    public init?(parsing text: some StringProtocol) {
        if let number = IPAddress.parseV4(text) {
            self.init(.v4, UInt128(number))
        } else if let number = IPAddress.parseV6(text) {
            self.init(.v6, number)
        } else {
            return nil
        }
    }

    /// How many bits it has.
    public var width: Int { family == .v4 ? 32 : 128 }

    public var isLoopback: Bool { family == .v4 ? number >> 24 == 127 : number == 1 }
    /// `0.0.0.0`, `::`
    public var isUnspecified: Bool { number == 0 }
    public var isMulticast: Bool { family == .v4 ? number >> 28 == 0xe : number >> 120 == 0xff }

    /// Nil where it would leave the family's numbers.
    public func advanced(by count: UInt128) -> IPAddress? {
        let (sum, overflow) = number.addingReportingOverflow(count)
        let most: UInt128 = family == .v4 ? 0xffff_ffff : .max
        return overflow || sum > most ? nil : IPAddress(family, sum)
    }

    private static func parseV4(_ text: some StringProtocol) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var number: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                part == "0" || part.utf8.first != 0x30, let byte = UInt8(part)
            else { return nil }
            number = number << 8 | UInt32(byte)
        }
        return number
    }

    private static func parseV6(_ text: some StringProtocol) -> UInt128? {
        // Groups before and after the one `::` there may be.
        var halves: [[UInt16]] = [[]]
        var rest = Substring(text)
        guard rest.contains(":") else { return nil }
        if rest.hasPrefix("::") {
            halves.append([])
            rest.removeFirst(2)
        }
        while !rest.isEmpty {
            let end = rest.firstIndex(of: ":") ?? rest.endIndex
            let group = rest[..<end]
            if end == rest.endIndex, group.contains(".") {
                guard let last = parseV4(group) else { return nil }
                halves[halves.count - 1] += [UInt16(last >> 16), UInt16(truncatingIfNeeded: last)]
                break
            }
            guard (1...4).contains(group.utf8.count), group.utf8.allSatisfy({ $0 != 0x2b && $0 != 0x2d }),
                let value = UInt16(group, radix: 16)
            else { return nil }
            halves[halves.count - 1].append(value)
            rest = rest[end...]
            if rest.hasPrefix("::") {
                guard halves.count == 1 else { return nil }
                halves.append([])
                rest.removeFirst(2)
            } else if rest.hasPrefix(":") {
                rest.removeFirst()
                guard !rest.isEmpty else { return nil }
            }
        }
        let count = halves.reduce(0) { $0 + $1.count }
        guard halves.count == 2 ? count < 8 : count == 8 else { return nil }
        let groups = halves[0] + Array(repeating: 0, count: 8 - count) + (halves.count == 2 ? halves[1] : [])
        return groups.reduce(0) { $0 << 16 | UInt128($1) }
    }
}

extension IPAddress: CustomStringConvertible {
    /// As RFC 5952 writes them.
    public var description: String {
        switch family {
        case .v4: return [24, 16, 8, 0].map { String(UInt8(truncatingIfNeeded: number >> $0)) }.joined(separator: ".")
        case .v6: return IPAddress.text(of: (0..<8).map { UInt16(truncatingIfNeeded: number >> (112 - 16 * $0)) })
        }
    }

    private static func text(of groups: [UInt16]) -> String {
        var (longest, run) = (0..<0, 0)
        for (index, group) in groups.enumerated() {
            run = group == 0 ? run + 1 : 0
            if run > longest.count { longest = (index - run + 1)..<(index + 1) }
        }
        func written(_ part: ArraySlice<UInt16>) -> String { part.map { String($0, radix: 16) }.joined(separator: ":") }
        guard longest.count > 1 else { return written(groups[...]) }
        return written(groups[..<longest.lowerBound]) + "::" + written(groups[longest.upperBound...])
    }
}

extension IPAddress: Comparable {
    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        left.family == right.family ? left.number < right.number : left.family == .v4
    }
}
