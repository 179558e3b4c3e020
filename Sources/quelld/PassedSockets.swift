import Linux

/// The listening sockets that systemd left to this process (sd_listen_fds(3)): LISTEN_FDS of them, from descriptor 3 on.
struct PassedSockets: Sendable {
    private static let first: Int32 = 3
    /// Numbers with their names, as far as nobody has taken them.
    private var left: [(raw: Int32, name: String)]

    /// From the environment; none where it is meant for another process.
    init() throws(DaemonError) {
        left = []
        guard let count = Environment.variable("LISTEN_FDS") else { return }
        if let pid = Environment.variable("LISTEN_PID"), Int32(pid) != ProcessSelf.pid { return }
        guard let count = Int32(count), count >= 0, count < 1024 else {
            throw DaemonError("LISTEN_FDS \"\(count)\": expected the number of sockets that were passed")
        }
        let names = (Environment.variable("LISTEN_FDNAMES") ?? "").split(
            separator: ":", omittingEmptySubsequences: false)
        for index in 0..<Int(count) {
            left.append((PassedSockets.first + Int32(index), index < names.count ? String(names[index]) : "unknown"))
        }
    }

    /// Those of this name or number, or all: their descriptors.
    mutating func take(_ wanted: String?) throws(DaemonError) -> [Int32] {
        let taken = left.filter { wanted == nil || $0.name == wanted || "\($0.raw)" == wanted }
        guard !taken.isEmpty else {
            let there = left.isEmpty ? "none was passed" : "there are " + left.map { "\($0.raw) (\($0.name))" }.joined()
            throw DaemonError(
                "host \"fd://\(wanted ?? "")\": no such socket was passed by systemd: \(there); "
                    + "start quelld by its socket unit, or use unix://PATH")
        }
        left.removeAll { entry in taken.contains { $0.raw == entry.raw } }
        return taken.map(\.raw)
    }
}
