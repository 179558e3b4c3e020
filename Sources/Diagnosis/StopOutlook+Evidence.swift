internal import Lifecycle

// What a stop would do now, by the rules that the stop machine follows (LINUX 1 to 4).

extension StopOutlook {
    init(_ evidence: Evidence) {
        self.init(.unknown, signal: evidence.subject.plan.ladder.rungs.first?.signal)
        guard let main = evidence.main else {
            expectation = evidence.populated == true ? .unknown : .gone
            return
        }
        if main.tasks.isEmpty && main.state == "Z" && evidence.populated != true {
            expectation = .gone
            return
        }
        guard let signal else {
            expectation = .kill
            return
        }
        decide(signal, main, evidence)
        addNotes(main, evidence)
    }

    private mutating func decide(_ signal: Signal, _ main: ProcessEvidence, _ evidence: Evidence) {
        switch main.masks.disposition(of: signal) {
        case .handled, .blocked:
            recipients = [main.name]
            expectation = .graceful
            if let child = evidence.foregroundChild(of: main) {
                expectation = .late
                notes.append(
                    "\(main.name.text) is a shell, and runs its trap for \(signal) only when its foreground command "
                        + "\(child.name.text) has ended")
                notes.append(
                    "cure: start the command in the background and wait for it (cmd & wait $!), exec it, or signal it too "
                        + "with --ladder \"\(signal.shortName):5s, \(signal.shortName)@all:5s, KILL\"")
            } else if main.masks.disposition(of: signal) == .blocked {
                notes.append("\(main.name.text) blocks \(signal), to take it by sigwait or signalfd")
            } else {
                notes.append("\(main.name.text) has a handler for \(signal)")
            }
        case .ignored:
            expectation = .ignored
            notes.append("\(main.name.text) ignores \(signal) on purpose: it gets the whole grace period")
        case .byDefault where !main.isNamespaceInit: byDefault(signal, main)
        case .byDefault: withoutHandler(signal, main, evidence)
        }
    }

    /// A shared or the host's PID namespace: the signal does what it does to anybody.
    private mutating func byDefault(_ signal: Signal, _ main: ProcessEvidence) {
        guard signal.defaultAction == .terminate else {
            expectation = .unhandled
            notes.append("\(main.name.text) has no handler for \(signal), which does nothing by default")
            return
        }
        expectation = .defaultAction
        recipients = [main.name]
        notes.append("\(main.name.text) is no PID 1: the default action of \(signal) ends it")
    }

    private mutating func withoutHandler(_ signal: Signal, _ main: ProcessEvidence, _ evidence: Evidence) {
        let able = evidence.processes.filter {
            $0.pid != main.pid && !$0.tasks.isEmpty && $0.masks.disposition(of: signal).reacts
        }
        recipients = able.map(\.name)
        notes.append("\(main.name.text) is PID 1 without a handler for \(signal): the kernel throws the signal away")
        if !main.isInnerInit {
            expectation = .unhandled
            recipients = []
        } else if able.isEmpty {
            expectation = .unhandled
            switch evidence.subject.plan.unhandled {
            case .kill: notes.append("nothing in it can react: it is killed at once, without waiting in vain")
            case .wait:
                notes.append("nothing in it can react, and yet the whole grace period is waited for, as docker does")
            }
            notes.append("cure: a handler, or --init, which passes signals on")
        } else {
            expectation = .forwarded
            let names = able.prefix(3).map(\.name.text).joined(separator: ", ")
            notes.append("\(signal) goes to \(names) instead, which \(able.count == 1 ? "handles" : "handle") it")
            if main.isShell { notes.append("cure: the exec form of the command, or exec in the script") }
        }
        if let age = main.age, age < StopOutlook.freshness {
            notes.append("it was started \(age.wholeMilliseconds) ms ago, and may not have installed its handlers yet")
        }
    }

    /// Programs install their handlers within this time, nearly always.
    private static let freshness = Duration.seconds(3)

    private mutating func addNotes(_ main: ProcessEvidence, _ evidence: Evidence) {
        if main.isNamespaceInit && !main.isInnerInit {
            notes.append("it is PID 1 of the namespace that is looked from: KILL from inside of that does not end it")
        }
        let leader = main.tasks.first { $0.tid == main.pid } ?? main.tasks.first
        if leader?.state == "T" {
            notes.append(
                "\(main.name.text) is suspended: a handler runs after `kill -CONT \(main.pid)`; KILL works at once")
        }
        if let tracer = main.tracer { notes.append("\(tracer.text) traces it, and sees signals first") }
        if let leader, evidence.freezer(of: leader) != nil {
            let groups =
                evidence.frozenGroups(.v1, holding: leader.freezerPath)
                + evidence.frozenGroups(.v2, holding: leader.unifiedPath)
            let above = groups.filter { !evidence.isThawedByStop($0) }
            notes.append(
                above.isEmpty
                    ? "it is frozen (paused): a stop thaws it first"
                    : "it is frozen by \(above.map(\.directory).joined(separator: " and ")), which a stop does not thaw"
            )
        }
    }
}

extension Signal {
    /// `TERM`, as ladders have it.
    var shortName: String { description.hasPrefix("SIG") ? String(description.dropFirst(3)) : description }
}

extension ProcessEvidence {
    private static let shells: Set<String> = ["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh"]

    var isShell: Bool { ProcessEvidence.shells.contains(comm) }
}

extension Evidence {
    /// The command that a shell runs in the foreground, if it waits for one. A shell makes its background commands ignore INT
    /// and QUIT (POSIX, asynchronous lists); with only such children it sits in `wait`, which a signal interrupts.
    func foregroundChild(of shell: ProcessEvidence) -> ProcessEvidence? {
        guard shell.isShell, let leader = shell.tasks.first(where: { $0.tid == shell.pid }),
            leader.wchan == "do_wait" || ["wait4", "waitid"].contains(leader.call?.name)
        else { return nil }
        let children = processes.filter { $0.parent == shell.pid && !$0.tasks.isEmpty }
        return children.first { !$0.isBackground(of: shell) }
    }
}

extension ProcessEvidence {
    fileprivate func isBackground(of shell: ProcessEvidence) -> Bool {
        let both = UInt64(0b110)
        return masks.ignored & both == both && shell.masks.ignored & both != both
    }
}
