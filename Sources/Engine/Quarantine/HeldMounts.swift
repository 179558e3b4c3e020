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

    /// Refuses what tasks of a quarantined container hang on: exactly that volume or directory, and what is below it, by
    /// whatever path it is reached, as far as there are no links in that (`BindSource.check` follows them). Nothing of these
    /// paths is touched, as whoever touches them may hang with those tasks. Where something else has been mounted there
    /// meanwhile, it is not refused.
    func refuseHeld(_ plans: [MountPlan]) async throws(EngineError) {
        let quarantined = registry.all.map(\.snapshot).filter { $0.live == .quarantined && $0.state.quarantine != nil }
        for snapshot in quarantined {
            for held in snapshot.state.quarantine?.held ?? [] {
                for plan in plans where plan.kind == held.kind {
                    guard try await isHeld(plan, held) else { continue }
                    throw .conflict(Self.refusal(of: plan, snapshot))
                }
            }
        }
    }

    private static func refusal(of plan: MountPlan, _ snapshot: ContainerSnapshot) -> String {
        let what = plan.kind == .volume ? "volume \(plan.source)" : "directory \(plan.source)"
        let (id, name) = (snapshot.id.prefix(12), snapshot.state.quarantine?.formerName ?? snapshot.name)
        return
            "\(what) cannot be used: it hangs, and processes of the quarantined container \(id) (it was \(name)) wait for it. "
            + "It is free again when they have ended: see 'quell quarantine ls' and 'quell why \(id)'"
    }

    /// By its name; or, a directory, by where it is: the container may have been given it by a link, or by another mount.
    private func isHeld(_ plan: MountPlan, _ held: HeldMount) async throws(EngineError) -> Bool {
        let isNamed = plan.source.isAt(or: held.source)
        let place = plan.kind == .bind ? held.place : nil
        guard let path = hostPath(plan.kind, plan.source), isNamed && held.device != nil || place != nil else {
            return isNamed
        }
        let heldPath = hostPath(held.kind, held.source) ?? path
        return try await Blocking.run { () throws(EngineError) in
            try attempt("look at the mounts") { () throws(SystemError) in
                let table = MountTable(try Procfs.mountinfo())
                if let place, table.place(of: path)?.isWithin(place) == true { return true }
                return isNamed && (held.device == nil || table.place(of: heldPath)?.device == held.device)
            }
        }
    }

    /// The volumes and directories that the tasks of a container hang on, or may hang on. Blocks.
    /// - Parameter saved: the file with the mounts as the container sees them.
    func heldMounts(of plans: [MountPlan], _ hung: HungPlaces, saved: String) -> [HeldMount] {
        var table: MountTable?
        var seen: [MountInfo] = []
        do throws(SystemError) {
            table = MountTable(try Procfs.mountinfo())
            seen = MountInfo.parse(try File.readIfPresent(saved, limit: 4 << 20) ?? [])
        } catch { logger.warning("\(error)") }
        return plans.compactMap { plan in
            guard let path = hostPath(plan.kind, plan.source), hung.contains(plan, among: plans) else { return nil }
            let mount = plan.kind == .bind ? seen.last { $0.mountPoint == plan.target } : nil
            return HeldMount(
                kind: plan.kind, source: plan.source, device: table?.place(of: path)?.device,
                place: mount.map(FileSystemPlace.init))
        }
    }
}

extension FileSystemPlace {
    init(_ mount: MountInfo) { self.init(device: "\(mount.device.major):\(mount.device.minor)", root: mount.root) }
}

/// Which file system a path of the host is in, found without touching the path.
struct MountTable: Sendable {
    private let mounts: [MountInfo]

    init(_ mounts: [MountInfo]) { self.mounts = mounts }

    /// Links in the path are not followed. Of mounts on top of each other the last counts.
    func place(of path: String) -> FileSystemPlace? {
        var best: MountInfo?
        for mount in mounts where path.isAt(or: mount.mountPoint) {
            if mount.mountPoint.utf8.count >= best?.mountPoint.utf8.count ?? 0 { best = mount }
        }
        return best.map { mount in
            var place = FileSystemPlace(mount)
            let rest = path.dropFirst(mount.mountPoint == "/" ? 0 : mount.mountPoint.count)
            place.root =
                place.root == "/" ? (rest.isEmpty ? "/" : String(rest)) : place.root + (rest == "/" ? "" : rest)
            return place
        }
    }
}
