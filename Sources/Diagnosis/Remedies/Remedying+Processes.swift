internal import Lifecycle
internal import Linux

extension Remedying {
    // MARK: continue

    func judgeContinue(_ process: ProcessName) throws(SystemError) -> Judgement {
        guard try hold(process) != nil, let state = try procfs.status(of: process.pid)?.state else {
            return .nothingToDo("\(process.title) is gone")
        }
        switch state {
        case "T": return .go()
        case "t": return .refused("\(process.title) is held by its tracer, not stopped by a signal")
        default: return .nothingToDo("\(process.title) is not stopped")
        }
    }

    func resume(
        _ process: ProcessName, _ remedy: Remedy, until deadline: Instant
    ) throws(SystemError) -> RemedyReport {
        guard let pidfd = try hold(process) else {
            return RemedyReport(remedy, .nothingToDo, "\(process.title) is gone")
        }
        try pidfd.send(.cont)
        let runs = try wait(until: min(deadline, MonotonicClock.now() + .milliseconds(500))) { () throws(SystemError) in
            try procfs.status(of: process.pid)?.state != "T"
        }
        return runs
            ? RemedyReport(remedy, .done, changes: ["\(process.title) runs again"])
            : RemedyReport(remedy, .done, "\(process.title) was continued, and is stopped again or still")
    }

    // MARK: tracers

    func judgeDetach(_ tracer: ProcessName, of tracee: ProcessName) throws(SystemError) -> Judgement {
        if let why = try whyNotHeld(by: tracer, tracee) { return .nothingToDo(why) }
        switch try procfs.status(of: tracer.pid)?.state {
        case "T": return .go()
        case "t": return .refused("\(tracer.title) is held by a tracer of its own")
        case nil: return .nothingToDo("\(tracer.title) is gone")
        case .some:
            return .refused(
                "\(tracer.title) is not stopped, and holds on: only its end makes it let go (--kill-tracer \(tracer.pid))"
            )
        }
    }

    /// The tracer runs again, and has a moment to let go.
    func detach(
        _ tracer: ProcessName, of tracee: ProcessName, _ remedy: Remedy, until deadline: Instant
    ) throws(SystemError) -> RemedyReport {
        guard let pidfd = try hold(tracer) else {
            return RemedyReport(remedy, .nothingToDo, "\(tracer.title) is gone")
        }
        try pidfd.send(.cont)
        let isFree = try wait(until: min(deadline, MonotonicClock.now() + .seconds(1))) { () throws(SystemError) in
            try procfs.status(of: tracee.pid)?.tracer ?? 0 != tracer.pid
        }
        let change = "\(tracer.title) was continued"
        if isFree { return RemedyReport(remedy, .done, changes: [change, "\(tracee.title) is traced by nobody"]) }
        return RemedyReport(
            remedy, .failed, "it still traces \(tracee.title): --kill-tracer \(tracer.pid) ends it", changes: [change])
    }

    func judgeKillTracer(_ tracer: ProcessName, of tracee: ProcessName) throws(SystemError) -> Judgement {
        if let why = try whyNotHeld(by: tracer, tracee) { return .nothingToDo(why) }
        if let why = try untouchable(tracer.pid) { return .refused(why) }
        let others = try tracees(of: tracer.pid, except: tracee.pid)
        if !others.isEmpty && !isForced {
            return .refused("\(tracer.title) traces others, too: \(others.map(String.init).joined(separator: ", "))")
        }
        return .go()
    }

    /// Nil: it is, by this very tracer.
    private func whyNotHeld(by tracer: ProcessName, _ tracee: ProcessName) throws(SystemError) -> String? {
        guard let status = try procfs.status(of: tracee.pid), try hold(tracee) != nil else {
            return "\(tracee.title) is gone"
        }
        if status.tracer == tracer.pid, try hold(tracer) != nil { return nil }
        return "\(tracer.title) does not trace \(tracee.title) any more"
    }

    /// Those outside of the subject.
    private func tracees(of tracer: Int32, except tracee: Int32) throws(SystemError) -> [Int32] {
        var others: [Int32] = []
        for pid in try procfs.processes() where pid != tracee {
            guard try procfs.status(of: pid)?.tracer == tracer, try !isOfSubject(pid) else { continue }
            others.append(pid)
        }
        return others
    }

    func endTracer(
        _ tracer: ProcessName, of tracee: ProcessName, _ remedy: Remedy, until deadline: Instant
    ) throws(SystemError) -> RemedyReport {
        guard try end(tracer, until: deadline) else {
            return RemedyReport(remedy, .failed, "\(tracer.title) was killed and has not ended: it hangs itself")
        }
        let isFree = try wait(until: deadline) { () throws(SystemError) in
            try procfs.status(of: tracee.pid)?.tracer ?? 0 != tracer.pid
        }
        let change = "\(tracer.title) was killed"
        return isFree
            ? RemedyReport(remedy, .done, changes: [change, "\(tracee.title) is traced by nobody"])
            : RemedyReport(remedy, .failed, "\(tracee.title) is still traced", changes: [change])
    }

