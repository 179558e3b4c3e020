internal import Lifecycle
internal import Linux

// The tasks, twice.

extension Look {
    func lookAtTasks() {
        var count = 0
        var details = 0
        for index in evidence.processes.indices {
            let process = evidence.processes[index]
            for tid in reading({ () throws(SystemError) in try procfs.tasks(of: process.pid) }) ?? [] {
                if count >= Look.taskLimit || isLate {
                    evidence.isTruncated = true
                    return
                }
                guard var task = task(tid, of: process.pid) else { continue }
                count += 1
                if details < Look.detailLimit, task.isWorthDetails || (process.isMain && tid == process.pid) {
                    details += 1
                    add(&task)
                }
                evidence.processes[index].tasks.append(task)
            }
        }
    }

    /// Nil: it is gone, or dead.
    private func task(_ tid: Int32, of pid: Int32) -> TaskEvidence? {
        guard let status = reading({ () throws(SystemError) in try procfs.status(of: pid, task: tid) }),
            status.state != "Z", status.state != "X"
        else { return nil }
        var task = TaskEvidence(
            pid: pid, tid: tid, comm: status.name, state: status.state, switches: SwitchCounts(status))
        task.isKillPending = status.isPending(.kill)
        task.wchan = reading { () throws(SystemError) in try procfs.waitChannel(of: pid, task: tid) } ?? ""
        return task
    }

    private func add(_ task: inout TaskEvidence) {
        let (pid, tid) = (task.pid, task.tid)
        let stack = reading { () throws(SystemError) in try procfs.kernelStack(of: pid, task: tid) } ?? []
        task.stack = stack.map(StackLine.function)
        if let call = reading({ () throws(SystemError) in try procfs.call(of: pid, task: tid) }), call.number >= 0 {
            task.call = SystemCall(
                number: call.number, name: SystemCallNames.name(of: call.number), arguments: call.arguments)
        }
        guard task.isWorthDetails else { return }
        lastRuns[tid] = reading { () throws(SystemError) in try procfs.lastRun(of: pid, task: tid) }
    }

    /// How long they have not run, each by the clock of the processor that it ran on. Where that is not to be had in time, it
    /// stays unknown: another's may be off by as much as the host has taken away of either, which is seconds and minutes.
    func lookAtClocks() {
        let processors = Set(lastRuns.values.map(\.processor)).sorted().prefix(Look.clockLimit)
        guard !processors.isEmpty, let answer = ask(["clock"] + processors.map { "\($0)" }, commandLimit) else {
            return
        }
        let clocks = HangingLookAnswer.clocks(parsing: answer.bytes)
        for index in evidence.processes.indices {
            for place in evidence.processes[index].tasks.indices {
                guard let last = lastRuns[evidence.processes[index].tasks[place].tid], let now = clocks[last.processor]
                else { continue }
                evidence.processes[index].tasks[place].asleep = max(.zero, now - last.time)
            }
        }
    }

    private static let clockLimit = 64

    /// The second sample, of those that may be stuck.
    func lookAgain() {
        evidence.sampleDistance = MonotonicClock.now() - evidence.takenAt
        evidence.unreaped.removeAll { !isStillDead($0.name) }
        for index in evidence.processes.indices {
            let process = evidence.processes[index]
            evidence.processes[index].isUnreaped =
                process.state == "Z" && process.tasks.isEmpty && isStillDead(process.name)
            for place in process.tasks.indices {
                let task = process.tasks[place]
                guard task.isWorthDetails,
                    let status = reading({ () throws(SystemError) in try procfs.status(of: task.pid, task: task.tid) })
                else { continue }
                evidence.processes[index].tasks[place].laterSwitches = SwitchCounts(status)
            }
        }
    }
}

extension Look {
    private func isStillDead(_ name: ProcessName) -> Bool {
        let stat = reading { () throws(SystemError) in try procfs.stat(of: name.pid) }
        return stat?.state == "Z" && stat?.startTicks == name.startTicks
    }
}

extension TaskEvidence {
    /// It may not end on KILL, or shows what others wait for.
    var isWorthDetails: Bool {
        state == "D" || state == "T" || state == "t" || isKillPending || KernelFunctions.isHold(wchan)
    }
}

extension SwitchCounts {
    init(_ status: ProcessStatus) {
        self.init(voluntary: status.voluntarySwitches, involuntary: status.involuntarySwitches)
    }
}

/// A line of `/proc/PID/stack`.
enum StackLine {
    /// `[<0>] nvidia_ioctl+0x12/0x40 [nvidia]` to `nvidia_ioctl [nvidia]`.
    static func function(_ line: String) -> String {
        var words = line.split(separator: " ")
        if words.first?.hasPrefix("[<") == true { words.removeFirst() }
        guard let place = words.first else { return line }
        let name = place.prefix { $0 != "+" }
        return words.count > 1 ? "\(name) \(words[1])" : String(name)
    }
}
