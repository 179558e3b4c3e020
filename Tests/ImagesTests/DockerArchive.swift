import Images
import TestKit

/// A docker-archive made by hand.
struct DockerArchive {
    var layers: [[UInt8]]
    var config: [UInt8]
    let configHex: String
    let layerHexes: [String]

    init(layers: [[UInt8]]) throws {
        self.layers = layers
        layerHexes = try layers.map(sha256)
        let diffIDs = layerHexes.map { "\"sha256:\($0)\"" }.joined(separator: ",")
        let text = """
            {"architecture":"amd64","os":"linux","created":"2024-05-06T07:08:09.123Z","config":{"Cmd":["/bin/tool"],"Env":null,\
            "Labels":{"a":"b"}},"rootfs":{"type":"layers","diff_ids":[\(diffIDs)]},"unknown":{"kept":true},\
            "history":[{"created":"2024-05-06T07:08:09Z","created_by":"made by hand"}]}
            """
        config = Array(text.utf8)
        configHex = try sha256(config)
    }

    func bytes(
        tags: [String], manifest: String? = nil, linkingRepeats: Bool = false, layerLink: String? = nil
    ) -> [UInt8] {
        let paths = layerHexes.enumerated().map {
            $0.offset == 0 ? "\($0.element)/layer.tar" : "\($0.offset)-\($0.element)/layer.tar"
        }
        let quoted = paths.map { "\"\($0)\"" }.joined(separator: ",")
        let names = tags.map { "\"\($0)\"" }.joined(separator: ",")
        return Tar { tar in
            for (index, (path, layer)) in zip(paths, layers).enumerated() {
                tar.directory(String(path.dropLast("layer.tar".count)))
                if let layerLink {
                    tar.add(path, .symbolicLink, link: layerLink)
                } else if linkingRepeats, index > 0, layer == layers[0] {
                    tar.add(path, .symbolicLink, link: "../" + paths[0])
                } else {
                    tar.add(path, .file, layer)
                }
            }
            tar.add("\(configHex).json", .file, config)
            tar.file(
                "manifest.json",
                manifest ?? #"[{"Config":"\#(configHex).json","RepoTags":[\#(names)],"Layers":[\#(quoted)]}]"#)
        }.bytes
    }
}

/// Of another implementation than ours.
func sha256(_ bytes: [UInt8]) throws -> String {
    let directory = try TemporaryDirectory("sum")
    let file = try directory.file("bytes", bytes)
    return String(try run("/usr/bin/sha256sum", [file]).prefix(64))
}
