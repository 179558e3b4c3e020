import Linux
import Logging
import Synchronization

/// What the options of a local volume have mounted as its content: Docker's `type`, `device` and `o`.
struct VolumeMount: Hashable, Sendable {
    let type: String
    let device: String
    /// As mount(8) takes them with `-o`.
    let options: String

    /// Nil: the volume is a directory of the data root. `.invalid` and `.unsupported` name the option.
    init?(_ options: [String: String]) throws(EngineError) {
        if options.isEmpty { return nil }
        for key in options.keys.sorted() where !["type", "device", "o"].contains(key) {
            guard key == "size" else { throw .invalid("invalid option: \"\(key)\"") }
            throw .unsupported(
                "option \"size\" of local volumes is not there, as quotas are not: use type=tmpfs, device=tmpfs, o=size=…"
            )
        }
        for key in ["type", "device"] where options[key]?.isEmpty ?? true {
            throw .invalid("missing required option: \"\(key)\"")
        }
        (type, device, self.options) = (options["type"] ?? "", options["device"] ?? "", options["o"] ?? "")
        let binds = self.options.split(separator: ",").contains { $0 == "bind" || $0 == "rbind" }
        if type == "none" || type == "bind" {
            guard binds else { throw .invalid("option \"type\" is \(type): option \"o\" must have bind or rbind") }
        }
        if binds, !device.hasPrefix("/") {
            throw .invalid("option \"device\" is \"\(device)\": a bind mount needs an absolute path")
        }
        for (name, text) in [("type", type), ("device", device), ("o", self.options)] where text.utf8.contains(0) {
            throw .invalid("option \"\(name)\" has a NUL byte in it")
        }
    }

    /// Of mount(8), which knows the helpers of network file systems.
    func arguments(target: String) -> [String] {
        let kind = type == "bind" ? "none" : type
        return ["-t", kind] + (options.isEmpty ? [] : ["-o", options]) + ["--source", device, "--target", target]
    }
}

extension VolumeTable {
    /// What a network file system may take to answer.
    private static let mountDeadline = Duration.seconds(30)

    /// The container is about to use it: its content is mounted, where its options say so, and stays until `letGo`.
    func hold(_ name: String, for container: String, _ core: EngineCore) async throws(EngineError) {
        let row = try find(name)
        guard let mount = try VolumeMount(row.options) else { return }
        holders.withLock { _ = $0[name, default: []].insert(container) }
        let target = core.paths.volumeData(name)
        do throws(EngineError) {
            try await alone(with: name) { () async throws(EngineError) in
                if try VolumeTable.isMounted(target) { return }
                let words = mount.arguments(target: target)
                _ = try await Child.output(
                    "/bin/mount", words, within: VolumeTable.mountDeadline, limit: 1 << 16, core)
            }
        } catch {
            holders.withLock { _ = $0[name]?.remove(container) }
            throw .system("failed to mount local volume \(name) (\(mount.type) of \(mount.device)): \(error)")
        }
    }

    /// The container does not use them any more: what nobody uses is unmounted.
    func letGo(_ names: [String], by container: String, _ core: EngineCore) async {
        for name in names {
            holders.withLock { _ = $0[name]?.remove(container) }
            guard rows.withLock({ $0[name]?.options.isEmpty == false }) else { continue }
            do throws(EngineError) {
                try await alone(with: name) { () async throws(EngineError) in
                    if isHeld(name, besides: container, core) { return }
                    try await unmount(name, core)
                }
            } catch { core.logger.warning("\(error)") }
        }
    }

    /// By a container that runs or is about to; one that an earlier engine started holds it by running.
    private func isHeld(_ name: String, besides container: String, _ core: EngineCore) -> Bool {
        if holders.withLock({ $0[name]?.isEmpty == false }) { return true }
        return core.registry.all.contains { other in
            let snapshot = other.snapshot
            return other.id != container && snapshot.isActive
                && snapshot.document.mounts.contains { $0.kind == .volume && $0.source == name }
        }
    }

    /// Its directory is empty then, whatever was mounted there.
    func unmount(_ name: String, _ core: EngineCore) async throws(EngineError) {
        let target = core.paths.volumeData(name)
        guard try VolumeTable.isMounted(target) else { return }
        try await Blocking.run("unmounting volume \(name)", within: VolumeTable.mountDeadline, on: core.reactor) {
            () throws(EngineError) in
            try attempt("unmount volume \(name)") { () throws(SystemError) in try Traces.unmount(target) }
        }
    }

    /// Reads mountinfo alone: what hangs there is not touched.
    static func isMounted(_ path: String) throws(EngineError) -> Bool {
        try attempt { () throws(SystemError) in try Mount.isMountPoint(path) }
    }

    /// Mounting and unmounting a volume: one at a time.
    private func alone(
        with name: String, _ body: () async throws(EngineError) -> Void
    ) async throws(EngineError) {
        let gate = gates.withLock { gates in
            if let gate = gates[name] { return gate }
            let gate = Gate(limit: 1)
            gates[name] = gate
            return gate
        }
        guard let place = await gate.enter(within: VolumeTable.mountDeadline * 2) else {
            throw .timedOut("volume \(name): an earlier mount or unmount of it has not come back")
        }
        defer { place.leave() }
        try await body()
    }
}
