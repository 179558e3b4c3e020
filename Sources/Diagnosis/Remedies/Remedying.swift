public import Lifecycle
public import Linux

/// Applies remedies to a subject. Blocks: for a thread of its own.
///
/// Each is checked against facts first: a process is the one that was meant (pidfd and start time), a tracer traces, a parent
/// has not reaped, a file system hangs. What may hang is done by a disposable child.
public struct Remedying: Sendable {
    let evidence: Evidence
    let prober: any Prober
    let procfs: Procfs
    /// Though others suffer.
    let isForced: Bool

    public init(_ evidence: Evidence, prober: any Prober, procfs: Procfs = Procfs(), isForced: Bool = false) {
        (self.evidence, self.prober, self.procfs, self.isForced) = (evidence, prober, procfs, isForced)
    }

    /// Why it is not to be done, or that it may be.
    enum Judgement {
        case go(users: [MountUser] = [])
        case nothingToDo(String)
        case refused(String, users: [MountUser] = [])
    }

    /// Returns about the deadline at the latest; what a disposable child had not done by then is left to it.
    public func perform(_ remedy: Remedy, isDryRun: Bool = false, until deadline: Instant) -> RemedyReport {
        do throws(SystemError) {
            switch try judge(remedy) {
            case .nothingToDo(let why): return RemedyReport(remedy, .nothingToDo, why)
            case .refused(let why, let users): return RemedyReport(remedy, .refused, why, users: users)
            case .go(let users):
                if isDryRun { return RemedyReport(remedy, .wouldDo, remedy.cost, users: users) }
                var report = try apply(remedy, until: deadline)
                report.users = users
                return report
            }
        } catch {
            return RemedyReport(remedy, .failed, "\(error)")
        }
    }

    private func judge(_ remedy: Remedy) throws(SystemError) -> Judgement {
        switch remedy {
        case .thawCgroup(let directory, let version): try judgeThaw(directory, version)
        case .continueProcess(let process): try judgeContinue(process)
        case .detachTracer(let tracer, let tracee): try judgeDetach(tracer, of: tracee)
        case .killTracer(let tracer, let tracee): try judgeKillTracer(tracer, of: tracee)
        case .abortFuse(let connection, let mountPoint): try judgeAbort(connection, mountPoint)
        case .thawFileSystem(let mountPoint): try judgeThawFileSystem(mountPoint)
        case .resumeDevice(let name): try judgeResume(name)
        case .forceUnmount(let mountPoint, let pid): try judgeUnmount(mountPoint, pid)
        case .killParent(let parent, let child): try judgeParent(parent, of: child)
        case .releaseMemory(let processes): try judgeMemory(processes)
        }
    }

    private func apply(_ remedy: Remedy, until deadline: Instant) throws(SystemError) -> RemedyReport {
        switch remedy {
        case .thawCgroup(let directory, let version): try thaw(directory, version, remedy, until: deadline)
        case .continueProcess(let process): try resume(process, remedy, until: deadline)
        case .detachTracer(let tracer, let tracee): try detach(tracer, of: tracee, remedy, until: deadline)
        case .killTracer(let tracer, let tracee): try endTracer(tracer, of: tracee, remedy, until: deadline)
        case .abortFuse(let connection, _): try abort(connection, remedy, until: deadline)
        case .thawFileSystem(let mountPoint): thawFileSystem(mountPoint, remedy, until: deadline)
        case .resumeDevice(let name): child(["resume-dm", name], remedy, "\(name) is resumed", until: deadline)
        case .forceUnmount(let mountPoint, let pid): try forceUnmount(mountPoint, pid, remedy, until: deadline)
        case .killParent(let parent, let child): try endParent(parent, of: child, remedy, until: deadline)
        case .releaseMemory(let processes): try releaseMemory(processes, remedy)
        }
    }

    // MARK: what several need

    /// Nil: it is gone, or another has its number by now.
    func hold(_ name: ProcessName) throws(SystemError) -> Pidfd? {
        do throws(SystemError) {
            let pidfd = try Pidfd(opening: name.pid)
            // Read once the pidfd is open: who lives on with this start time is the one that the pidfd stands for.
            guard let stat = try procfs.stat(of: name.pid), try !pidfd.isGone() || stat.state == "Z" else { return nil }
            return name.startTicks == 0 || stat.startTicks == name.startTicks ? .some(consume pidfd) : nil
        } catch {
            if error.isNoSuchProcess { return nil }
            throw error
        }
    }

    func isOfSubject(_ pid: Int32) throws(SystemError) -> Bool {
        if evidence.subject.pids.contains(pid) || evidence.process(pid) != nil { return true }
        let paths = evidence.subject.cgroups.map(\.path)
        return try (procfs.cgroups(of: pid) ?? []).contains { membership in
            paths.contains { membership.path == $0 || membership.path.hasPrefix($0 + "/") }
        }
    }

    /// Looks every 5 ms, as the kernel has no event for it. False: not so by the deadline.
    func wait(until deadline: Instant, _ condition: () throws(SystemError) -> Bool) throws(SystemError) -> Bool {
        while true {
            if try condition() { return true }
            let now = MonotonicClock.now()
            if now >= deadline { return false }
            var pause = PollSet()
            _ = try pause.wait(until: min(deadline, now + .milliseconds(5)))
        }
    }

    /// By a disposable child (Linux/RemedyCall.swift).
    func child(_ words: [String], _ remedy: Remedy, _ change: String, until deadline: Instant) -> RemedyReport {
        guard let result = prober.output(of: words, until: deadline) else {
            return RemedyReport(remedy, .failed, "too many children of earlier looks are hanging")
        }
        let line = String(decoding: result.bytes.prefix { $0 != 10 }, as: UTF8.self)
        switch line {
        case "ok": return RemedyReport(remedy, .done, changes: [change])
        case "nothing": return RemedyReport(remedy, .nothingToDo, "it is not frozen")
        case "busy":
            return RemedyReport(
                remedy, .done, "it is still mounted, as it is in use", changes: ["calls that waited fail"])
        default:
            if !result.isComplete {
                return RemedyReport(remedy, .unfinished, "the call hangs; the child that makes it was left behind")
            }
            let fault = line.split(separator: " ", maxSplits: 1).last.map(String.init) ?? "the child said nothing"
            return RemedyReport(remedy, .failed, fault)
        }
    }
}
