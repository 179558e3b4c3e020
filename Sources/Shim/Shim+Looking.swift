internal import Lifecycle
internal import Linux

// Looking at the container's processes, through files of /proc that cannot hang.

extension Shim {
    /// Every process of the container with its signal masks. Runtimes at work in the cgroup are not its members.
    func lookAtMembers() throws(SystemError) -> [Member] {
        var members: [Member] = []
        for pid in try cgroup.members() where !calls.contains(where: { $0.pid == pid }) {
            do throws(SystemError) {
                guard let status = try livingStatus(of: pid) else { continue }
                members.append(
                    Member(
                        pid: pid, isMain: pid == mainPid,
                        isNamespaceInit: status.isNamespaceInit, masks: try isStillRuntime(pid) ? .none : status.masks))
            } catch {
                // It ended between the list and the look. Any other fault says nothing about the process.
                guard error.isNoSuchProcess || error.isNotFound else { throw error }
            }
        }
        return members
    }

    /// A process of the runtime: one that has not executed its program yet, or a helper on its way out. What it blocks or
    /// handles says nothing about the container's programs: a signal it gets is dropped by exec, or by its end.
    private func isStillRuntime(_ pid: Int32) throws(SystemError) -> Bool {
        guard !calls.isEmpty || freshUntil.map({ MonotonicClock.now() < $0 }) == true else { return false }
        // Only the link is read, never what it names. A runtime runs from a sealed copy of itself, which has no path: "/".
        let program = try File.readLink("/proc/\(pid)/exe")
        return program == "/" || program == configuration.runtime
            || program.hasPrefix("/memfd:\(configuration.runtime.fileName)")
    }

    /// A leader may be a zombie while other threads of it live: then what one of those would do with a signal counts.
    private func livingStatus(of pid: Int32) throws(SystemError) -> ProcessStatus? {
        let status = try Procfs.status(of: pid)
        guard status.isOver else { return status }
        for task in try Procfs.tasks(of: pid) where task != pid {
            if var living = try Procfs.live.status(of: pid, task: task), !living.isOver {
                living.namespacePids = status.namespacePids
                return living
            }
        }
        return nil
    }

    private static let taskLimit = 64

    /// The tasks that are still alive. An init that waits for a task in D is no member of its cgroup any more, and a leader
    /// may be a zombie while a thread of it lives: so the main process is looked at too, and every thread.
    func liveTasks() -> StuckFinding {
        var pids: [Int32] = []
        do throws(SystemError) { pids = try cgroup.members() } catch { report(error) }
        if mainProcess != nil, !pids.contains(mainPid) { pids.append(mainPid) }
        for exec in execs.values { if let pid = exec.pid, !pids.contains(pid) { pids.append(pid) } }
        let tasks = pids.flatMap(liveTasks)
        let since = machine.killedSince.map { MonotonicClock.now() - $0 } ?? .zero
        return StuckFinding(
            tasks: Array(tasks.prefix(Shim.taskLimit)), truncated: tasks.count > Shim.taskLimit, sinceKill: since)
    }

    private func liveTasks(of pid: Int32) -> [LiveTask] {
        var tasks: [LiveTask] = []
        do throws(SystemError) {
            for tid in try Procfs.tasks(of: pid) {
                let status = try Procfs.taskStatus(of: tid, in: pid)
                if status.isOver { continue }
                tasks.append(
                    LiveTask(
                        pid: pid, tid: tid, comm: status.name,
                        state: status.state,
                        wchan: try Procfs.wchan(of: tid, in: pid), killPending: status.isPending(.kill)))
            }
        } catch {
            // It ended while we looked.
        }
        return tasks
    }
}

extension ProcessStatus {
    /// A zombie or dead task: it takes part in nothing any more.
    fileprivate var isOver: Bool { state == "Z" || state == "X" }
}

extension SignalMasks {
    /// Nothing caught, blocked or ignored.
    fileprivate static let none = SignalMasks(caught: 0, blocked: 0, ignored: 0)
}
