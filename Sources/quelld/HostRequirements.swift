import Linux
import Logging

/// What the kernel must have. What is missing is named at the start, not found out by the first container.
enum HostRequirements {
    static func check(_ logger: Logger) throws {
        guard ProcessSelf.uid == 0 else {
            throw DaemonError("quelld must run as root (it mounts file systems and makes cgroups)")
        }
        let missing = Probe.all.compactMap(\.complaint)
        guard missing.isEmpty else {
            throw DaemonError("this kernel lacks what containers need: " + missing.joined(separator: "; "))
        }
        guard lacksOverlay else { return }
        logger.warning("no overlayfs in this kernel: each container gets a copy of its image (modprobe overlay)")
    }

    /// Something the kernel must do, or what is wrong when it does not.
    struct Probe: Sendable {
        let name: String
        let need: String
        let run: @Sendable () throws -> Void

        static let all = [
            Probe(name: "cgroups", need: "mount /sys/fs/cgroup") { _ = try CgroupHost.detect() },
            Probe(name: "pidfd_open", need: "Linux 5.3 or newer is needed") { _ = try Pidfd(opening: ProcessSelf.pid) },
            Probe(name: "openat2", need: "Linux 5.6 or newer is needed, and a sandbox must allow it") {
                _ = try RootedDirectory("/").status(of: "proc")
            },
            Probe(name: "close_range", need: "Linux 5.9 or newer is needed, and a sandbox must allow it") {
                // Every child closes what it must not have before it finds that its program is not there.
                do throws(SystemError) {
                    _ = try Spawn.start(SpawnRequest("/proc/quell-has-nothing-here", []))
                } catch { if error.call.hasPrefix("close_range") { throw error } }
            },
        ]

        /// Nil: it works.
        var complaint: String? {
            do {
                try run()
                return nil
            } catch { return "\(name) (\(error)): \(need)" }
        }
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

    /// Only a mount tells: the module is loaded by it. This one cannot succeed, as its lower directory is not there.
    private static var lacksOverlay: Bool {
        let noDevice: Int32 = 19
        do throws(SystemError) {
            try Mount.mount("overlay", type: "overlay", at: "/", options: "lowerdir=/proc/quell-has-nothing-here")
            return false
        } catch { return error.errno == noDevice }
    }
}
