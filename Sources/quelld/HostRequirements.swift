import Linux
import Logging

/// What the kernel must have. What is missing is named at the start, not found out by the first container.
enum HostRequirements {
    static func check(_ logger: Logger) throws {
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
        if ProcessSelf.uid != 0 {
            throw DaemonError("quelld must run as root (it mounts file systems and makes cgroups)")
        }
        guard try !hasOverlay() else { return }
        logger.warning("no overlayfs in this kernel: each container gets a copy of its image (modprobe overlay)")
    }

    private static func hasOverlay() throws -> Bool {
        let table = String(decoding: try File.read("/proc/filesystems"), as: UTF8.self)
        return table.split(whereSeparator: \.isWhitespace).contains("overlay")
    }
}
