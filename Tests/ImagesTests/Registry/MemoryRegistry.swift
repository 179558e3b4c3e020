import NIOHTTP1
import Synchronization

/// A registry's content, and how an honest registry answers for it. Tests change answers one by one.
final class MemoryRegistry: Sendable {
    struct Content: Sendable {
        var blobs: [String: [UInt8]] = [:]
        /// By tag and by digest.
        var manifests: [String: (type: String, bytes: [UInt8])] = [:]
    }
    private let content = Mutex(Content())

    static let manifestType = "application/vnd.oci.image.manifest.v1+json"
    static let indexType = "application/vnd.oci.image.index.v1+json"
    static let layerType = "application/vnd.oci.image.layer.v1.tar"
    static let configType = "application/vnd.oci.image.config.v1+json"

    struct Pushed: Sendable {
        var manifest: String
        var config: String
        var layers: [String]
    }

    @discardableResult
    func add(blob: [UInt8]) throws -> String {
        let digest = "sha256:" + (try sha256(blob))
        content.withLock { $0.blobs[digest] = blob }
        return digest
    }

    @discardableResult
    func add(manifest text: String, _ tags: String..., type: String = MemoryRegistry.manifestType) throws -> String {
        let bytes = Array(text.utf8)
        let digest = "sha256:" + (try sha256(bytes))
        content.withLock { content in for name in tags + [digest] { content.manifests[name] = (type, bytes) } }
        return digest
    }

    /// Of one kind of image.
    struct Types: Sendable {
        var manifest = MemoryRegistry.manifestType
        var config = MemoryRegistry.configType
        var layer = MemoryRegistry.layerType
    }

    /// An image of layers, plain unless they are packed somehow.
    func addImage(
        _ layers: [[UInt8]], tag: String, architecture: String = "amd64", types: Types = Types(),
        packed: ([UInt8]) throws -> [UInt8] = { $0 }
    ) throws -> Pushed {
        let blobs = try layers.map(packed)
        let digests = try blobs.map { try add(blob: $0) }
        let ids = try layers.map { "\"sha256:\(try sha256($0))\"" }.joined(separator: ",")
        let config = Array(
            #"{"architecture":"\#(architecture)","os":"linux","config":{"Cmd":["sh"]},"rootfs":{"type":"layers","diff_ids":[\#(ids)]}}"#
                .utf8)
        let configDigest = try add(blob: config)
        let listed = zip(digests, blobs).map { descriptor(types.layer, $0, $1.count) }
        let manifest = try add(
            manifest:
                #"{"schemaVersion":2,"mediaType":"\#(types.manifest)","config":\#(descriptor(types.config, configDigest, config.count)),"layers":[\#(listed.joined(separator: ","))]}"#,
            tag, type: types.manifest)
        return Pushed(manifest: manifest, config: configDigest, layers: digests)
    }

    func descriptor(_ type: String, _ digest: String, _ size: Int, more: String = "") -> String {
        #"{"mediaType":"\#(type)","digest":"\#(digest)","size":\#(size)\#(more)}"#
    }

    func manifest(_ name: String) -> [UInt8] { content.withLock { $0.manifests[name]?.bytes ?? [] } }

    /// What an honest registry says.
    func answer(_ request: RegistryServer.Request) -> RegistryServer.Reply {
        let parts = request.path.split(separator: "/").map(String.init)
        guard parts.count >= 4, parts[0] == "v2" else { return .init(status: request.path == "/v2/" ? 200 : 404) }
        let name = parts[parts.count - 1]
        return content.withLock { content in
            switch parts[parts.count - 2] {
            case "manifests":
                guard let found = content.manifests[name] else { return .error(404, "MANIFEST_UNKNOWN") }
                return .init(headers: [("content-type", found.type)], body: found.bytes)
            case "blobs":
                guard let bytes = content.blobs[name] else { return .error(404, "BLOB_UNKNOWN") }
                return .blob(bytes, request)
            case _: return .init(status: 404)
            }
        }
    }
}

extension RegistryServer.Reply {
    static func error(_ status: Int, _ code: String) -> RegistryServer.Reply {
        .init(status: status, body: Array(#"{"errors":[{"code":"\#(code)","message":"said the test"}]}"#.utf8))
    }

    /// Whole, or from where the client asks for.
    static func blob(_ bytes: [UInt8], _ request: RegistryServer.Request) -> RegistryServer.Reply {
        guard let range = request.headers.first(name: "range"), range.hasPrefix("bytes="),
            let start = Int(range.dropFirst(6).prefix { $0 != "-" }), start < bytes.count
        else { return .init(body: bytes) }
        return .init(
            status: 206, headers: [("content-range", "bytes \(start)-\(bytes.count - 1)/\(bytes.count)")],
            body: Array(bytes[start...]))
    }
}
