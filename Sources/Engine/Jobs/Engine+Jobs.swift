public import APITypes
import Lifecycle
import Linux

extension Engine {
    /// Where calls in flight are noted; the API notes its own.
    public var jobs: JobTable { core.jobs }

    /// The id of the container of that name, id, or beginning of an id.
    public func containerID(of reference: String) -> String? {
        // Who names nothing is told so by the call itself.
        do throws(EngineError) { return try core.registry.find(reference).id } catch { return nil }
    }

    public func containerID(ofExec exec: String) -> String? { core.execs.owner(of: exec) }

    /// Calls in flight, the oldest first. Answers whatever hangs: it takes two locks that nobody holds for long, and reads
    /// the names of processes from `/proc/PID/comm`. `watching`: also those that last as long as what they watch.
    public func listJobs(watching: Bool) -> JobList {
        let now = MonotonicClock.now()
        let own = Job.current?.number
        var list = JobList()
        for job in core.jobs.all where job.number != own {
            let view = job.view(at: now)
            if !watching, view.kind == .call, view.expectation == nil { continue }
            list.jobs.append(entry(view))
        }
        return list
    }

    private func entry(_ view: Job.View) -> JobEntry {
        var entry = JobEntry()
        (entry.id, entry.kind, entry.call) = (Int(view.number), view.kind.rawValue, view.call)
        if let id = view.container {
            entry.container = id
            entry.name = core.registry.withID(id)?.snapshot.name
        }
        entry.askedBy = JobAsker(view.asker)
        entry.ageMs = Int(view.age.wholeMilliseconds)
        entry.expectedMs = view.expectation.map { Int($0.wholeMilliseconds) }
        entry.overdue = view.isOverdue
        (entry.waitsOn, entry.waitingMs) = (view.hop.word, Int(view.waitingFor.wholeMilliseconds))
        entry.finding = view.finding
        return entry
    }
}

extension JobAsker {
    init?(_ asker: Job.Asker) {
        self.init()
        switch asker {
        case .client(let pid, let uid):
            (self.pid, self.uid) = (Int(pid), Int(uid))
            command = JobAsker.command(of: pid)
        case .engine(let part): engine = part
        case .unknown: return nil
        }
    }

    /// Nil: it is gone, or in another PID namespace.
    private static func command(of pid: Int32) -> String? {
        guard pid > 0 else { return nil }
        // Who cannot be looked up is shown by its number alone.
        do throws(SystemError) { return try Procfs.live.stat(of: pid)?.name } catch { return nil }
    }
}
