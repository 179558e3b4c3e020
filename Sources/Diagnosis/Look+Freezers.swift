internal import Linux

// Freezers: of the group of each process, and of all groups above it.

extension Look {
    func lookAtFreezers() {
        guard let host = cgroupHost() else { return }
        var seen: Set<String> = []
        for index in evidence.processes.indices {
            let process = evidence.processes[index]
            guard let groups = reading({ () throws(SystemError) in try procfs.cgroups(of: process.pid) }) else {
                continue
            }
            note(groups, inTasksOf: index)
            lookUp(groups, host, &seen)
            // A v1 freezer, and a threaded v2 group, hold threads and not processes.
            for task in process.tasks where task.tid != process.pid && task.isWorthDetails {
                if let own = reading({ () throws(SystemError) in try procfs.cgroups(of: process.pid, task: task.tid) })
                {
                    lookUp(own, host, &seen)
                }
            }
        }
    }

    private func cgroupHost() -> CgroupHost? {
        evidence.subject.cgroups.first?.host ?? reading { () throws(SystemError) in try CgroupHost.detect() }
    }

    private func note(_ groups: [CgroupMembership], inTasksOf index: Int) {
        let freezer = groups.first { $0.controllers.contains("freezer") }?.path
        let unified = groups.first { $0.hierarchy == 0 }?.path
        for place in evidence.processes[index].tasks.indices {
            evidence.processes[index].tasks[place].freezerPath = freezer
            evidence.processes[index].tasks[place].unifiedPath = unified
        }
    }

    private func lookUp(_ groups: [CgroupMembership], _ host: CgroupHost, _ seen: inout Set<String>) {
        for group in groups where !group.path.contains("..") {
            if group.hierarchy == 0, let top = host.unified {
                climb(from: group.path, top, .v2, &seen)
            } else if group.controllers.contains("freezer"), let top = host.controllers[.freezer] {
                climb(from: group.path, top, .v1, &seen)
            }
        }
    }

    /// The root group has no freezer.
    private func climb(
        from path: String, _ top: String, _ version: FreezerEvidence.Version, _ seen: inout Set<String>
    ) {
        var path = path
        while path.count > 1, seen.insert("\(version)\(path)").inserted {
            if let freezer = freezer(path, top + path, version), freezer.isFrozen || freezer.isSelfFrozen {
                evidence.freezers.append(freezer)
            }
            path = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        }
    }

    private func freezer(
        _ path: String, _ directory: String, _ version: FreezerEvidence.Version
    ) -> FreezerEvidence? {
        switch version {
        case .v1:
            guard let state = word(directory + "/freezer.state") else { return nil }
            let own = word(directory + "/freezer.self_freezing")
            var freezer = FreezerEvidence(
                version: version, path: path, directory: directory, isSelfFrozen: own == "1" || own == nil,
                isFrozen: state != "THAWED")
            freezer.isFreezing = state == "FREEZING"
            return freezer
        case .v2:
            guard let own = word(directory + "/cgroup.freeze") else { return nil }
            let events = bytes(directory + "/cgroup.events")?.textLines ?? []
            return FreezerEvidence(
                version: version, path: path, directory: directory, isSelfFrozen: own == "1",
                isFrozen: events.contains("frozen 1"))
        }
    }

    /// Nil: there is no such file.
    func bytes(_ path: String) -> [UInt8]? {
        reading { () throws(SystemError) in
            do throws(SystemError) { return try File.readIfPresent(path) } catch {
                // ENODEV: a control group that was removed. EOPNOTSUPP: pressure that is switched off.
                if error.errno == 19 || error.isUnsupported { return nil }
                throw error
            }
        }
    }

    /// The first word of a file; nil: there is none.
    func word(_ path: String) -> String? {
        bytes(path)?.textLines.first?.words.first.map(String.init)
    }
}
