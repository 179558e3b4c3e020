/// An entry of a tar archive (POSIX.1-2001 ustar and pax; GNU's long names are read too).
struct TarHeader: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case file, directory, fifo, device
        case symbolicLink(to: String)
        /// To an entry that came before.
        case hardLink(to: String)
    }

    var name: String
    var kind: Kind
    /// Permission bits.
    var mode: UInt32 = 0o644
    var uid: UInt32 = 0
    var gid: UInt32 = 0
    /// Of the content that follows; 0 for everything but files.
    var size = 0
    /// Seconds since 1970.
    var modified: Int64 = 0

    static let block = 512
    /// What fills the last block of `size` bytes.
    static func padding(_ size: Int) -> Int { (block - size % block) % block }
    /// Two empty blocks end an archive.
    static let end = [UInt8](repeating: 0, count: 2 * block)
}

extension TarHeader {
    /// The blocks of this header; names and numbers too large for ustar go into a pax header before it.
    var encoded: [UInt8] {
        var records: [(String, String)] = []
        if name.utf8.count > 100 { records.append(("path", name)) }
        if linkTarget.utf8.count > 100 { records.append(("linkpath", linkTarget)) }
        if size >= 1 << 33 { records.append(("size", "\(size)")) }
        if uid >= 1 << 21 { records.append(("uid", "\(uid)")) }
        if gid >= 1 << 21 { records.append(("gid", "\(gid)")) }
        guard !records.isEmpty else { return ustar(type: type, size: size) }
        let content = Array(records.map(TarHeader.record).joined().utf8)
        let pax = TarHeader(name: "PaxHeaders/" + name.prefix(60), kind: .file, size: content.count)
        return pax.ustar(type: "x", size: content.count) + content
            + [UInt8](repeating: 0, count: TarHeader.padding(content.count)) + ustar(type: type, size: size)
    }

    private var linkTarget: String {
        switch kind {
        case .symbolicLink(let target), .hardLink(let target): target
        case .file, .directory, .fifo, .device: ""
        }
    }

    private var type: Unicode.Scalar {
        switch kind {
        case .file: "0"
        case .hardLink: "1"
        case .symbolicLink: "2"
        case .device: "3"
        case .directory: "5"
        case .fifo: "6"
        }
    }

    /// `LENGTH key=value\n`, where the length counts itself.
    private static func record(_ key: String, _ value: String) -> String {
        let rest = " \(key)=\(value)\n".utf8.count
        var length = rest + 1
        while "\(length)".utf8.count + rest != length { length = "\(length)".utf8.count + rest }
        return "\(length) \(key)=\(value)\n"
    }

    private func ustar(type: Unicode.Scalar, size: Int) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: TarHeader.block)
        func put(_ bytes: some Sequence<UInt8>, at offset: Int, width: Int) {
            for (index, byte) in bytes.prefix(width).enumerated() { block[offset + index] = byte }
        }
        func put(octal number: some BinaryInteger, at offset: Int, width: Int) {
            // A number too large is in the pax header; here its low digits do no harm.
            let digits = String(number, radix: 8).suffix(width - 1)
            put((String(repeating: "0", count: width - 1 - digits.count) + digits).utf8, at: offset, width: width - 1)
        }
        put(name.utf8, at: 0, width: 100)
        put(octal: mode & 0o7777, at: 100, width: 8)
        put(octal: uid, at: 108, width: 8)
        put(octal: gid, at: 116, width: 8)
        put(octal: size, at: 124, width: 12)
        put(octal: max(0, modified), at: 136, width: 12)
        block[156] = UInt8(ascii: type)
        put(linkTarget.utf8, at: 157, width: 100)
        put("ustar\u{0}00".utf8, at: 257, width: 8)
        put([UInt8](repeating: 0x20, count: 8), at: 148, width: 8)
        let sum = block.reduce(0) { $0 + Int($1) }
        put(octal: sum, at: 148, width: 7)
        block[154] = 0
        return block
    }
}
