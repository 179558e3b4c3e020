import Linux
import Logging

/// What the kernel must have. What is missing is named at the start, not found out by the first container.
enum HostRequirements {
    static func check(_ logger: Logger) throws {
        guard ProcessSelf.uid == 0 else {
            throw DaemonError("quelld must run as root (it mounts file systems and makes cgroups)")
        }
        var missing: [String] = []
        do {
            _ = try CgroupHost.detect()
        } catch {
            missing.append("cgroups (\(error)): mount /sys/fs/cgroup")
        }
        do {
            _ = try Pidfd(opening: ProcessSelf.pid)
        } catch {
            missing.append("pidfd_open (\(error)): Linux 5.3 or newer is needed")
        }
        guard missing.isEmpty else {
            throw DaemonError("this kernel lacks what containers need: " + missing.joined(separator: "; "))
        }
        guard try !hasOverlay() else { return }
        logger.warning("no overlayfs in this kernel: each container gets a copy of its image (modprobe overlay)")
    }

    /// The runtime that containers get is wanted only when one is started; its absence is told now.
    static func checkRuntime(_ settings: Settings, _ logger: Logger) {
        let named = settings.runtimes[settings.defaultRuntime]
        let directories = (Environment.variable("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin").split(separator: ":")
        let candidates = named.map { [$0] } ?? directories.map { "\($0)/\(settings.defaultRuntime)" }
        guard !candidates.contains(where: File.isExecutable) else { return }
        logger.error(
            "no OCI runtime: containers cannot be started; install crun, or name another with --runtime",
            metadata: ["runtime": "\(settings.defaultRuntime)", "looked-at": "\(candidates.joined(separator: " "))"])
    }

    private static func hasOverlay() throws -> Bool {
        let table = String(decoding: try File.read("/proc/filesystems"), as: UTF8.self)
        return table.split(whereSeparator: \.isWhitespace).contains("overlay")
    }
}
