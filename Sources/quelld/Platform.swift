import Glibc
import Linux
import Logging

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

/// Code in memory: the program's own and its libraries'.
enum ProgramCode {
    /// Gives back what is mapped and not used, at once and every minute from then on: first what the start needed (relocation,
    /// symbol look-up, recovery), later what the first calls did (metadata of types is looked up once), and what the kernel
    /// maps around each page that is used.
    static func keepSmall(_ logger: Logger) async {
        while !Task.isCancelled {
            do { try giveBack() } catch { logger.warning("giving back memory: \(error)") }
            // Cancelled: the daemon ends.
            do { try await Task.sleep(for: .seconds(60)) } catch { return }
        }
    }

    /// The pages stay in the page cache; what is needed again is mapped again at its first use, all of it in a millisecond.
    /// Nothing can get lost: only what cannot be written, and never was, is touched.
    private static func giveBack() throws {
        let maps = String(decoding: try File.read("/proc/self/smaps", limit: 16 << 20), as: UTF8.self)
        var candidate: (start: UInt, length: Int)?
        for line in maps.split(separator: "\n") {
            if let mapping = unwritableFile(line) {
                candidate = mapping
            } else if isHead(line) {
                candidate = nil
            } else if let found = candidate, line.hasPrefix("Anonymous:") {
                candidate = nil
                // A page of its own in it was written before it was made read-only: relocated data.
                guard line.split(separator: " ") == ["Anonymous:", "0", "kB"] else { continue }
                // SAFETY: a mapping of a file by this process, without a page of its own; they come back when they are used.
                unsafe madvise(UnsafeMutableRawPointer(bitPattern: found.start), found.length, MADV_DONTNEED)
            }
        }
    }

    /// `5630-5640 r-xp 00000000 fe:00 123 /usr/bin/quelld`
    private static func unwritableFile(_ line: Substring) -> (start: UInt, length: Int)? {
        guard let fields = head(line), fields.count >= 6, fields[5].hasPrefix("/"), fields[1].hasPrefix("r"),
            !fields[1].contains("w"), fields[1].hasSuffix("p")
        else { return nil }
        let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
        guard ends.count == 2, ends[0] < ends[1] else { return nil }
        return (ends[0], Int(ends[1] - ends[0]))
    }

    private static func isHead(_ line: Substring) -> Bool { head(line) != nil }

    /// The fields of a line that begins a mapping; all others have a colon behind their first word.
    private static func head(_ line: Substring) -> [Substring]? {
        let fields = line.split(separator: " ")
        guard let first = fields.first, first.contains("-"), !first.hasSuffix(":") else { return nil }
        return fields
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
