import Crypto
import Linux

/// SHA-256 over what passes by, and how much it was.
struct StreamDigest {
    private var hash = SHA256()
    private(set) var count: Int64 = 0

    mutating func update(_ bytes: ArraySlice<UInt8>) {
        // SAFETY: the bytes are read within the call.
        unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        count += Int64(bytes.count)
    }

    func finish() -> Digest { Digest(bytes: hash.finalize()) }
}

extension Digest {
    static func of(_ bytes: [UInt8]) -> Digest { Digest(bytes: SHA256.hash(data: bytes)) }

    /// OCI image-spec, config.md, "Layer ChainID".
    static func chain(_ parent: Digest?, _ diffID: Digest) -> Digest {
        guard let parent else { return diffID }
        return of(Array("\(parent) \(diffID)".utf8))
    }
}