    // MARK: parents

    func judgeParent(_ parent: ProcessName, of child: ProcessName) throws(SystemError) -> Judgement {
        guard let stat = try procfs.stat(of: child.pid),
            child.startTicks == 0 || stat.startTicks == child.startTicks
        else { return .nothingToDo("\(child.title) was reaped") }
        guard stat.parent == parent.pid, try hold(parent) != nil else {
            return .nothingToDo("\(parent.title) is not the parent of \(child.title) any more")
        }
        guard stat.state == "Z" else { return .refused("\(child.title) is alive: it waits for no parent") }
        if try isOfSubject(parent.pid) {
            return .refused("\(parent.title) belongs to \(evidence.subject.title) itself")
        }
        return try untouchable(parent.pid).map { .refused($0) } ?? .go()
    }

    func endParent(
        _ parent: ProcessName, of child: ProcessName, _ remedy: Remedy, until deadline: Instant
    ) throws(SystemError) -> RemedyReport {
        guard try end(parent, until: deadline) else {
            return RemedyReport(remedy, .failed, "\(parent.title) was killed and has not ended: it hangs itself")
        }
        let isReaped = try wait(until: deadline) { () throws(SystemError) in
            guard let stat = try procfs.stat(of: child.pid) else { return true }
            return child.startTicks != 0 && stat.startTicks != child.startTicks
        }
        let change = "\(parent.title) was killed"
        return isReaped
            ? RemedyReport(remedy, .done, changes: [change, "\(child.title) was reaped"])
            : RemedyReport(remedy, .failed, "nobody has reaped \(child.title) yet", changes: [change])
    }

    /// KILL by pidfd. False: it has not ended by the deadline. Gone is ended.
    private func end(_ process: ProcessName, until deadline: Instant) throws(SystemError) -> Bool {
        guard let pidfd = try hold(process) else { return true }
        do throws(SystemError) { try pidfd.send(.kill) } catch {
            if !error.isNoSuchProcess { throw error }
        }
        return try pidfd.isGone(by: deadline)
    }

    /// Whose end would do more harm than any container is worth. Nil: nobody special.
    private func untouchable(_ pid: Int32) throws(SystemError) -> String? {
        if pid == 1 { return "pid 1 is the init of the host" }
        if pid == ProcessSelf.pid { return "that is this program itself" }
        let name = try procfs.status(of: pid)?.name ?? ""
        return ["quelld", "quell-shim"].contains(name) ? "pid \(pid) is \(name): it supervises containers" : nil
    }

    // MARK: memory

    func judgeMemory(_ processes: [ProcessName]) throws(SystemError) -> Judgement {
        for process in processes where try isDying(process.pid) { return .go() }
        return .nothingToDo("none of the processes has been killed")
    }

    private func isDying(_ pid: Int32) throws(SystemError) -> Bool {
        for task in try procfs.tasks(of: pid) ?? [] {
            if try procfs.status(of: pid, task: task)?.isPending(.kill) ?? false { return true }
        }
        return false
    }

    /// Of each that can be: one that waits for its own memory's lock cannot, and one that has ended has none.
    func releaseMemory(_ processes: [ProcessName], _ remedy: Remedy) throws(SystemError) -> RemedyReport {
        var (changes, faults): ([String], [String]) = ([], [])
        for process in processes where try isDying(process.pid) {
            let before = try resident(process.pid)
            do throws(SystemError) {
                guard let pidfd = try hold(process) else { continue }
                try pidfd.releaseMemory()
                let after = try resident(process.pid)
                if before > after { changes.append("\(process.title) gave back \((before - after) >> 10) KiB") }
            } catch {
                // EINVAL, ESRCH: it has no memory any more.
                if error.errno != 22 && !error.isNoSuchProcess { faults.append("\(error)") }
            }
        }
        if changes.isEmpty, let fault = faults.first { return RemedyReport(remedy, .failed, fault) }
        return changes.isEmpty
            ? RemedyReport(remedy, .nothingToDo, "there is no memory to give back")
            : RemedyReport(remedy, .done, changes: changes)
    }

    private func resident(_ pid: Int32) throws(SystemError) -> UInt64 { try procfs.status(of: pid)?.residentBytes ?? 0 }
}

extension ProcessName {
    /// `sshfs (pid 4711)`.
    var title: String { comm.isEmpty ? "pid \(pid)" : "\(comm) (pid \(pid))" }
}
