internal import Linux

// From held tasks to causes: who is waited for, and what would free them.

extension Holds {
    func cause(_ holds: [Hold]) -> Cause {
        let reason = holds[0].reason
        let tasks = holds.map(\.task)
        let worst = holds.map(\.certainty).min { $0.rawValue < $1.rawValue } ?? .harmless
        var cause = Cause(reason, worst, summary: "", tasks: tasks)
        switch reason {
        case .fuse: fuse(&cause, holds[0].target)
        case .nfs: network(&cause)
        case .blockIO, .suspendedDevice: device(&cause)
        case .frozenFileSystem: frozenFileSystem(&cause)
        case .frozenCgroup: frozenCgroup(&cause)
        case .traced: tracer(&cause)
        case .vfork: vfork(&cause)
        case .driver: driver(&cause)
        case .memoryPressure:
            cause.summary = "\(people(tasks)) \(waits(tasks)) for memory"
            if worst == .harmless { cause.summary += ": KILL ends it all the same" }
        case .unreapedChild, .unknown: unknown(&cause)
        }
        addLockOwners(&cause)
        addMemory(&cause)
        return cause
    }

    // MARK: file systems

    private func fuse(_ cause: inout Cause, _ target: String) {
        let known = evidence.connections.filter { "\($0.number)" == target }
        let connections = known.isEmpty ? evidence.connections : known
        cause.blockers = connections.map { .fuse($0) }
        for connection in connections {
            for server in connection.servers where server.isStopped && connection.isServerKnown {
                cause.remedies.append(.continueProcess(server.name))
            }
        }
        // Which of several it is must be known before one is cut off.
        if connections.count == 1 {
            let place = cause.tasks.compactMap(\.hostMountPoint).first ?? connections[0].mountPoint
            cause.remedies.append(.abortFuse(connection: connections[0].number, mountPoint: place))
        }
        let name = connections.map(\.mountPoint).joined(separator: " or ")
        let what = name.isEmpty ? "a FUSE file system" : "the FUSE file system \(name)"
        let server = connections.count == 1 ? connections[0].serverText : "server"
        cause.summary =
            cause.certainty == .harmless
            ? "\(people(cause.tasks)) \(waits(cause.tasks)) for \(what) just now"
            : "\(people(cause.tasks)) \(waits(cause.tasks)) for \(what), whose \(server) does not answer"
    }

    private func network(_ cause: inout Cause) {
        guard let task = cause.tasks.first(where: { $0.mount != nil }), let mount = task.mount else {
            cause.summary =
                "\(people(cause.tasks)) \(waits(cause.tasks)) for a network file system, which one is not known"
            return
        }
        let server = mount.source.split(separator: ":").first.map(String.init) ?? mount.source
        cause.blockers = [.networkServer(server, mountPoint: mount.mountPoint)]
        // Where it has been unmounted already, those who hang in it still have it in a namespace of theirs.
        cause.remedies = [
            task.hostMountPoint.map { .forceUnmount(mountPoint: $0) }
                ?? .forceUnmount(mountPoint: mount.mountPoint, namespaceOf: task.tid)
        ]
        cause.summary =
            "\(people(cause.tasks)) \(waits(cause.tasks)) for \(mount.type) server \(server) of \(mount.mountPoint), "
            + "which does not answer"
    }

    private func frozenFileSystem(_ cause: inout Cause) {
        guard let task = cause.tasks.first(where: { $0.mount != nil }), let mount = task.mount else {
            cause.summary = "\(people(cause.tasks)) \(waits(cause.tasks)) for a frozen file system to be thawed"
            return
        }
        cause.blockers = [.fileSystem(mountPoint: mount.mountPoint, type: mount.type, source: mount.source)]
        cause.remedies = [.thawFileSystem(mountPoint: task.hostMountPoint ?? mount.mountPoint)]
        cause.summary =
            "\(people(cause.tasks)) \(waits(cause.tasks)) to write to \(mount.mountPoint), which is frozen (fsfreeze)"
    }

    private func device(_ cause: inout Cause) {
        guard let device = cause.tasks.lazy.compactMap({ self.device(of: $0) }).first else {
            cause.summary = "\(people(cause.tasks)) \(waits(cause.tasks)) for I/O"
            return
        }
        cause.blockers = [.device(device)]
        let name = device.mapperName.map { "\(device.name) (\($0))" } ?? device.name
        let state: String
        if device.isSuspended {
            state = "which is suspended"
            if let mapped = device.mapperName { cause.remedies = [.resumeDevice(mapped)] }
        } else if device.hasProgressed {
            state = "which is busy, but works"
        } else {
            let count = device.inFlight == 1 ? "1 request" : "\(device.inFlight) requests"
            state = "which has completed nothing meanwhile (\(count) in flight)"
        }
        cause.summary = "\(people(cause.tasks)) \(waits(cause.tasks)) for the block device \(name), \(state)"
    }

    // MARK: freezers, tracers, vfork

    private func frozenCgroup(_ cause: inout Cause) {
        let isLegacy = cause.tasks.contains { $0.state == "D" }
        let version = isLegacy ? FreezerEvidence.Version.v1 : .v2
        var groups: [FreezerEvidence] = []
        for task in cause.tasks {
            for group in evidence.frozenGroups(version, holding: isLegacy ? task.freezerPath : task.unifiedPath)
            where !groups.contains(group) {
                groups.append(group)
            }
        }
        cause.blockers = groups.map { .freezer($0) }
        cause.remedies = groups.map { .thawCgroup(directory: $0.directory, version) }
        let names = groups.map(\.directory).joined(separator: " and ")
        let place = names.isEmpty ? "a freezer that was not found" : "the freezer of \(names)"
        let effect =
            isLegacy
            ? "KILL takes effect at the thaw" : "KILL works all the same, a signal with a handler waits for the thaw"
        cause.summary = "\(people(cause.tasks)) \(are(cause.tasks)) frozen by \(place): \(effect)"
    }

