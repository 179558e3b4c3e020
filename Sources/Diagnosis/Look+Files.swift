internal import Lifecycle
internal import Linux

// What may hang: by disposable children. And the files and mounts that tasks are concerned with.

extension Look {
    /// Of the time that the look has: 200 ms as a rule, and half of that. A slow machine is given more for all of it.
    var commandLimit: Duration { (deadline - evidence.takenAt) / 4 }
    private var textLimit: Duration { (deadline - evidence.takenAt) / 8 }
    private static let texts = 4

    /// Arguments of all processes, those that may hang apart and last.
    func probe() {
        let held = evidence.processes.filter { $0.tasks.contains(where: \.isWorthDetails) }.map(\.pid)
        let calm = evidence.processes.filter { !held.contains($0.pid) && !$0.tasks.isEmpty }.map(\.pid)
        for pids in [calm, held] where !pids.isEmpty {
            let words = ["command"] + pids.prefix(Look.detailLimit).map { "\($0)" }
            let answers = HangingLookAnswer.commands(parsing: ask(words, commandLimit)?.bytes ?? [])
            for index in evidence.processes.indices {
                if let command = answers[evidence.processes[index].pid] { evidence.processes[index].command = command }
            }
        }
    }

    func ask(_ words: [String], _ limit: Duration) -> ProbeResult? {
        let until = min(deadline, MonotonicClock.now() + limit)
        guard let result = prober.output(of: words, until: until) else {
            evidence.probes.isRefused = true
            return nil
        }
        evidence.probes.started += 1
        if !result.isComplete { evidence.probes.abandoned += 1 }
        return result
    }

    // MARK: files

    func lookAtFiles() {
        var texts = 0
        let main = evidence.subject.main
        for index in evidence.processes.indices {
            for place in evidence.processes[index].tasks.indices {
                if isLate { return gap("not all files were looked at: no time was left") }
                var task = evidence.processes[index].tasks[place]
                guard task.isWorthDetails else { continue }
                let path = task.call?.pathArgument
                if let descriptor = task.call?.descriptorArgument {
                    task.file = file(descriptor, of: task.tid)
                } else if let path, texts < Look.texts {
                    texts += 1
                    task.file = file(at: path.address, path.directory, of: task.tid)
                }
                task.mount = mount(of: task.file, task.tid, main) ?? onlyNetworkMount(of: task, main)
                task.hostMountPoint = task.mount.flatMap(hostMountPoint)
                evidence.processes[index].tasks[place] = task
            }
        }
    }

    // By the task: a leader that is a zombie has no files, no memory and no mounts any more.

    private func file(_ descriptor: Int32, of pid: Int32) -> TaskFile? {
        reading { () throws(SystemError) in try procfs.openFile(descriptor, of: pid) }.map {
            TaskFile(descriptor: descriptor, path: $0.path, mountID: $0.mountID)
        }
    }

    /// A path in the process's memory, made absolute as far as its text goes: links in it are not followed.
    private func file(at address: UInt64, _ directory: Int32?, of pid: Int32) -> TaskFile? {
        guard let answer = ask(["text", "\(pid)", "\(address)"], textLimit), answer.isComplete,
            !answer.bytes.isEmpty
        else { return nil }
        let text = answer.bytes.text
        if text.hasPrefix("/") { return TaskFile(descriptor: nil, path: text) }
        let base = directory.map { "\(pid)/fd/\($0)" } ?? "\(pid)/cwd"
        guard let start = reading({ () throws(SystemError) in try procfs.link(base) }) else { return nil }
        return TaskFile(descriptor: nil, path: start == "/" ? "/" + text : start + "/" + text)
    }

    private func mount(of file: TaskFile?, _ pid: Int32, _ main: Int32?) -> MountInfo? {
        guard let file else { return nil }
        return reading { () throws(SystemError) in
            if let id = file.mountID { return try mounts.mount(id, of: pid, main: main) }
            guard file.descriptor == nil else { return nil }
            return try mounts.mount(at: file.path, of: pid, main: main)
        }
    }

    /// Of a task that waits for a network file system after its descriptors are gone, as whoever has written and is killed:
    /// where it can reach one only, it is that.
    private func onlyNetworkMount(of task: TaskEvidence, _ main: Int32?) -> MountInfo? {
        guard task.file == nil, task.stack.contains(where: KernelFunctions.isNetworkFileSystem) else { return nil }
        let seen = reading { () throws(SystemError) in try mounts.all(of: task.tid, main: main) } ?? []
        let remote = seen.filter { FileSystemKind.isNetwork($0.type) }
        guard let first = remote.first, remote.allSatisfy({ $0.device == first.device }) else {
            let places = remote.map(\.mountPoint).joined(separator: ", ")
            if !remote.isEmpty { gap("for which network file system it waits is not known: one of \(places)") }
            return nil
        }
        return first
    }

    /// Where the whole file system is to be seen, rather than a directory of it.
    private func hostMountPoint(of mount: MountInfo) -> String? {
        let all = reading { () throws(SystemError) in try mounts.hostMounts() } ?? []
        let same = all.filter { $0.device == mount.device }
        return (same.first { $0.root == "/" } ?? same.first)?.mountPoint
    }
}
