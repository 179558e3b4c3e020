import APITypes

/// Linux capabilities by name, with Docker's defaults.
enum Capabilities {
    /// In the order of their numbers (capability.h), without `CAP_`.
    static let all = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
        "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
        "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
        "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
        "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
        "CHECKPOINT_RESTORE",
    ]
    static let defaults: Set<String> = [
        "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP",
        "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE",
    ]

    /// The capabilities of a container, with `CAP_`, in the kernel's order. What the engine itself lacks (`held`, a mask)
    /// is left out of defaults and of ALL; asked for by name it is an error.
    static func effective(_ host: HostConfig, held: UInt64) throws(EngineError) -> [String] {
        let ours = Set(all.enumerated().filter { held & (1 << UInt64($0.offset)) != 0 }.map(\.element))
        if host.privileged { return named(ours) }
        let added = try (host.capAdd ?? []).map(normalise)
        let dropped = try (host.capDrop ?? []).map(normalise)
        if let missing = added.first(where: { $0 != "ALL" && !ours.contains($0) }) {
            throw .invalid("cannot add capability CAP_\(missing): the engine itself does not have it")
        }
        var result = dropped.contains("ALL") ? [] : defaults
        if added.contains("ALL") { result = Set(all) }
        result.subtract(dropped)
        result.formUnion(added.filter { $0 != "ALL" })
        return named(result.intersection(ours))
    }

    private static func named(_ set: Set<String>) -> [String] {
        all.filter(set.contains).map { "CAP_" + $0 }
    }

    private static func normalise(_ text: String) throws(EngineError) -> String {
        var name = text.uppercased()
        if name.hasPrefix("CAP_") { name.removeFirst(4) }
        guard name == "ALL" || all.contains(name) else { throw .invalid("unknown capability: \"\(text)\"") }
        return name
    }
}
