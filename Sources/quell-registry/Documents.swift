import RegistryWire

/// Manifests and indexes, of Docker and of OCI, as far as they matter here. They have the same members.
struct ManifestDocument: Decodable {
    struct Descriptor: Decodable {
        struct Platform: Decodable {
            var architecture: String?
            var os: String?
            var variant: String?
        }
        var mediaType: String?
        var digest: String
        var size: Int64
        var platform: Platform?
        var annotations: [String: String]?
    }

    var schemaVersion: Int?
    var mediaType: String?
    var config: Descriptor?
    var layers: [Descriptor]?
    var manifests: [Descriptor]?
}

struct ConfigDocument: Decodable {
    var os: String?
    var architecture: String?
    var variant: String?
}

enum MediaTypes {
    static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
    static let dockerList = "application/vnd.docker.distribution.manifest.list.v2+json"
    static let manifest = "application/vnd.oci.image.manifest.v1+json"
    static let index = "application/vnd.oci.image.index.v1+json"
    static let manifests: Set = [dockerManifest, manifest]
    static let indexes: Set = [dockerList, index]
    static let accepted = [dockerList, index, dockerManifest, manifest]
    static let configs: Set = [
        "application/vnd.docker.container.image.v1+json", "application/vnd.oci.image.config.v1+json",
        // Written by old tools.
        "application/octet-stream",
    ]
    private static let layers: Set = [
        "application/vnd.docker.image.rootfs.diff.tar", "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.docker.image.rootfs.diff.tar.zstd",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    ]

    static func isLayer(_ type: String?) -> Bool { type.map { layers.contains($0) } ?? false }
    static func isSchema1(_ type: String) -> Bool { type.contains("distribution.manifest.v1+") }
}

/// `sha256:` and 64 small hexadecimal digits; nothing else may become part of a path.
enum DigestText {
    static func hex(_ text: String) -> String? {
        guard text.hasPrefix("sha256:") else { return nil }
        let hex = text.dropFirst("sha256:".count)
        guard hex.utf8.count == 64, hex.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            return nil
        }
        return String(hex)
    }

    static func short(_ text: String) -> String { String(text.dropFirst("sha256:".count).prefix(12)) }
}

extension ManifestDocument.Descriptor {
    func checked(_ what: String, limit: Int64) throws(Fault) -> RegistryBlob {
        guard DigestText.hex(digest) != nil else {
            throw Fault(
                .corrupt,
                "\(what): \"\(Printable.line(digest, limit: 100))\" is no digest (sha256: and 64 hexadecimal digits)")
        }
        guard size >= 0, size <= limit else {
            throw Fault(.corrupt, "\(what): \(digest) is said to have \(size) bytes; at most \(limit) are allowed")
        }
        return RegistryBlob(digest: digest, size: size)
    }
}
