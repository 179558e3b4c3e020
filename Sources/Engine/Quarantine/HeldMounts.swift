import APITypes
import Linux
import Logging

extension EngineCore {
    /// What a plan mounts, as a path of the host; nil: nothing of the host.
    private func hostPath(_ kind: MountPlan.Kind, _ source: String) -> String? {
        switch kind {
        case .tmpfs: nil
        case .bind: source
        case .volume: paths.volumeData(source)
        }
    }

    /// Refuses what tasks of a quarantined container hang on: exactly that volume or directory, and what is below it. Nothing
    /// of these paths is touched, as whoever touches them may hang with those tasks. Where something else has been mounted
    /// there meanwhile, it is not refused.
    func refuseHeld(_ plans: [MountPlan]) async throws(EngineError) {
        let quarantined = registry.all.map(\.snapshot).filter { $0.live == .quarantined && $0.state.quarantine != nil }
        for snapshot in quarantined {
            for held in snapshot.state.quarantine?.held ?? [] {
                for plan in plans where plan.kind == held.kind && Self.isWithin(plan.source, held.source) {
                    if try await isReplaced(held) { continue }
                    throw .conflict(Self.refusal(of: plan, snapshot))
                }
            }
        }
    }

    private static func isWithin(_ path: String, _ held: String) -> Bool {
        path == held || path.hasPrefix(held.hasSuffix("/") ? held : held + "/")
    }

    private static func refusal(of plan: MountPlan, _ snapshot: ContainerSnapshot) -> String {
        let what = plan.kind == .volume ? "volume \(plan.source)" : "directory \(plan.source)"
        let (id, name) = (snapshot.id.prefix(12), snapshot.state.quarantine?.formerName ?? snapshot.name)
        return
            "\(what) cannot be used: it hangs, and processes of the quarantined container \(id) (it was \(name)) wait for it. "
            + "It is free again when they have ended: see 'quell quarantine ls' and 'quell why \(id)'"
    }

    private func isReplaced(_ held: HeldMount) async throws(EngineError) -> Bool {
        guard let device = held.device, let path = hostPath(held.kind, held.source) else { return false }
        return try await Blocking.run { () throws(EngineError) in
            try attempt("look at the mounts") { () throws(SystemError) in
                MountTable(try Procfs.mountinfo()).device(of: path) != device
            }
        }
    }

    /// The volumes and directories that the tasks of a container hang on, or may hang on. Blocks.
    func heldMounts(of plans: [MountPlan], _ hung: HungPlaces) -> [HeldMount] {
        let table: MountTable?
        do throws(SystemError) { table = MountTable(try Procfs.mountinfo()) } catch {
            logger.warning("\(error)")
            table = nil
        }
        return plans.compactMap { plan in
            guard let path = hostPath(plan.kind, plan.source), hung.contains(plan, among: plans) else { return nil }
            return HeldMount(kind: plan.kind, source: plan.source, device: table?.device(of: path))
        }
    }
}

/// Which file system a path of the host is in, found without touching the path.
struct MountTable: Sendable {
    private let mounts: [MountInfo]

    init(_ mounts: [MountInfo]) { self.mounts = mounts }

    /// Links in the path are not followed. `MAJOR:MINOR`; of mounts on top of each other the last.
    func device(of path: String) -> String? {
        var best: MountInfo?
        for mount in mounts {
            let point = mount.mountPoint
            guard point == "/" || path == point || path.hasPrefix(point + "/") else { continue }
            if point.utf8.count >= best?.mountPoint.utf8.count ?? 0 { best = mount }
        }
        return best.map { "\($0.device.major):\($0.device.minor)" }
    }
}
