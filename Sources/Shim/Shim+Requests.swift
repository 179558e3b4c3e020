internal import Lifecycle
internal import Linux

// One function per call of the protocol.

extension Shim {
    func perform(_ request: ShimRequest, of connection: Connection) {
        if connection.attachment != nil { return performAttached(request, of: connection) }
        do throws(SystemError) {
            switch request.call {
            case .hello: hello(request, connection)
            case .start: try start(request, connection)
            case .stop(let order): try stop(order, request, connection)
            case .signal(let signal): try send(signal, request, connection)
            case .pause: try pause(request, connection)
            case .resume: try resume(request, connection)
            case .exec(let exec): try start(exec, request, connection)
            case .attach(let attachment): attach(attachment, request, connection)
            case .attachMarked(let attachment): attachMarked(attachment, request, connection)
            case .resize(let target, let rows, let columns):
                resize(target, WindowSize(rows: rows, columns: columns), request, connection)
            case .input, .inputClosed: refuse(request, connection, "not attached")
            }
        } catch {
            connection.send(.reply(request.id, .failed(.system, message: error.description)))
        }
    }

    private func performAttached(_ request: ShimRequest, of connection: Connection) {
        guard let attachment = connection.attachment, attachment.input,
            let streams = existingStreams(of: attachment.target)
        else { return }
        switch request.call {
        case .input(let bytes): streams.take(bytes)
        case .inputClosed: if closesWithClient(attachment.target) { streams.closeInput() }
        case .hello, .start, .stop, .signal, .pause, .resume, .exec, .attach, .attachMarked, .resize:
            refuse(request, connection, "attached connections carry streams only")
        }
    }

    func refuse(_ request: ShimRequest, _ connection: Connection, _ message: String) {
        connection.send(.reply(request.id, .failed(.state, message: message)))
    }

    private func hello(_ request: ShimRequest, _ connection: Connection) {
        connection.isSubscriber = true
        connection.send(.reply(request.id, .snapshot(snapshot)))
    }

    var snapshot: ShimSnapshot {
        ShimSnapshot(
            state: state, pid: mainPid, job: machine.isStopping ? job : nil, stuck: state == .stuck ? lastFinding : nil,
            execs: execs.filter(\.value.isStarted).map(\.key), exit: record)
    }

    private func attach(_ attachment: AttachRequest, _ request: ShimRequest, _ connection: Connection) {
        let streams = streams(of: attachment.target)
        connection.attachment = attachment
        connection.send(.reply(request.id, .done))
        streams.attach(connection)
    }

    /// The streams of a process, made on first mention: who wants the output of an exec from its first byte attaches before
    /// the exec is started.
    func streams(of target: StreamTarget) -> ProcessStreams {
        if let known = existingStreams(of: target) { return known }
        let made = ProcessStreams(target, log: nil)
        if case .exec(let id) = target { execs[id] = Exec(streams: made) }
        return made
    }

    private func resize(
        _ target: StreamTarget, _ size: WindowSize, _ request: ShimRequest, _ connection: Connection
    ) {
        streams(of: target).resize(size)
        connection.send(.reply(request.id, .done))
    }

    private func send(_ signal: Signal, _ request: ShimRequest, _ connection: Connection) throws(SystemError) {
        guard mainProcess != nil, record == nil else {
            return refuse(request, connection, "the container is not running")
        }
        try mainProcess?.send(signal)
        connection.send(.reply(request.id, .done))
    }

    private func stop(_ order: StopOrder, _ request: ShimRequest, _ connection: Connection) throws(SystemError) {
        if job == 0 { job = 1 }
        connection.send(.reply(request.id, .accepted(job: job)))
        switch state {
        case .created, .failed: endUnstarted()
        case .starting: try stopEarly(order)
        case .running, .paused, .stopping, .stuck:
            perform(machine.stopRequested(order, at: MonotonicClock.now()))
            refreshState()
        case .exited:
            guard let record else { return }
            let report = StopReport(status: record.status, how: .already, rung: nil, elapsed: .zero)
            connection.send(.event(.stop(job: job, .ended(report))))
        }
    }

    private func endUnstarted() {
        let report = StopReport(status: .unobserved(.neverStarted), how: .already, rung: nil, elapsed: .zero)
        tell(.stop(job: job, .ended(report)))
        if state == .created, !isEnding {
            failStart(ShimReply.failed(.state, message: "stopped before it was started"), asker: nil)
        }
    }

    /// While the runtime still works: a softer stop waits for the start, no longer than its grace period.
    private func stopEarly(_ order: StopOrder) throws(SystemError) {
        earlyStops.append(order)
        guard let grace = order.ladder.totalGrace else { return }
        let now = MonotonicClock.now()
        let verdict = order.killDeadline
        var early = earlyEnd ?? EarlyEnd(kill: now + grace, killDeadline: verdict)
        early.kill = min(early.kill, now + grace)
        early.killDeadline = min(early.killDeadline, verdict)
        if early.killed != nil { early.verdict = now + verdict }
        earlyEnd = early
        try endEarly(at: now)
    }

    /// A kill ends the runtime and what it made; where that does not end within its deadline, the verdict is `stuck`.
    func endEarly(at now: Instant) throws(SystemError) {
        guard state == .starting, var early = earlyEnd else { return }
        if early.killed == nil, now >= early.kill {
            (early.killed, early.verdict) = (now, now + early.killDeadline)
            earlyEnd = early
            for call in calls where call.purpose == .start { try call.process.send(.kill) }
            try cgroup.kill()
        }
        if let verdict = early.verdict, now >= verdict {
            earlyEnd?.verdict = nil
            var finding = liveTasks()
            finding.sinceKill = early.killed.map { now - $0 } ?? .zero
            lastFinding = finding
            tell(.stop(job: job, .stuck(finding)))
        }
    }

    // MARK: Pause

    private func pause(_ request: ShimRequest, _ connection: Connection) throws(SystemError) {
        guard state == .running, freezing == nil else {
            return refuse(request, connection, "only a running container can be paused (it is \(state))")
        }
        try cgroup.freeze()
        freezing = Freezing(
            connection: connection.id, request: request.id, deadline: MonotonicClock.now() + Shim.freezeDeadline)
        try observePopulation()
    }

    func observeFreeze() throws(SystemError) {
        guard let freezing, try cgroup.isFrozen() else { return }
        self.freezing = nil
        isPaused = true
        refreshState()
        connection(freezing.connection)?.send(.reply(freezing.request, .done))
        tell(.paused)
    }

    /// A task in uninterruptible sleep cannot be frozen: give the pause up, and let the others go on.
    func abandonFreeze(_ freezing: Freezing) throws(SystemError) {
        _ = try cgroup.thaw()
        let message = "the container could not be frozen within \(Shim.freezeDeadline.shortText); it runs on"
        refuseFreeze(freezing, message)
    }

    func refuseFreeze(_ freezing: Freezing, _ message: String) {
        self.freezing = nil
        connection(freezing.connection)?.send(.reply(freezing.request, .failed(.system, message: message)))
    }

    private func resume(_ request: ShimRequest, _ connection: Connection) throws(SystemError) {
        guard state == .paused else { return refuse(request, connection, "the container is not paused") }
        _ = try cgroup.thaw()
        isPaused = false
        refreshState()
        connection.send(.reply(request.id, .done))
        tell(.resumed)
    }
}
