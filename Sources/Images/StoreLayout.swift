import Linux
import Synchronization

/// Paths of the store, and what makes and sweeps them.
///
/// `blobs/sha256/<hex>`, `layers/<chain hex>/{diff,layer.json}`, `tmp/<name>`, `links/<short>`, `ingest/<hex>[.part]`,
/// `index.json`.
struct StoreLayout: Sendable {
    let root: String

    init(_ root: String) { self.root = root }

    var index: String { root + "/index.json" }
    var blobs: String { root + "/blobs/sha256" }
    var layers: String { root + "/layers" }
    /// Short names of layers, for mount options that would be longer than a page.
    var links: String { root + "/links" }
    var temporary: String { root + "/tmp" }
    /// Blobs that pulls fetch, and what a pull that broke off has left, for the next one to continue.
    var ingest: String { root + "/ingest" }
    /// What is to be deleted when there is time.
    var trash: String { root + "/trash" }

    func blob(_ digest: Digest) -> String { blobs + "/" + digest.hex }
    func ingested(_ digest: Digest) -> String { ingest + "/" + digest.hex }
    func layer(_ chain: Digest) -> String { layers + "/" + chain.hex }
    func tree(_ chain: Digest) -> String { layer(chain) + "/diff" }
    func facts(_ chain: Digest) -> String { layer(chain) + "/layer.json" }

    func make() throws(ImageError) {
        try mapping("make") { () throws(SystemError) in
            for path in [root, blobs, layers, links, temporary, trash, ingest] {
                try File.makeDirectories(path, mode: 0o700)
            }
            // Set-user-ID programs of an image must not be within reach of the host's users. What a container sees goes
            // through overlayfs, which does not ask for the rights of the directories above.
            try File.setMode(0o700, of: root)
            let marker = root + "/oci-layout"
            if try File.status(of: marker) == nil {
                try DurableFile.write(Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8), to: marker, mode: 0o644)
            }
        }
    }

    /// Without an index every blob and layer would count as left by a crash, and containers may stand on them.
    func requireEmpty() throws(ImageError) {
        let count = try mapping { () throws(SystemError) in try File.list(blobs).count + File.list(layers).count }
        guard count == 0 else {
            throw .damaged(
                "\(index) is missing, but there are blobs and layers beside it: restore it from a backup; "
                    + "to begin without images, move \(root) aside")
        }
    }

    /// What pulls have left that nobody has continued for a day.
    func expiredIngest() throws(SystemError) -> [String] {
        let now = WallTime.now().seconds
        var expired: [String] = []
        for entry in try File.list(ingest) {
            let path = ingest + "/" + entry.name
            guard let status = try File.status(of: path, following: false) else { continue }
            if now - status.modified.seconds > StoreLayout.ingestLifetime { expired.append(path) }
        }
        return expired
    }

    /// Seconds for which the remains of a pull are kept.
    static let ingestLifetime: Int64 = 24 * 3600

    /// A new path below `tmp`; nothing is made.
    func temporaryPath(_ kind: String) -> String {
        temporary + "/" + kind + "-" + lowerHex((0..<8).map { _ in UInt8.random(in: 0...255) })
    }

    /// Moves what nothing refers to into `trash`: temporary files, and with `state` also blobs and layers outside it.
    /// Renaming is quick; what ``emptyTrash()`` does may take long.
    func sweep(keeping state: StoreState?) throws(ImageError) {
        try mapping("sweep") { () throws(SystemError) in
            func discard(_ path: String) throws(SystemError) {
                let name = lowerHex((0..<8).map { _ in UInt8.random(in: 0...255) })
                try File.rename(path, to: trash + "/" + name)
            }
            for entry in try File.list(temporary) { try discard(temporary + "/" + entry.name) }
            for entry in try File.list(root) where entry.name.hasPrefix("index.json.") {
                try discard(root + "/" + entry.name)
            }
            for path in try expiredIngest() { try discard(path) }
            guard let state else { return }
            let used = state.used
            for entry in try File.list(blobs) where !used.contains("blobs/" + entry.name) {
                try discard(blobs + "/" + entry.name)
            }
            for entry in try File.list(layers) where !used.contains("layers/" + entry.name) {
                try discard(layers + "/" + entry.name)
            }
            for entry in try File.list(links) {
                let path = links + "/" + entry.name
                if try File.status(of: path, following: true) == nil { try File.unlink(path) }
            }
        }
    }

    func emptyTrash() throws(ImageError) {
        try mapping("remove") { () throws(SystemError) in
            for entry in try File.list(trash) { try File.removeTree(trash + "/" + entry.name) }
        }
    }
}

/// `layer.json`, beside an unpacked layer.
struct LayerFacts: Codable, Sendable {
    var diffID: Digest
    /// Bytes of file contents, and number of entries, as unpacked.
    var size: Int64
    var entries: Int64
}
