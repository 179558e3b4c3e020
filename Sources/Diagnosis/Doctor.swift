public import APITypes
public import Linux

/// What the doctor looks at: facts of containers and of the host. Pure from here on.
public struct Checkup: Sendable {
    public struct Container: Sendable {
        public var id: String
        public var name: String
        public var look: ReadinessLook
        /// As its main process sees them.
        public var mounts: [MountInfo]

        public init(id: String, name: String, look: ReadinessLook, mounts: [MountInfo]) {
            (self.id, self.name, self.look, self.mounts) = (id, name, look, mounts)
        }
    }
    public var containers: [Container]
    public var host: HostSettings

    public init(containers: [Container], host: HostSettings) { (self.containers, self.host) = (containers, host) }
}

extension DoctorReport {
    /// Problems first, those of the host before those of containers.
    public init(_ checkup: Checkup) {
        self.init()
        containers = checkup.containers.map(DoctorContainer.init)
        host = DoctorHost(checkup.host)
        let usesFuse = checkup.containers.contains { $0.mounts.contains { FileSystemKind.isFuse($0.type) } }
        let all =
            checkup.host.findings(usesFuse: usesFuse) + checkup.containers.flatMap { $0.findings(on: checkup.host) }
        let order = Readiness.Severity.allCases.map(\.rawValue)
        findings = order.flatMap { severity in all.filter { $0.severity == severity } }
        healthy = !findings.contains { $0.severity == Readiness.Severity.problem.rawValue }
    }
}

extension DoctorFinding {
    fileprivate init(
        _ severity: Readiness.Severity, _ code: String, _ message: String, cure: String? = nil,
        of container: String? = nil
    ) {
        self.init()
        (self.severity, self.code, self.message) = (severity.rawValue, code, message)
        (self.cure, self.container) = (cure, container)
    }
}

extension DoctorContainer {
    fileprivate init(_ container: Checkup.Container) {
        self.init()
        let readiness = container.look.readiness
        (id, name, stop) = (container.id, container.name, readiness.word.rawValue)
        (message, cure, fresh) = (readiness.message, readiness.cure, container.look.isFresh)
    }
}

extension DoctorHost {
    fileprivate init(_ host: HostSettings) {
        self.init()
        (kernel, cgroups, groupKill) = (host.kernel, host.cgroups.rawValue, host.hasGroupKill)
        (hungTaskTimeoutSeconds, hungTaskPanics) = (host.hungTaskTimeout, host.hungTaskPanics)
        (fuseDefaultTimeoutSeconds, fuseMaximumTimeoutSeconds) = (host.fuseDefaultTimeout, host.fuseMaximumTimeout)
        (pressure, fuseControl, dataRootType) = (host.hasPressure, host.hasFuseControl, host.dataRootType)
    }
}

// MARK: containers

extension Checkup.Container {
    fileprivate func findings(on host: HostSettings) -> [DoctorFinding] {
        var found: [DoctorFinding] = []
        let readiness = look.readiness
        // One that was started just now may install its handlers yet.
        if let severity = readiness.severity {
            found.append(
                DoctorFinding(
                    look.isFresh ? .note : severity, "stop-\(readiness.word.rawValue)",
                    readiness.message + (look.isFresh ? " (it was started just now)" : ""), cure: readiness.cure,
                    of: name))
        }
        var seen: Set<String> = []
        for mount in mounts where seen.insert(mount.mountPoint).inserted {
            if FileSystemKind.isFuse(mount.type) { found.append(fuse(mount, host)) }
            if FileSystemKind.isNetwork(mount.type) { found.append(network(mount)) }
        }
        return found
    }

    private func fuse(_ mount: MountInfo, _ host: HostSettings) -> DoctorFinding {
        let what = "\(mount.mountPoint) is FUSE (\(mount.type) of \(mount.source))"
        if host.endsFuseRequests {
            return DoctorFinding(.note, "fuse-mount", "\(what); requests without an answer end by themselves", of: name)
        }
        return DoctorFinding(
            .warning, "fuse-mount", "\(what): tasks that wait for it cannot be killed while its server does not answer",
            cure: host.fuseDefaultTimeout == nil
                ? "quell release --abort-fuse when it happens; kernels from 6.15 on can end such requests by themselves"
                : "sysctl fs.fuse.default_request_timeout=60, and mount it again", of: name)
    }