    private func tracer(_ cause: inout Cause) {
        guard let process = cause.tasks.first.flatMap({ evidence.process($0.pid) }), let tracer = process.tracer else {
            return
        }
        add(tracer, of: process, to: &cause)
        let effect =
            switch cause.certainty {
            case .proven: ""
            case .expected: "; KILL ends it, and yet it is there until the tracer has reaped it"
            case .harmless: "; KILL ends it all the same"
            }
        cause.summary = "\(people(cause.tasks)) \(are(cause.tasks)) held by the tracer \(tracer.text)\(effect)"
    }

    private func add(_ tracer: Outsider, of process: ProcessEvidence, to cause: inout Cause) {
        cause.blockers = [.tracer(tracer, of: process.name)]
        if tracer.isStopped { cause.remedies.append(.detachTracer(tracer.name, of: process.name)) }
        cause.remedies.append(.killTracer(tracer.name, of: process.name))
    }

    private func vfork(_ cause: inout Cause) {
        let children = cause.tasks.flatMap { task in evidence.processes.filter { $0.parent == task.pid } }
        cause.blockers = children.map { .child($0.name) }
        cause.summary =
            "\(people(cause.tasks)) \(waits(cause.tasks)) for a vfork child to execute or to end: KILL ends it all the same"
    }

    private func driver(_ cause: inout Cause) {
        guard let task = cause.tasks.first, let driver = task.driver else { return }
        cause.blockers = [.driver(function: driver.function, module: driver.module)]
        let device = task.file.map { " on \($0.path)" } ?? ""
        let module = driver.module.map { " of the module \($0)" } ?? ""
        cause.summary =
            "\(people(cause.tasks)) \(waits(cause.tasks)) in the driver call \(driver.function)\(module)\(device)"
    }

    private func unknown(_ cause: inout Cause) {
        let place = cause.tasks.first?.wchan ?? ""
        let owner = cause.tasks.lazy.compactMap { evidence.lockOwner(of: $0) }.first
        let what = owner.map { "for \($0.lockText) that \($0.owner.text) likely holds" }
        cause.summary =
            "\(people(cause.tasks)) \(waits(cause.tasks)) "
            + (what ?? (place.isEmpty ? "in the kernel" : "in \(place)"))
    }

    /// Whatever else is known of the reason: who has the lock is who can give it back. One that waits with them is none to blame.
    private func addLockOwners(_ cause: inout Cause) {
        let tids = Set(cause.tasks.map(\.tid))
        for owner in evidence.lockOwners where tids.contains(owner.waiter) && !tids.contains(owner.owner.pid) {
            cause.blockers.append(.lockOwner(owner))
        }
    }

    // MARK: the dead

    /// The init of the namespace waits for these alone.
    func unreaped() -> Cause? {
        guard !evidence.unreaped.isEmpty, let main = evidence.main else { return nil }
        var cause = Cause(.unreapedChild, .proven, summary: "", tasks: main.tasks.filter { $0.tid == main.pid })
        for dead in evidence.unreaped {
            cause.blockers.append(.parent(dead.parent, of: dead.name))
            if dead.parent.isStopped { cause.remedies.append(.continueProcess(dead.parent.name)) }
            cause.remedies.append(.killParent(dead.parent.name, of: dead.name))
        }
        let first = evidence.unreaped[0]
        cause.summary =
            "\(main.name.text) waits until its namespace is empty, but \(first.name.text) is dead and not reaped by its "
            + "parent outside, \(first.parent.text)"
        return cause
    }

    /// Dead processes of the subject that somebody does not let go.
    func zombies() -> [Cause] {
        evidence.processes.filter(\.isUnreaped).compactMap { process in
            if let tracer = process.tracer {
                var cause = Cause(.traced, .proven, summary: "")
                add(tracer, of: process, to: &cause)
                cause.summary =
                    "\(process.name.text) is dead, but its tracer \(tracer.text) has not reaped it, and nobody else can"
                return cause
            }
            // A dead process whose parent is of the subject goes with it. An orphan is left to the host's init, in its own time;
            // it holds up nothing but its number, as any but the one that is waited for.
            guard let parent = process.outsideParent, parent.pid != 1,
                process.isMain || evidence.subject.pids.contains(process.pid)
            else { return nil }
            var cause = Cause(.unreapedChild, .proven, summary: "", blockers: [.parent(parent, of: process.name)])
            if parent.isStopped { cause.remedies.append(.continueProcess(parent.name)) }
            cause.remedies.append(.killParent(parent.name, of: process.name))
            cause.summary = "\(process.name.text) is dead and not reaped by its parent \(parent.text)"
            return cause
        }
    }

    // MARK: memory

    /// Of those that were killed: it is held for nothing.
    private func addMemory(_ cause: inout Cause) {
        let pids = Set(cause.tasks.filter(\.isProvenStuck).map(\.pid))
        let holders = evidence.processes.filter { pids.contains($0.pid) && $0.memory > 0 }
        if !holders.isEmpty { cause.remedies.append(.releaseMemory(holders.map(\.name))) }
    }
}
