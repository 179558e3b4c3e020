/// How a stream is compressed, told by its first bytes.
enum Compression {
    case none, gzip, zstd, xz, bzip2

    /// Of those looked for below.
    static let longestMagic = 6

    init(firstBytes: ArraySlice<UInt8>) {
        let magics: [(Compression, [UInt8])] = [
            (.gzip, [0x1f, 0x8b]), (.zstd, [0x28, 0xb5, 0x2f, 0xfd]), (.xz, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]),
            (.bzip2, Array("BZh".utf8)),
        ]
        self = magics.first { firstBytes.starts(with: $0.1) }?.0 ?? .none
    }

    /// Media type of a layer kept this way; nil where OCI has none, so it is kept uncompressed.
    var mediaType: String? {
        switch self {
        case .none: MediaType.layer
        case .gzip: MediaType.layer + "+gzip"
        case .zstd: MediaType.layer + "+zstd"
        case .xz, .bzip2: nil
        }
    }
}
