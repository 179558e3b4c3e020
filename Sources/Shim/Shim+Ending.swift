internal import Lifecycle
public import Linux

// What the kernel tells: children that ended, the cgroup that emptied. And what the stop machine wants done.

extension Shim {
    /// SIGCHLD: reap all. TERM, INT and HUP are not for us: the shim ends when its container has.
    func takeSignals() throws(SystemError) {
        while try signals.next() != nil {}
        var runtimes: [(RuntimeCall, ExitStatus)] = []
        while let child = try Children.reapNext() {
            if let index = calls.firstIndex(where: { $0.pid == child.pid }) {
                runtimes.append((calls.remove(at: index), child.status))
            } else {
                reaped(child)
            }
        }
        // What a runtime started may have been reaped before the runtime: it waits among the strangers.
        for (call, status) in runtimes { finished(call, status) }
        if calls.isEmpty { strangers.removeAll() }
    }

    /// What was reaped cannot be asked for again: nothing from here to the machine may fail.
    private func reaped(_ child: ReapedChild) {
        if writer.reaped(child.pid) {
            heardWriter()
            failMarks("the process that writes the log has died; another one follows")
        } else if child.pid == mainPid {
            mainEnded(child.status)
        } else if let id = execs.first(where: { $0.value.pid == child.pid })?.key {
            execEnded(id, child.status)
        } else {
            strangers[child.pid] = child.status
        }
    }

    func mainEnded(_ status: ExitStatus) {
        mainProcess = nil
        let remaining = membersLeft()
        perform(machine.mainReaped(status, remaining: remaining, at: MonotonicClock.now()))
        refreshState()
    }

    func execEnded(_ id: String, _ status: ExitStatus) {
        execs[id]?.status = status
        execs[id]?.pid = nil
        execs[id]?.streams.beginDraining(at: MonotonicClock.now())
        countExecs()
    }

    /// Told once the last output is on its way, so that nobody takes the end for the end of the output.
    private func finishExec(_ id: String, _ status: ExitStatus) {
        guard let exec = execs.removeValue(forKey: id) else { return }
        exec.streams.finish()
        tell(.execExited(id, status))
        exec.streams.endAttachments()
    }

    /// Before the container's own end is told: afterwards nobody asks for the status of an exec any more.
    func finishAllExecs() {
        for (id, exec) in execs {
            if let status = exec.status { tell(.execExited(id, status)) }
            exec.streams.finish()
            exec.streams.endAttachments()
        }
        execs = [:]
    }

    /// What was waiting for its last output.
    func finishDrained(at now: Instant) {
        for (id, exec) in execs {
            if let status = exec.status, exec.streams.isDrained(at: now, into: &buffer) { finishExec(id, status) }
        }
        if let (status, rest) = conclusion, streams.isDrained(at: now, into: &buffer) {
            conclusion = nil
            conclude(status, rest)
        }
    }

    func countExecs() {
        let count = execs.values.count { $0.pid != nil }
        perform(machine.unreapedExecsObserved(count, at: MonotonicClock.now()))
    }

    func observePopulation() throws(SystemError) {
        try observeFreeze()
        let populated = try isPopulated()
        if let failedStart, !populated { return endFailedStart(failedStart) }
        guard record == nil, mainPid != 0 else { return }
        perform(machine.populationObserved(populated, at: MonotonicClock.now()))
    }

    /// Where the kernel does not say (no descriptor or memory left), somebody is there until it does.
    private func membersLeft() -> Int {
        do throws(SystemError) {
            guard try cgroup.isPopulated() else {
                try observePopulation()
                return 0
            }
            return try cgroup.members().count
        } catch {
            report(error)
            return 1
        }
    }

    private func isPopulated() throws(SystemError) -> Bool {
        // Reading the event file also re-arms the poll.
        if populationEvents != nil, let state = try populationEvents?.current() { return state.populated }
        return try cgroup.isPopulated()
    }

    // MARK: The machine's actions

    /// None of them may be dropped for a fault of another: a machine that is not armed would be silent for ever.
    func perform(_ actions: [StopMachine.Action]) {
        var queue = actions[...]
        while let action = queue.popFirst() {
            switch action {
            case .look: queue = (look() + queue)[...]
            case .examine: queue = (machine.examined(liveTasks(), at: MonotonicClock.now()) + queue)[...]
            case .arm(let instant): alarm = instant
            case .send(let signal, let pids): send(signal, to: pids)
            case .thaw: thaw()
            case .killAll: killAll()
            case .conclude(let status):
                streams.beginDraining(at: MonotonicClock.now())
                conclusion = (status, Array(queue))
                return
            case .tell(let update): publish(update)
            }
        }
    }

    private func look() -> [StopMachine.Action] {
        let now = MonotonicClock.now()
        do throws(SystemError) { return machine.observed(try lookAtMembers(), at: now) } catch {
            report(error)
            return [.arm(now + Shim.lookPause)]
        }
    }

    /// A freeze that is not complete is given up as well: it would complete later, in the middle of the stop.
    private func thaw() {
        do throws(SystemError) {
            guard try cgroup.thaw() else { return }
            if let freezing { refuseFreeze(freezing, "the container is being stopped") }
            isPaused = false
            tell(.stop(job: job, .thawed))
        } catch {
            report(error)
        }
    }

    private func publish(_ update: StopUpdate) {
        if job == 0 { job = 1 }
        if case .stuck(let finding) = update { lastFinding = finding }
        refreshState(stuck: { if case .stuck = update { true } else { false } }())
        tell(.stop(job: job, update))
    }

    /// Derived from the machine; a stuck container leaves that state only by its end or a new order.
    func refreshState(stuck: Bool = false) {
        writer.isInAHurry = machine.isStopping
        guard record == nil, state != .created, state != .starting, state != .failed else { return }
        if stuck || machine.isStuck {
            state = .stuck
        } else if machine.isStopping {
            state = .stopping
        } else {
            state = isPaused ? .paused : .running
        }
    }

    /// The number is its own until it is reaped, which only this shim does: where no descriptor is left now, later will do.
    func holdMainProcess() {
        guard machine.evidence.mainStatus == nil else { return }
        do throws(SystemError) { mainProcess = try Pidfd(opening: mainPid) } catch { report(error) }
    }

    private func killAll() {
        var mechanism: KillMechanism?
        do throws(SystemError) { mechanism = try cgroup.kill() } catch {
            report(error)
            do throws(SystemError) {
                if try mainProcess?.send(.kill) != nil { mechanism = .mainProcess }
            } catch {
                // It ended meanwhile.
            }
        }
        guard let mechanism, !hasToldKill else { return }
        hasToldKill = true
        tell(.killed(mechanism))
    }

    /// Pins each process by a pidfd and looks again whether it is a member before it is signalled: a pid may be reused.
    private func send(_ signal: Signal, to pids: [Int32]) {
        for pid in pids {
            do throws(SystemError) {
                if pid == mainPid {
                    if mainProcess == nil { holdMainProcess() }
                    try mainProcess?.send(signal)
                } else {
                    let process = try Pidfd(opening: pid)
                    if try cgroup.members().contains(pid) { try process.send(signal) }
                }
            } catch {
                // ESRCH: it has ended; the next look shows who is left.
            }
        }
    }
}

extension Shim {
    /// A fault of the loop itself that nothing can be done about: said in the shim's log before it ends.
    public func end(because error: SystemError) { report(error) }
}
