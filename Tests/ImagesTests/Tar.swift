/// Writes tars byte by byte, so that tests can say what no honest tool would.
struct Tar {
    enum Kind: String {
        case file = "0"
        case hardLink = "1"
        case symbolicLink = "2"
        case character = "3"
        case block = "4"
        case directory = "5"
        case pipe = "6"
        case extended = "x"
    }

    private(set) var bytes: [UInt8] = []

    init(_ build: (inout Tar) -> Void) {
        build(&self)
        bytes += [UInt8](repeating: 0, count: 1024)
    }

    mutating func file(_ name: String, _ text: String = "", mode: Int = 0o644) {
        add(name, .file, Array(text.utf8), mode: mode)
    }
    mutating func directory(_ name: String, mode: Int = 0o755) { add(name, .directory, mode: mode) }

    mutating func add(
        _ name: String, _ kind: Kind, _ data: [UInt8] = [], mode: Int = 0o644, link: String = "", size: Int? = nil,
        device: (Int, Int) = (0, 0), user: Int = 0
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        func octal(_ number: Int, _ width: Int) -> String {
            let digits = String(number, radix: 8)
            return String(repeating: "0", count: width - digits.count) + digits
        }
        put(name, at: 0)
        put(octal(mode, 7), at: 100)
        put(octal(user, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(size ?? data.count, 11), at: 124)
        put(octal(981_173_106, 11), at: 136)
        put("        ", at: 148)
        put(kind.rawValue, at: 156)
        put(link, at: 157)
        put("ustar\u{0}00", at: 257)
        put(octal(device.0, 7), at: 329)
        put(octal(device.1, 7), at: 337)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(octal(sum, 6) + "\u{0} ", at: 148)
        bytes += header + data + [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
    }

    /// Extended attributes of the next entry, in a pax header.
    mutating func attributes(_ attributes: [String: String]) {
        var records = ""
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            let rest = " SCHILY.xattr.\(name)=\(value)\n"
            var length = rest.utf8.count
            while String(length).utf8.count + rest.utf8.count != length {
                length = String(length).utf8.count + rest.utf8.count
            }
            records += "\(length)\(rest)"
        }
        add("PaxHeaders/next", .extended, Array(records.utf8))
    }

    /// A small root file system.
    static let rootfs = Tar { tar in
        tar.directory("./")
        tar.directory("bin/")
        tar.file("bin/tool", "#!/bin/true\n", mode: 0o4755)
        tar.directory("etc/")
        tar.file("etc/motd", "hello\n")
        tar.add("etc/link", .symbolicLink, link: "/etc/motd")
        tar.add("bin/same", .hardLink, link: "bin/tool")
        tar.add("null", .character, device: (1, 3))
    }.bytes
}
