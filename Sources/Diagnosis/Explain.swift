internal import Linux

/// What the evidence means. Pure: the same evidence gives the same explanation.
public func explain(_ evidence: Evidence) -> Explanation {
    let holds = Holds(evidence)
    return Explanation(
        evidence, outlook: StopOutlook(evidence), causes: holds.causes(), pressure: evidence.pressureLines)
}

extension Evidence {
    /// What load explains slowness; in percent of the last ten seconds.
    var pressureLines: [String] {
        var lines: [String] = []
        func note(_ value: Pressure.Value?, from limit: Double, _ text: (Int) -> String) {
            if let value, value.some >= limit { lines.append(text(Int(value.some.rounded()))) }
        }
        note(hostPressure.cpu, from: 50) { "tasks of the host waited for a processor \($0) % of the last 10 s" }
        note(hostPressure.memory, from: 10) { "tasks of the host waited for memory \($0) % of the last 10 s" }
        note(hostPressure.io, from: 25) { "tasks of the host waited for I/O \($0) % of the last 10 s" }
        note(groupPressure?.cpu, from: 50) { "its own tasks waited for a processor \($0) % of the last 10 s" }
        note(groupPressure?.memory, from: 10) { "its own tasks waited for memory \($0) % of the last 10 s" }
        note(groupPressure?.io, from: 25) { "its own tasks waited for I/O \($0) % of the last 10 s" }
        return lines
    }

    /// KILL was sent to it, and it cannot be stopped otherwise any more.
    var isKilled: Bool { subject.stop?.isStuck == true || main?.tasks.contains(where: \.isDying) == true }

    /// The main process; where none was named, the oldest.
    var main: ProcessEvidence? { processes.first(where: \.isMain) ?? processes.first }

    /// Freezer groups, themselves asked to freeze, that the path lies in; the uppermost first.
    func frozenGroups(_ version: FreezerEvidence.Version, holding path: String?) -> [FreezerEvidence] {
        guard let path else { return [] }
        return freezers.filter { $0.version == version && $0.isSelfFrozen && path.isWithin($0.path) }
            .sorted { $0.path.utf8.count < $1.path.utf8.count }
    }

    /// By which freezer the task is held; nil: by none. In v1 a frozen task shows D, in v2 S.
    func freezer(of task: TaskEvidence) -> FreezerEvidence.Version? {
        switch task.state {
        case "D":
            if task.sleepsIn(KernelFunctions.refrigerator) { return .v1 }
            return frozenGroups(.v1, holding: task.freezerPath).isEmpty ? nil : .v1
        case "S":
            guard task.sleepsIn(KernelFunctions.freezerTrap) else { return nil }
            return frozenGroups(.v2, holding: task.unifiedPath).isEmpty ? nil : .v2
        default: return nil
        }
    }

    /// Every task of the frozen groups is frozen: this one sleeps in D for that, and for nothing else.
    func isFrozenForGood(_ task: TaskEvidence) -> Bool {
        guard freezer(of: task) == .v1 else { return false }
        return task.sleepsIn(KernelFunctions.refrigerator)
            || !frozenGroups(.v1, holding: task.freezerPath).contains(where: \.isFreezing)
    }

    /// A stop thaws the groups of its container, and none above.
    func isThawedByStop(_ freezer: FreezerEvidence) -> Bool {
        subject.cgroups.contains { freezer.path.isWithin($0.path) }
    }
}
