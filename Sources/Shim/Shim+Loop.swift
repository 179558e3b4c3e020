internal import Lifecycle
internal import Linux

extension Shim {
    /// What a descriptor of the poll set stands for.
    enum Interest {
        case signals
        case listener
        case population
        case writer
        case connection(Connection)
        case output(ProcessStreams, OutputStream)
        case input(ProcessStreams)
        case console(RuntimeCall)
    }

    var allStreams: [ProcessStreams] { [streams] + execs.values.map(\.streams) }

    func collectInterests(_ set: inout PollSet, _ interests: inout [Interest]) {
        set.removeAll()
        interests.removeAll(keepingCapacity: true)
        func want(_ raw: Int32, _ events: PollEvents, _ interest: Interest) {
            set.add(raw, events)
            interests.append(interest)
        }
        want(signals.descriptor.raw, .readable, .signals)
        want(listener.raw, .readable, .listener)
        if let raw = populationDescriptor, isObserving { want(raw, .priority, .population) }
        if let raw = writer.descriptor { want(raw, writer.isWaiting ? [.readable, .writable] : .readable, .writer) }
        let now = MonotonicClock.now()
        for connection in connections {
            var events: PollEvents = connection.outgoing.isEmpty ? [] : .writable
            if takesRequests(from: connection) { events.insert(.readable) }
            want(connection.socket.raw, events, .connection(connection))
        }
        for streams in allStreams {
            for (raw, stream) in streams.readable(at: now) { want(raw, .readable, .output(streams, stream)) }
            if let raw = streams.writable { want(raw, .writable, .input(streams)) }
        }
        for call in calls {
            if let raw = call.consoleDescriptor { want(raw, .readable, .console(call)) }
        }
    }

    /// The container's end is still to be seen.
    private var isObserving: Bool { record == nil && conclusion == nil && ending == nil }
    /// A start has failed or is not wanted any more; soon that will be told.
    var isEnding: Bool { failedStart != nil || ending != nil }

    private func takesRequests(from connection: Connection) -> Bool {
        guard let target = connection.attachment?.target else { return true }
        return existingStreams(of: target)?.takesInput ?? true
    }

    /// A fault of one descriptor is said and survived: the container must not lose its supervisor for it.
    func serve(_ interest: Interest, _ found: PollEvents) {
        do throws(SystemError) { try tryServing(interest, found) } catch { report(error) }
    }

    private func tryServing(_ interest: Interest, _ found: PollEvents) throws(SystemError) {
        switch interest {
        case .signals: try takeSignals()
        case .listener: try acceptConnections()
        case .population: try observePopulation()
        case .writer:
            writer.serve(found)
            heardWriter()
        case .connection(let connection): serve(connection, found)
        case .output(let streams, let stream): _ = streams.read(stream, into: &buffer)
        case .input(let streams): streams.flushInput()
        case .console(let call): try receiveTerminal(call)
        }
    }

    private func serve(_ connection: Connection, _ found: PollEvents) {
        if found.contains(.writable) { connection.flush() }
        guard !found.isDisjoint(with: [.readable, .hangUp, .error]) else { return }
        for request in connection.receive(into: &buffer) { perform(request, of: connection) }
    }

    private func acceptConnections() throws(SystemError) {
        while let socket = try UnixSocket.accept(listener) {
            connections.append(Connection(id: nextConnection, socket: socket))
            nextConnection += 1
        }
    }

    /// A client that leaves cancels nothing. Its end of file counts when the container's stdin belongs to one client.
    func disconnect(_ connection: Connection) {
        connections.removeAll { $0 === connection }
        marks.removeAll { $0.connection == connection.id }
        guard let attachment = connection.attachment, let streams = existingStreams(of: attachment.target) else {
            return
        }
        streams.attached.removeAll { $0 === connection }
        if case .exec(let id) = attachment.target, streams.attached.isEmpty, execs[id]?.isStarted == false {
            execs[id] = nil
        }
        if attachment.input && closesWithClient(attachment.target) { streams.closeInput() }
    }

    func closesWithClient(_ target: StreamTarget) -> Bool {
        switch target {
        case .main: configuration.stdinOnce
        case .exec: true
        }
    }

    func existingStreams(of target: StreamTarget) -> ProcessStreams? {
        switch target {
        case .main: streams
        case .exec(let id): execs[id]?.streams
        }
    }

    func connection(_ id: Int) -> Connection? { connections.first { $0.id == id } }

    func tell(_ event: ShimEvent) {
        for connection in connections where connection.isSubscriber { connection.send(.event(event)) }
    }

    // MARK: Deadlines

    /// The next instant anything of ours is due.
    var nextDeadline: Instant? {
        var due = [alarm, earlyEnd?.next, freezing?.deadline, lingerUntil].compactMap { $0 }
        due += [ending?.deadline, writer.deadline, writerDue].compactMap { $0 }
        if writerDue != nil, let hung = writer.deliveryDeadline { due.append(hung) }
        if ending == nil { due += marks.map(\.deadline) }
        due += allStreams.compactMap(\.drainDeadline)
        due += calls.filter { !$0.isOverdue }.map(\.deadline)
        if let pollsPopulation { due.append(pollsPopulation) }
        return due.min()
    }

    /// The kernel tells when the cgroup empties (v2 and hybrid).
    private var tellsPopulation: Bool { cgroup.host.unified != nil }

    /// Only where no event tells: v1, a freeze that is not complete, a start that failed before anything was there.
    private var pollsPopulation: Instant? {
        let waits = machine.evidence.mainStatus != nil || machine.isKilling
        let blind = !tellsPopulation && record == nil && waits
        return blind || failedStart != nil || freezing != nil ? MonotonicClock.now() + Shim.populationPause : nil
    }

    func deadlinesReached(at now: Instant) {
        do throws(SystemError) { try tryDeadlines(at: now) } catch { report(error) }
    }

    private func tryDeadlines(at now: Instant) throws(SystemError) {
        if let alarm, now >= alarm {
            self.alarm = nil
            perform(machine.deadlineReached(at: now))
        }
        try endEarly(at: now)
        let isBlind = !tellsPopulation && record == nil && mainPid != 0
        if freezing != nil || failedStart != nil || isBlind { try observePopulation() }
        if let freezing, now >= freezing.deadline { try abandonFreeze(freezing) }
        finishDrained(at: now)
        if let ending, now >= ending.deadline { recordLate(ending) }
        deliverRest(at: now)
        giveUpMarks(at: now)
        for call in calls where now >= call.deadline && !call.isOverdue { giveUp(call) }
    }
}
