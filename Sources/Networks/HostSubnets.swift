/// The subnets that the host itself reaches, read from its routing table: a network of ours may not be one of them.
public enum HostSubnets {
    /// `/proc/net/route`: a line for each route of version 4, the numbers in hexadecimal, in the host's order of bytes.
    public static func parse(route text: String) -> [(subnet: Subnet, holder: String)] {
        text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count > 7, let destination = UInt32(fields[1], radix: 16),
                let mask = UInt32(fields[7], radix: 16)
            else { return nil }
            let length = mask.nonzeroBitCount
            // The way to everywhere is no subnet.
            guard length > 0 else { return nil }
            return Subnet(IPAddress(.v4, UInt128(destination.byteSwapped)), length: length).map {
                ($0, "device \(fields[0])")
            }
        }
    }
}
