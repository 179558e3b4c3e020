import RegistryWire

/// Which manifest of an index is for a machine (containerd's rules of platforms).
enum PlatformChoice {
    /// Best first; empty: there is none.
    static func candidates(_ descriptors: [ManifestDocument.Descriptor], for wanted: RegistryPlatform)
        -> [ManifestDocument.Descriptor]
    {
        let ranked = descriptors.compactMap { descriptor -> (rank: Int, descriptor: ManifestDocument.Descriptor)? in
            // buildkit's mark of a manifest that is no image.
            guard descriptor.annotations?["vnd.docker.reference.type"] == nil else { return nil }
            return rank(descriptor.platform, for: wanted).map { ($0, descriptor) }
        }
        return ranked.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }.map {
            $0.element.descriptor
        }
    }

    /// 0 is exactly it; nil: it does not run there.
    static func rank(_ platform: ManifestDocument.Descriptor.Platform?, for wanted: RegistryPlatform) -> Int? {
        // What says nothing may be anything.
        guard let platform else { return 100 }
        guard platform.os == wanted.os, normal(platform.architecture) == normal(wanted.architecture) else { return nil }
        let (offered, sought) = (variant(platform.architecture, platform.variant), variant(wanted))
        if offered == sought { return 0 }
        // An older variant runs on a newer machine; never the other way round.
        guard let offered = number(offered), let sought = number(sought), offered < sought else { return nil }
        return sought - offered
    }

    private static func variant(_ wanted: RegistryPlatform) -> String { variant(wanted.architecture, wanted.variant) }

    private static func variant(_ architecture: String?, _ variant: String?) -> String {
        if let variant, !variant.isEmpty { return variant.hasPrefix("v") ? variant : "v" + variant }
        return switch normal(architecture) {
        case "arm": "v7"
        case "arm64": "v8"
        default: "v1"
        }
    }

    private static func number(_ variant: String) -> Int? { Int(variant.dropFirst().prefix { $0.isNumber }) }

    /// Names people use for the same.
    static func normal(_ architecture: String?) -> String {
        switch architecture?.lowercased() {
        case "x86_64", "x86-64": "amd64"
        case "aarch64": "arm64"
        case "armhf", "armel": "arm"
        case "i386": "386"
        case let other: other ?? ""
        }
    }
}
