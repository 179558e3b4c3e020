import APITypes

/// `-p [ADDRESS:][HOST:]CONTAINER[/tcp|udp|sctp]`, where each port may be a range of as many.
struct PublishedPort: Equatable {
    /// `80/tcp`
    var container: String
    var address: String
    /// Empty: one that is free; a range: any of it.
    var host: String

    /// One for each port of the container.
    static func parse(_ text: String) throws(ValueFault) -> [PublishedPort] {
        let slash = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let transport = slash.count == 2 ? slash[1].lowercased() : "tcp"
        guard ["tcp", "udp", "sctp"].contains(transport) else { throw fault("unknown protocol \(transport)") }
        let (address, rest) = try PublishedPort.address(slash[0])
        var parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let containers = range(parts.removeLast()) else {
            throw fault("no port of the container")
        }
        let hosts = parts.first.flatMap { $0.isEmpty ? nil : $0 }
        guard let hosts else {
            return containers.map { PublishedPort(container: "\($0)/\(transport)", address: address, host: "") }
        }
        guard let numbers = range(hosts) else { throw fault("\(hosts) is no port of the host") }
        // A range for one port of the container: any of it.
        if containers.count == 1, numbers.count > 1 {
            return [
                PublishedPort(container: "\(containers.lowerBound)/\(transport)", address: address, host: String(hosts))
            ]
        }
        guard containers.count == numbers.count else {
            throw fault("\(hosts) and the container's ports are not as many")
        }
        return zip(containers, numbers).map {
            PublishedPort(container: "\($0)/\(transport)", address: address, host: "\($1)")
        }
    }

    /// Splits off `127.0.0.1:` or `[::1]:`.
    private static func address(_ text: Substring) throws(ValueFault) -> (String, Substring) {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]"), text[text.index(after: end)...].hasPrefix(":") else {
                throw fault("an address in brackets ends with ]:")
            }
            return (String(text[text.index(after: text.startIndex)..<end]), text[text.index(end, offsetBy: 2)...])
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].contains(":") else { return ("", text) }
        return (String(parts[0]), parts[1])
    }

    private static func range(_ text: Substring) -> ClosedRange<Int>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(ends.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2d }),
            let first = UInt16(ends[0]), let last = UInt16(ends[ends.count - 1]), first > 0, first <= last
        else { return nil }
        return Int(first)...Int(last)
    }

    private static func fault(_ text: String) -> ValueFault {
        ValueFault(text, expected: "[ADDRESS:][PORT:]PORT[/PROTOCOL] such as 8080:80 or 127.0.0.1:53:53/udp")
    }
}

extension [PublishedPort] {
    var bindings: [String: [PortBinding]?]? {
        if isEmpty { return nil }
        var all: [String: [PortBinding]?] = [:]
        for port in self {
            var binding = PortBinding()
            (binding.hostIp, binding.hostPort) = (port.address, port.host)
            all[port.container] = ((all[port.container] ?? nil) ?? []) + [binding]
        }
        return all
    }
}
