import Glibc
import Linux

// What the daemon asks of the C library itself.

enum Environment {
    static func variable(_ name: String) -> String? {
        // SAFETY: nothing in this process changes the environment.
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}

enum Signals {
    /// A daemon that was begun in a terminal outlives it; see `Daemon` for what a HUP does afterwards. Children do not inherit
    /// this: each starts with all signals as they are by default.
    static func ignoreHangUp() { _ = signal(SIGHUP, SIG_IGN) }
}

/// The program's own code in memory.
enum ProgramCode {
    /// Unmaps the pages of code that only the start needed (relocation, symbol look-up, reading configuration, recovery):
    /// two thirds of what is mapped then. They stay in the page cache; what is needed again is mapped again at its first
    /// use. Only code is touched: it is never written, so nothing can get lost.
    static func giveBackStartUp() throws {
        let own = try File.readLink("/proc/self/exe")
        let maps = String(decoding: try File.read("/proc/self/maps", limit: 4 << 20), as: UTF8.self)
        for line in maps.split(separator: "\n") where line.hasSuffix(own) {
            let fields = line.split(separator: " ")
            let ends = fields[0].split(separator: "-").compactMap { UInt(String($0), radix: 16) }
            guard fields[1] == "r-xp", ends.count == 2, ends[0] < ends[1] else { continue }
            // SAFETY: a mapping of this process, readable and executable only; the pages come back when they are used.
            unsafe madvise(UnsafeMutableRawPointer(bitPattern: ends[0]), Int(ends[1] - ends[0]), MADV_DONTNEED)
        }
    }
}

/// Tells the service manager how far the daemon is (sd_notify(3)). Without one, nothing happens.
struct ServiceManager: Sendable {
    private let address: String?

    init(socket: String? = Environment.variable("NOTIFY_SOCKET")) { address = socket }

    /// `READY=1`, `STOPPING=1`. Nobody is told when it fails: the service manager notices by itself.
    func notify(_ state: String) {
        guard let address, var name = ServiceManager.socketName(address) else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        name += [0]
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        // SAFETY: the name was checked to fit, and both pointers are used within their closures only.
        unsafe withUnsafeMutableBytes(of: &target.sun_path) { unsafe $0.copyBytes(from: name) }
        _ = unsafe withUnsafePointer(to: target) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe sendto(descriptor, state, state.utf8.count, Int32(MSG_NOSIGNAL), address, length)
            }
        }
    }

    /// The bytes of a path, or of an abstract name, which is written with `@`; nil where they do not fit.
    private static func socketName(_ address: String) -> [UInt8]? {
        var name = Array(address.utf8)
        guard name.first == UInt8(ascii: "/") || name.first == UInt8(ascii: "@"), name.count < 107 else { return nil }
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        return name
    }
}
