/// One line of `/proc/PID/mountinfo` (proc_pid_mountinfo(5)).
public struct MountInfo: Hashable, Sendable {
    public var id: Int
    public var parent: Int
    /// As st_dev of files there. The minor names the connection of a FUSE mount.
    public var device: DeviceNumber
    /// The directory of the file system that is mounted here.
    public var root: String
    public var mountPoint: String
    public var options: [String]
    /// `shared:1`, `master:2`, `propagate_from:3`, `unbindable`.
    public var propagation: [String]
    public var type: String
    public var source: String
    public var superOptions: [String]

    public var isReadOnly: Bool { options.contains("ro") }
    public var isShared: Bool { propagation.contains { $0.hasPrefix("shared:") } }

    /// Nil when the line is malformed.
    public init?(line: some Collection<UInt8>) {
        let words = line.split(separator: 32, omittingEmptySubsequences: false).map { Bytes($0) }
        guard words.count >= 9, let dash = words[6...].firstIndex(where: { $0.elementsEqual([45]) }),
            words.count >= dash + 3,
            let id = Int(decimal: words[0]), let parent = Int(decimal: words[1])
        else { return nil }
        let numbers = words[2].split(separator: 58)
        guard numbers.count == 2, let major = UInt32(decimal: numbers[0]), let minor = UInt32(decimal: numbers[1])
        else { return nil }
        (self.id, self.parent, device) = (id, parent, DeviceNumber(major: major, minor: minor))
        root = MountInfo.unescaped(words[3])
        mountPoint = MountInfo.unescaped(words[4])
        options = words[5].split(separator: 44).map { MountInfo.unescaped($0) }
        propagation = words[6..<dash].map(\.text)
        type = MountInfo.unescaped(words[dash + 1])
        source = MountInfo.unescaped(words[dash + 2])
        let last = words.count > dash + 3 ? words[dash + 3] : []
        superOptions = last.split(separator: 44).map { MountInfo.unescaped($0) }
    }

    /// Lines that are malformed are left out.
    public static func parse(_ bytes: [UInt8]) -> [MountInfo] { bytes.lines.compactMap { MountInfo(line: $0) } }

    /// As the kernel writes it.
    static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar.value {
            case 9, 10, 32, 35, 92: result += "\\" + String(scalar.value + 0o1000, radix: 8).dropFirst()
            default: result.unicodeScalars.append(scalar)
            }
        }
    }

    /// The kernel writes blank, tab, line end and backslash (and `#` at times) as backslash and three octal digits.
    static func unescaped(_ bytes: Bytes) -> String {
        guard bytes.contains(92) else { return bytes.text }
        var result: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == 92, digits.count == 3, digits.allSatisfy({ (48...55).contains($0) }),
                let value = UInt8(exactly: digits.reduce(0) { $0 * 8 + Int($1 - 48) })
            {
                result.append(value)
                rest = rest.dropFirst(3)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
