internal import Linux

// Which processes there are, and what each is.

extension Look {
    func lookAtProcesses() {
        let subject = evidence.subject
        var members: Set<Int32> = []
        for group in subject.cgroups {
            members.formUnion(reading { () throws(SystemError) in try group.members() } ?? [])
            let populated = reading { () throws(SystemError) in try group.isPopulated() }
            if let populated { evidence.populated = (evidence.populated ?? false) || populated }
        }
        let pids = Set(subject.pids).union([subject.main].compactMap { $0 }).union(members).sorted()
        let uptime = reading { () throws(SystemError) in try Host.uptime() }
        let main = subject.main ?? members.min()
        for pid in pids.prefix(Look.processLimit) {
            guard var process = process(pid, uptime) else { continue }
            process.isMember = members.contains(pid)
            process.isMain = pid == main
            evidence.processes.append(process)
        }
        if pids.count > Look.processLimit { evidence.isTruncated = true }
        addInit(uptime)
        addChildren(uptime)
        addParents()
    }

    /// An init that waits for its last children is in no control group any more, and nobody may have named it.
    private func addInit(_ uptime: Duration?) {
        guard evidence.subject.main == nil, !evidence.processes.contains(where: \.isInnerInit),
            let inner = evidence.processes.first(where: { $0.namespacePids.count > 1 }),
            let namespace = reading({ () throws(SystemError) in try procfs.link("\(inner.pid)/ns/pid") })
        else { return }
        for pid in reading({ () throws(SystemError) in try procfs.processes() }) ?? [] {
            if isLate { return gap("the init of its PID namespace was not looked for: no time was left") }
            guard quietly({ () throws(SystemError) in try procfs.link("\(pid)/ns/pid") }) == namespace,
                var found = process(pid, uptime), found.isInnerInit
            else { continue }
            for index in evidence.processes.indices { evidence.processes[index].isMain = false }
            found.isMain = true
            return evidence.processes.insert(found, at: 0)
        }
    }

    /// What a shell handles depends on what it runs in the foreground, and the parent of a vfork waits for its child.
    private func addChildren(_ uptime: Duration?) {
        guard case .process(let pid) = evidence.subject.kind,
            evidence.processes.contains(where: { $0.pid == pid && ($0.isShell || $0.state == "D") })
        else { return }
        for child in reading({ () throws(SystemError) in try procfs.processes() }) ?? [] {
            if isLate { return gap("not all its children were looked at: no time was left") }
            let stat = quietly { () throws(SystemError) in try procfs.stat(of: child) }
            guard stat?.parent == pid, let process = process(child, uptime) else { continue }
            evidence.processes.append(process)
        }
    }

    /// Nil: it is gone.
    func process(_ pid: Int32, _ uptime: Duration?) -> ProcessEvidence? {
        guard let status = reading({ () throws(SystemError) in try procfs.status(of: pid) }),
            let stat = reading({ () throws(SystemError) in try procfs.stat(of: pid) })
        else { return nil }
        let name = ProcessName(pid: pid, startTicks: stat.startTicks, comm: status.name)
        var process = ProcessEvidence(
            name, state: status.state, parent: status.parent, masks: status.masks,
            namespacePids: status.namespacePids)
        process.age = uptime.map { max(.zero, $0 - .milliseconds(Int64(stat.startTicks) * 10)) }
        process.memory = status.residentBytes ?? 0
        if status.tracer != 0 { process.tracer = outsider(status.tracer) }
        process.program = reading { () throws(SystemError) in try procfs.link("\(pid)/exe") } ?? ""
        return process
    }

    /// Nil: it is gone.
    func outsider(_ pid: Int32) -> Outsider? {
        guard pid > 0, let stat = reading({ () throws(SystemError) in try procfs.stat(of: pid) }) else { return nil }
        return Outsider(ProcessName(pid: pid, startTicks: stat.startTicks, comm: stat.name), state: stat.state)
    }

    private func addParents() {
        let known = Set(evidence.processes.map(\.pid))
        for index in evidence.processes.indices where !known.contains(evidence.processes[index].parent) {
            evidence.processes[index].outsideParent = outsider(evidence.processes[index].parent)
        }
    }

    // MARK: the PID namespace

    /// An init that ends waits until all of its namespace are dead and reaped, wherever their control group and their parent
    /// are (LINUX 6, 10). So where one waits, the whole host is searched for them.
    func lookAtNamespace() {
        guard let main = evidence.processes.first(where: { $0.isMain && $0.isInnerInit }),
            let wchan = reading({ () throws(SystemError) in try procfs.waitChannel(of: main.pid, task: main.pid) }),
            Look.isEnding(
                wchan, reading { () throws(SystemError) in try procfs.kernelStack(of: main.pid, task: main.pid) }),
            let namespace = reading({ () throws(SystemError) in try procfs.link("\(main.pid)/ns/pid") })
        else { return }
        let known = Set(evidence.processes.map(\.pid))
        let uptime = reading { () throws(SystemError) in try Host.uptime() }
        for pid in reading({ () throws(SystemError) in try procfs.processes() }) ?? [] where !known.contains(pid) {
            if isLate { return gap("not all processes of the host were looked at: no time was left") }
            guard quietly({ () throws(SystemError) in try procfs.link("\(pid)/ns/pid") }) == namespace,
                let process = process(pid, uptime)
            else { continue }
            if process.state == "Z", (reading { () throws(SystemError) in try procfs.tasks(of: pid) } ?? []).count <= 1
            {
                guard let parent = outsider(process.parent) else { continue }
                evidence.unreaped.append(UnreapedProcess(process.name, parent: parent))
            } else {
                var stray = process
                stray.outsideParent = known.contains(process.parent) ? nil : outsider(process.parent)
                evidence.processes.append(stray)
            }
        }
    }

    private static func isEnding(_ wchan: String, _ stack: [String]?) -> Bool {
        wchan == "zap_pid_ns_processes" || stack?.contains { $0.contains("zap_pid_ns_processes") } == true
    }
}