    /// A hard mount, which is what NFS does unless told otherwise, waits for its server for ever.
    private func network(_ mount: MountInfo) -> DoctorFinding {
        let what = "\(mount.mountPoint) is a network file system (\(mount.type) of \(mount.source))"
        let isSoft = mount.superOptions.contains { $0 == "soft" || $0 == "softerr" }
        return DoctorFinding(
            isSoft ? .note : .warning, "network-mount",
            isSoft
                ? "\(what); its calls end with an error after a while" : "\(what): calls wait for its server for ever",
            cure: isSoft ? nil : "mount it with soft or softerr where errors are better than waiting", of: name)
    }
}

// MARK: host

extension HostSettings {
    fileprivate func findings(usesFuse: Bool) -> [DoctorFinding] { hungTasks + fuse(usesFuse) + kernelFeatures + roots }

    private var hungTasks: [DoctorFinding] {
        if hungTaskPanics {
            return [
                DoctorFinding(
                    .problem, "hung-task-panic", "the host panics when a task of any container hangs in the kernel",
                    cure: "sysctl kernel.hung_task_panic=0")
            ]
        }
        guard let hungTaskTimeout else {
            return [
                DoctorFinding(
                    .note, "no-hung-task-detector", "the kernel has no hung-task detector: lock owners stay unknown",
                    cure: "a kernel with CONFIG_DETECT_HUNG_TASK")
            ]
        }
        if hungTaskTimeout > 0 { return [] }
        return [
            DoctorFinding(
                .warning, "hung-task-detector-off", "hung tasks are not logged (kernel.hung_task_timeout_secs is 0)",
                cure: "sysctl kernel.hung_task_timeout_secs=120")
        ]
    }

    private func fuse(_ isUsed: Bool) -> [DoctorFinding] {
        var found: [DoctorFinding] = []
        if !endsFuseRequests, let fuseDefaultTimeout {
            found.append(
                DoctorFinding(
                    isUsed ? .warning : .note, "no-fuse-timeout",
                    "FUSE requests wait for ever (fs.fuse.default_request_timeout is \(fuseDefaultTimeout))",
                    cure: "sysctl fs.fuse.default_request_timeout=60"))
        }
        if isUsed, !hasFuseControl {
            found.append(
                DoctorFinding(
                    .note, "no-fusectl", "fusectl is not mounted: quell release mounts one to abort a connection",
                    cure: "mount -t fusectl none /sys/fs/fuse/connections"))
        }
        return found
    }

    private var kernelFeatures: [DoctorFinding] {
        var found: [DoctorFinding] = []
        if !hasPressure {
            found.append(
                DoctorFinding(
                    .warning, "no-pressure", "the kernel tells no pressure (PSI): load cannot be told from hanging",
                    cure: "boot with psi=1"))
        }
        switch cgroups {
        case .unified: break
        case .hybrid:
            found.append(
                DoctorFinding(
                    .note, "cgroup-hybrid", "limits are on cgroup v1, membership is on v2",
                    cure: "boot with systemd.unified_cgroup_hierarchy=1"))
        case .legacy:
            found.append(
                DoctorFinding(
                    .warning, "cgroup-legacy",
                    "cgroup v1 alone: no event tells when a container is empty, it is polled",
                    cure: "mount cgroup2, or boot with systemd.unified_cgroup_hierarchy=1"))
        }
        if cgroups != .legacy, !hasGroupKill {
            found.append(
                DoctorFinding(
                    .warning, "no-cgroup-kill", "the kernel has no cgroup.kill: a fork bomb is killed task by task",
                    cure: "Linux 5.14 or newer"))
        }
        if !canProtectItself {
            found.append(
                DoctorFinding(
                    .note, "no-sys-resource",
                    "without CAP_SYS_RESOURCE the supervisors are not kept from the OOM killer",
                    cure: "give quelld CAP_SYS_RESOURCE"))
        }
        return found
    }

    private var roots: [DoctorFinding] {
        guard FileSystemKind.isNetwork(dataRootType) || FileSystemKind.isFuse(dataRootType) else { return [] }
        return [
            DoctorFinding(
                .warning, "data-root-remote",
                "the data root is on \(dataRootType): when its server hangs, so does every start",
                cure: "a --data-root on a local disk")
        ]
    }
}
