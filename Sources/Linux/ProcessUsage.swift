internal import CLinux
internal import Glibc

/// What this process uses, as Prometheus' clients tell it.
public struct ProcessUsage: Hashable, Sendable {
    public var processorTime: Duration
    public var residentBytes: UInt64
    public var virtualBytes: UInt64
    /// Seconds since 1970, to about a hundredth.
    public var startTime: Double
    public var descriptors: Int
    public var descriptorLimit: UInt64
    public var threads: Int

    /// From `/proc/self/stat` and `/proc/self/fd`, which cannot hang on ourselves.
    public static func own() throws(SystemError) -> ProcessUsage {
        guard let stat = ProcessStat(parsing: try File.read("/proc/self/stat")) else {
            throw SystemError("parse", "/proc/self/stat", errno: 74)
        }
        let now = WallTime.now()
        let age = try Host.uptime() - .milliseconds(Int64(stat.startTicks) * 10)
        let (seconds, attoseconds) = age.components
        // SAFETY: two integers on the stack, written before the call returns.
        var (soft, hard): (UInt64, UInt64) = (0, 0)
        try check(unsafe clinux_prlimit(0, CLINUX_RLIMIT_NOFILE, &soft, &hard, false), "prlimit")
        return ProcessUsage(
            processorTime: .milliseconds(Int64(stat.userTicks + stat.systemTicks) * 10),
            residentBytes: stat.residentPages * UInt64(max(1, sysconf(Int32(_SC_PAGESIZE)))),
            virtualBytes: stat.virtualBytes,
            startTime: Double(now.seconds) + Double(now.nanoseconds) / 1e9
                - (Double(seconds) + Double(attoseconds) / 1e18),
            descriptors: try File.list("/proc/self/fd").count, descriptorLimit: soft, threads: stat.threads)
    }
}
