import APITypes

extension Spec {
    static let maskedPaths = [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
        "/sys/devices/virtual/powercap",
    ]
    static let readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

    static func linux(_ input: SpecInput) throws(EngineError) -> JSON {
        let host = input.document.host
        var members: [String: JSON?] = [
            "cgroupsPath": .string(input.cgroupPath),
            "namespaces": .array(try namespaces(input)),
            "resources": try resources(input),
            "seccomp": input.seccomp,
            "rootfsPropagation": rootPropagation(input.mounts),
        ]
        if !input.devices.isEmpty { members["devices"] = .array(input.devices.map(node)) }
        if !host.privileged {
            members["maskedPaths"] = JSON(host.maskedPaths ?? maskedPaths)
            members["readonlyPaths"] = JSON(host.readonlyPaths ?? readonlyPaths)
        }
        if let sysctls = host.sysctls, !sysctls.isEmpty {
            members["sysctl"] = .object(sysctls.mapValues { .string($0) })
        }
        return .compact(members)
    }

    private static func namespaces(_ input: SpecInput) throws(EngineError) -> [JSON] {
        let modes = input.document.namespaces
        var list: [JSON] = [["type": "mount"]]
        for (type, file, mode) in [
            ("network", "net", modes.network), ("pid", "pid", modes.pid), ("ipc", "ipc", modes.ipc),
            ("uts", "uts", modes.uts), ("cgroup", "cgroup", modes.cgroup),
        ] {
            switch mode {
            case .own where type == "network" && input.networkNamespace != nil:
                list.append(["type": "network", "path": .string(input.networkNamespace ?? "")])
            case .own, .none: list.append(["type": .string(type)])
            case .host: break
            case .shared(let id):
                guard let pid = input.sharedPIDs[id] else {
                    throw .conflict("cannot join \(type) namespace of container \(id): it is not running")
                }
                list.append(["type": .string(type), "path": .string("/proc/\(pid)/ns/\(file)")])
            }
        }
        return list
    }

    private static func node(_ device: HostDevice) -> JSON {
        [
            "path": .string(device.path), "type": .string(device.type), "major": JSON(device.major),
            "minor": JSON(device.minor), "fileMode": JSON(device.mode), "uid": JSON(device.uid),
            "gid": JSON(device.gid),
        ]
    }
}
