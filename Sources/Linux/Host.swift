internal import CLinux

/// What `info`, `version` and `stats` tell about the machine.
public enum Host {
    public struct Kernel: Hashable, Sendable {
        /// `6.18.44`.
        public var release: String
        public var version: String
        /// `x86_64`.
        public var machine: String
        public var hostname: String
    }

    public struct Memory: Hashable, Sendable {
        public var totalBytes: UInt64
        public var availableBytes: UInt64
        public var swapTotalBytes: UInt64
    }

    /// uname(2).
    public static func kernel() throws(SystemError) -> Kernel {
        var names = clinux_host()
        // SAFETY: a structure on the stack, filled before the call returns.
        try check(unsafe clinux_host(&names), "uname")
        return Kernel(
            release: text(names.release), version: text(names.version), machine: text(names.machine),
            hostname: text(names.name))
    }

    /// Processors that are online.
    public static var processors: Int { Int(max(1, clinux_cpu_count())) }

    /// `/proc/meminfo`.
    public static func memory() throws(SystemError) -> Memory { Memory(meminfo: try File.read("/proc/meminfo")) }

    /// Since boot, suspended time included (`/proc/uptime`).
    public static func uptime() throws(SystemError) -> Duration {
        let words = try File.read("/proc/uptime").words
        return words.first.flatMap { Double($0.text) }.map { .seconds($0) } ?? .zero
    }

    /// Over 1, 5 and 15 minutes (`/proc/loadavg`).
    public static func load() throws(SystemError) -> [Double] {
        try File.read("/proc/loadavg").words.prefix(3).compactMap { Double($0.text) }
    }

    /// Time all processors have spent since boot, idle included, in nanoseconds: Docker's `system_cpu_usage`.
    public static func processorTime() throws(SystemError) -> UInt64 {
        processorTime(parsing: try File.read("/proc/stat", limit: 16 << 20))
    }

    static func processorTime(parsing bytes: [UInt8]) -> UInt64 {
        guard let line = bytes.lines.first(where: { $0.hasPrefix("cpu ") }) else { return 0 }
        // user nice system idle iowait irq softirq; the rest is counted in user already. Ticks of 10 ms.
        let ticks = line.words.dropFirst().prefix(7).compactMap { UInt64(decimal: $0) }
        return ticks.reduce(0, &+) &* 10_000_000
    }

    /// `PRETTY_NAME` of os-release; nil where there is none.
    public static func operatingSystem() throws(SystemError) -> String? {
        for path in ["/etc/os-release", "/usr/lib/os-release"] {
            guard let bytes = try File.readIfPresent(path) else { continue }
            guard let line = bytes.lines.first(where: { $0.hasPrefix("PRETTY_NAME=") }) else { continue }
            return line.dropFirst(12).filter { $0 != 34 && $0 != 39 }.text
        }
        return nil
    }

    private static func text<Field>(_ field: Field) -> String {
        // SAFETY: the bytes of a C array, read within the closure.
        unsafe withUnsafeBytes(of: field) { bytes in unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

extension Host.Memory {
    init(meminfo bytes: [UInt8]) {
        var kilobytes: [String: UInt64] = [:]
        for line in bytes.lines {
            let words = line.words
            guard words.count >= 2, let value = UInt64(decimal: words[1]) else { continue }
            kilobytes[words[0].text] = value
        }
        totalBytes = (kilobytes["MemTotal:"] ?? 0) &* 1024
        availableBytes = (kilobytes["MemAvailable:"] ?? 0) &* 1024
        swapTotalBytes = (kilobytes["SwapTotal:"] ?? 0) &* 1024
    }
}
