import APITypes

extension Spec {
    static func mounts(_ input: SpecInput) throws(EngineError) -> JSON {
        let chosen = Set(input.mounts.map { normalised($0.plan.target) })
        var list = systemMounts(input).filter { !chosen.contains($0["destination"]?.text ?? "") }
        list += fileMounts(input).filter { !chosen.contains($0["destination"]?.text ?? "") }
        // Shallow targets first: a mount must not hide one below it.
        let ordered = input.mounts.enumerated().sorted {
            (depth($0.element), $0.offset) < (depth($1.element), $1.offset)
        }
        for (_, mount) in ordered { list.append(own(mount, input.facts)) }
        return .array(list)
    }

    private static func depth(_ mount: ResolvedMount) -> Int {
        mount.plan.target.split(separator: "/").count
    }

    /// Without a closing slash.
    static func normalised(_ path: String) -> String {
        "/" + path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    private static func mount(_ type: String, _ source: String, _ target: String, _ options: [String]) -> JSON {
        ["type": .string(type), "source": .string(source), "destination": .string(target), "options": JSON(options)]
    }

    private static func systemMounts(_ input: SpecInput) -> [JSON] {
        let privileged = input.document.host.privileged
        let safe = ["nosuid", "noexec", "nodev"]
        var list = [
            mount("proc", "proc", "/proc", safe),
            mount("tmpfs", "tmpfs", "/dev", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            mount(
                "devpts", "devpts", "/dev/pts",
                ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            mount("sysfs", "sysfs", "/sys", safe + (privileged ? [] : ["ro"])),
            mount("cgroup", "cgroup", "/sys/fs/cgroup", safe + (privileged ? [] : ["ro"])),
        ]
        list += sharedMemory(input, safe)
        return list
    }

    private static func sharedMemory(_ input: SpecInput, _ safe: [String]) -> [JSON] {
        let queues = mount("mqueue", "mqueue", "/dev/mqueue", safe)
        switch input.document.namespaces.ipc {
        case .own where input.sharedMemory == nil:
            let options = safe + ["mode=1777", "size=\(input.shmSize)"]
            return [queues, mount("tmpfs", "shm", "/dev/shm", options)]
        case .none: return [queues]
        case .host:
            return ["/dev/mqueue", "/dev/shm"].map { mount("bind", $0, $0, ["rbind", "rprivate"] + safe) }
        case .own, .shared:
            return [queues, mount("bind", input.sharedMemory ?? "", "/dev/shm", ["rbind", "rprivate"] + safe)]
        }
    }

    private static func fileMounts(_ input: SpecInput) -> [JSON] {
        var list: [JSON] = []
        if let directory = input.fileDirectory {
            for name in ["resolv.conf", "hostname", "hosts"] {
                list.append(mount("bind", "\(directory)/\(name)", "/etc/\(name)", ["bind", "rprivate"]))
            }
        }
        if let path = input.initPath {
            list.append(mount("bind", path, "/sbin/docker-init", ["bind", "ro"]))
        }
        return list
    }

    private static func own(_ resolved: ResolvedMount, _ facts: HostFacts) -> JSON {
        let plan = resolved.plan
        switch plan.kind {
        case .tmpfs:
            var options = plan.options
            for (word, opposite) in [("noexec", "exec"), ("nosuid", "suid"), ("nodev", "dev")]
            where !options.contains(opposite) && !options.contains(word) {
                options.append(word)
            }
            if plan.readOnly { options.append("ro") }
            return mount("tmpfs", "tmpfs", plan.target, options)
        case .bind, .volume:
            // Only where it changes something: crun 1.8 cannot do it for a file.
            let whole =
                (plan.readOnlyRecursive ?? resolved.hasMountsBelow) && plan.recursive && facts.mountsReadOnlyRecursively
            let access = plan.readOnly ? (whole ? "rro" : "ro") : "rw"
            return mount(
                "bind", resolved.source, plan.target, [plan.recursive ? "rbind" : "bind", plan.propagation, access])
        }
    }

    /// The propagation of the root mount that shared and slave mounts below it need.
    static func rootPropagation(_ mounts: [ResolvedMount]) -> JSON? {
        let all = Set(mounts.map(\.plan.propagation))
        if all.contains("shared") || all.contains("rshared") { return "shared" }
        return all.contains("slave") || all.contains("rslave") ? "rslave" : nil
    }
}
