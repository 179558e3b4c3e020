import APITypes

/// `--network NAME`, with settings of the container in it: `NAME:alias=A,ip=ADDRESS` as podman writes it, or
/// `name=NAME,alias=A,ip=ADDRESS` as docker does.
struct NetworkArgument: Equatable {
    var name: String
    var ip: String?
    var ip6: String?
    var macAddress: String?
    var aliases: [String] = []

    static func parse(_ text: String) throws(ValueFault) -> NetworkArgument {
        if text.hasPrefix("container:") { return NetworkArgument(name: text) }
        let isDockers = text.hasPrefix("name=")
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        var network = NetworkArgument(name: isDockers ? "" : String(parts[0]))
        let settings = isDockers ? text[...] : parts.count == 2 ? parts[1] : ""
        for setting in settings.split(separator: ",") {
            let pair = setting.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2 else { throw fault("\"\(setting)\" is no setting") }
            try network.take(pair[0], pair[1])
        }
        guard !network.name.isEmpty else { throw fault("it names no network") }
        return network
    }

    private mutating func take(_ key: String, _ value: String) throws(ValueFault) {
        switch key {
        case "name": name = value
        case "alias": aliases.append(value)
        case "ip": ip = value
        case "ip6": ip6 = value
        case "mac", "mac-address": macAddress = value
        default: throw NetworkArgument.fault("unknown setting \(key)")
        }
    }

    private static func fault(_ text: String) -> ValueFault {
        ValueFault(text, expected: "NAME or NAME:alias=A,ip=ADDRESS,ip6=ADDRESS,mac=ADDRESS")
    }

    var hasSettings: Bool { self != NetworkArgument(name: name) }

    func settings() -> EndpointSettings {
        EndpointSettings(ip: ip, ip6: ip6, aliases: aliases, macAddress: macAddress)
    }
}

extension EndpointSettings {
    /// With those of `--ip`, `--network-alias` and their like.
    func merged(with other: EndpointSettings) -> EndpointSettings {
        var merged = self
        merged.ipamConfig = other.ipamConfig ?? ipamConfig
        merged.macAddress = other.macAddress ?? macAddress
        let names = (aliases ?? []) + (other.aliases ?? [])
        merged.aliases = names.isEmpty ? nil : names
        return merged
    }
}
