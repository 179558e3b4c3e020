internal import Lifecycle
internal import Linux

// Starting things through the OCI runtime.

extension Shim {
    private var usesTerminal: Bool { configuration.terminal }

    func start(_ request: ShimRequest, _ connection: Connection) throws(SystemError) {
        guard state == .created, !isEnding else { return refuse(request, connection, "it was started before") }
        let files = RuntimeFiles(bundle: configuration.bundle, name: "main", terminal: usesTerminal)
        state = .starting
        do throws(SystemError) {
            try launch(
                .start, ["run", "--detach"], files, streams: streams, terminal: usesTerminal,
                openStdin: configuration.openStdin, asker: (connection.id, request.id))
            // While the runtime works: nobody waits for it now. One that runs already may have refused.
            try writer.start()
            heardWriter()
        } catch {
            failStart(.failed(.system, message: error.description), asker: (connection.id, request.id))
        }
    }

    func start(_ exec: ExecRequest, _ request: ShimRequest, _ connection: Connection) throws(SystemError) {
        guard state == .running else { return refuse(request, connection, "the container is \(state)") }
        guard freezing == nil else { return refuse(request, connection, "the container is being paused") }
        guard execs[exec.id]?.isStarted != true else {
            return refuse(request, connection, "exec \(exec.id) runs already")
        }
        let files = RuntimeFiles(bundle: configuration.bundle, name: "exec-\(exec.id)", terminal: exec.terminal)
        let streams = streams(of: .exec(exec.id))
        execs[exec.id]?.isStarted = true
        do throws(SystemError) {
            try write(exec.process, to: files.process ?? "")
            try launch(
                .exec(exec.id), ["exec", "--detach", "--process", files.process ?? ""], files,
                streams: streams, terminal: exec.terminal, openStdin: exec.openStdin,
                asker: (connection.id, request.id))
        } catch {
            files.remove()
            execs[exec.id] = nil
            streams.finish()
            streams.endAttachments()
            throw error
        }
    }

    /// A failure names the file: the descriptor's number says nothing to whoever has to make room.
    private func write(_ process: [UInt8], to path: String) throws(SystemError) {
        let file = try File.open(path, [.writeOnly, .create, .truncate], mode: 0o600)
        do throws(SystemError) { try file.writeAll(process) } catch {
            throw SystemError(error.call, path, errno: error.errno)
        }
    }

    /// Runs the runtime as a child of ours.
    ///
    /// On a hybrid host it does not see the v2 hierarchy: there it is made a member of the container's cgroup first, so
    /// that everything it starts is one too. Elsewhere it puts the container there by itself, and must not be a member: a
    /// runtime that fails kills all that is in the cgroup (seen with crun 1.8 on v2).
    private func launch(
        _ purpose: RuntimeCall.Purpose, _ verb: [String], _ files: RuntimeFiles,
        streams: ProcessStreams?, terminal: Bool, openStdin: Bool, asker: (connection: Int, request: UInt32)?
    ) throws(SystemError) {
        var arguments =
            ["--root", configuration.runtimeRoot, "--log", "/proc/self/fd/3", "--log-format", "json"] + verb
        var console: OwnedDescriptor?
        if let path = files.console {
            console = try UnixSocket.listen(at: path)
            arguments += ["--console-socket", path.fileName]
        }
        switch purpose {
        case .start: arguments += ["--pid-file", files.pidFile, "--bundle", configuration.bundle]
        case .exec: arguments += ["--pid-file", files.pidFile]
        case .delete: break
        }
        prepareRuntime()
        defer { runtimeCopy = nil }
        var request = SpawnRequest(configuration.runtime, arguments + [configuration.containerID])
        request.environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        request.workingDirectory = configuration.bundle
        request.oomScoreAdjust = 0
        request.hiddenMounts = cgroup.host.hiddenFromRuntime
        if purpose != .delete, !request.hiddenMounts.isEmpty { request.cgroups = try cgroup.openDoors(.membership) }
        let report = try SpawnReport()
        let log = try OwnedDescriptor.memoryFile("runtime-log")
        request.descriptors = [DescriptorMapping(3, from: log.raw)]
        if let raw = runtimeCopy?.raw {
            request.executable = "/proc/self/fd/4"
            request.descriptors.append(DescriptorMapping(4, from: raw))
        }
        let spawned = try spawn(request, report, streams: streams, terminal: terminal, openStdin: openStdin)
        calls.append(
            RuntimeCall(
                purpose, spawned, report, files: files, log: log, console: console, asker: asker,
                deadline: MonotonicClock.now() + Shim.runtimeDeadline))
    }

    /// A copy of crun that nobody can write to; nil: it is executed as it lies there.
    ///
    /// A runtime must not be executed from a file that a container could overwrite through /proc/PID/exe (CVE-2019-5736). So
    /// crun makes a copy of itself, unless it is executed from one: mounts, unmounts (the kernel waits for a grace period),
    /// and executes itself once more. runc does, too, but is twenty times as large.
    private func sealedRuntime() -> OwnedDescriptor? {
        guard configuration.runtime.fileName == "crun" else { return nil }
        do throws(SystemError) {
            let copy = try OwnedDescriptor.sealedCopy(
                of: configuration.runtime, named: "crun", limit: Shim.largestRuntime)
            var magic = [UInt8](repeating: 0, count: 4)
            // A script would not find itself by its name.
            guard case .bytes(4) = try copy.read(into: &magic), magic == [0x7f, 0x45, 0x4c, 0x46] else { return nil }
            return copy
        } catch {
            // What is wrong with the file, its execution tells.
            return nil
        }
    }

    /// Also while the engine prepares the root file system: the start then need not wait for it.
    func prepareRuntime() {
        if runtimeCopy?.raw == nil { runtimeCopy = sealedRuntime() }
    }

    /// Not awaited: whoever froze the cgroup meanwhile would freeze the runtime on its way, and this shim with it.
    private func spawn(
        _ request: SpawnRequest, _ report: SpawnReport, streams: ProcessStreams?, terminal: Bool, openStdin: Bool
    ) throws(SystemError) -> SpawnedProcess {
        var request = request
        let null = try File.open("/dev/null", .readWrite)
        guard let streams, !terminal else {
            request.descriptors += (0...2).map { DescriptorMapping(Int32($0), from: null.raw) }
            return try Spawn.start(request, report: report)
        }
        let output = try Pipe()
        let error = try Pipe()
        let input = try Pipe()
        request.descriptors += [
            DescriptorMapping(0, from: openStdin ? input.reading.raw : null.raw),
            DescriptorMapping(1, from: output.writing.raw), DescriptorMapping(2, from: error.writing.raw),
        ]
        let spawned = try Spawn.start(request, report: report)
        streams.connect(output: try pumped(from: output.reading), error: try pumped(from: error.reading))
        if openStdin { streams.connect(input: try pumped(to: input.writing)) }
        return spawned
    }

    private func pumped(from pipe: consuming OwnedDescriptor) throws(SystemError) -> OwnedDescriptor {
        let pair = try SocketPair()
        try Pump.start(from: pipe, to: pair.second)
        try pair.first.setNonBlocking()
        return pair.first
    }

    private func pumped(to pipe: consuming OwnedDescriptor) throws(SystemError) -> OwnedDescriptor {
        let pair = try SocketPair()
        try Pump.start(from: pair.second, to: pipe)
        try pair.first.setNonBlocking()
        return pair.first
    }

    /// The runtime hands the terminal's leader over.
    func receiveTerminal(_ call: RuntimeCall) throws(SystemError) {
        guard let terminal = try call.receiveTerminal() else { return }
        try terminal.setNonBlocking()
        switch call.purpose {
        case .start: streams.connect(terminal: terminal)
        case .exec(let id): execs[id]?.streams.connect(terminal: terminal)
        case .delete: break
        }
    }

    // MARK: What became of it

    /// The runtime has ended.
    func finished(_ call: RuntimeCall, _ status: ExitStatus) {
        do throws(SystemError) { try receiveTerminal(call) } catch { report(error) }
        let log = words(of: call)
        let pid = Int32(String(decoding: content(of: call.pidFile), as: UTF8.self))
        RuntimeFiles(bundle: configuration.bundle, name: call.name, terminal: call.consolePath != nil).remove()
        switch call.purpose {
        case .delete: break
        case .start:
            freshUntil = MonotonicClock.now() + Shim.freshTime
            if let refusal = call.refusal {
                return failStart(.failed(.system, message: refusal), asker: call.asker)
            }
            guard status.isSuccess, let pid else {
                let fault = RuntimeFault(log: log, status: status, failure: call.report.failure)
                return failStart(.failed(fault.failure, message: fault.message), asker: call.asker)
            }
            started(pid, call)
        case .exec(let id):
            freshUntil = MonotonicClock.now() + Shim.freshTime
            guard status.isSuccess, let pid else {
                return failExec(id, RuntimeFault(log: log, status: status, failure: call.report.failure), call)
            }
            startedExec(id, pid, call)
        }
    }

    /// Nothing when it said nothing.
    private func words(of call: RuntimeCall) -> [UInt8] {
        do throws(SystemError) { return try call.log.readAll(limit: 1 << 20) } catch {
            report(error)
            return []
        }
    }

    /// Nothing when there is nothing, or when it cannot be read.
    private func content(of path: String) -> [UInt8] {
        do throws(SystemError) { return try File.readIfPresent(path) ?? [] } catch {
            report(error)
            return []
        }
    }

    private func started(_ pid: Int32, _ call: RuntimeCall) {
        mainPid = pid
        let early = strangers.removeValue(forKey: pid)
        if early == nil { holdMainProcess() }
        (state, earlyEnd) = (.running, nil)
        streams.open()
        answer(call, .started(pid: pid))
        tell(.started(pid: pid))
        if let early { mainEnded(early) }
        for order in earlyStops { perform(machine.stopRequested(order, at: MonotonicClock.now())) }
        refreshState()
    }

    private func startedExec(_ id: String, _ pid: Int32, _ call: RuntimeCall) {
        execs[id]?.pid = pid
        execs[id]?.streams.open()
        answer(call, .started(pid: pid))
        tell(.execStarted(id, pid: pid))
        countExecs()
        if let early = strangers.removeValue(forKey: pid) { execEnded(id, early) }
    }

    private func failExec(_ id: String, _ fault: RuntimeFault, _ call: RuntimeCall) {
        answer(call, .failed(fault.failure, message: fault.message))
        guard let exec = execs.removeValue(forKey: id) else { return }
        exec.streams.finish()
        exec.streams.endAttachments()
    }

    /// What the runtime made of it must not live on.
    func failStart(_ reply: ShimReply, asker: (connection: Int, request: UInt32)?) {
        guard !isEnding else { return }
        failedStart = FailedStart(reply: reply, asker: asker)
        do throws(SystemError) {
            if try cgroup.isPopulated() { try cgroup.kill() }
            try observePopulation()
        } catch {
            // The loop goes on looking.
            report(error)
        }
    }

    /// There will be no place for the record of its end: it is not started at all.
    func refuseStart(_ why: String) {
        for call in calls where call.purpose == .start && call.refusal == nil {
            call.refusal = why
            end(call)
        }
    }

    /// The runtime did not come back in time: tell who asked, end it, and go on waiting for its end.
    func giveUp(_ call: RuntimeCall) {
        call.isOverdue = true
        let message =
            "\(configuration.runtime.fileName) did not finish within \(Shim.runtimeDeadline.shortText) and was killed"
        answer(call, .failed(.runtime, message: message))
        end(call)
    }

    private func end(_ call: RuntimeCall) {
        do throws(SystemError) {
            try call.process.send(.kill)
            if call.purpose == .start { try cgroup.kill() }
        } catch {
            // It has just ended; its end is an event of its own.
        }
    }

    private func answer(_ call: RuntimeCall, _ reply: ShimReply) {
        guard let asker = call.asker else { return }
        connection(asker.connection)?.send(.reply(asker.request, reply))
    }

    /// Lets the runtime forget the container.
    func deleteRuntimeState() {
        let files = RuntimeFiles(bundle: configuration.bundle, name: "delete", terminal: false)
        do throws(SystemError) {
            try launch(
                .delete, ["delete", "--force"], files, streams: nil, terminal: false, openStdin: false,
                asker: nil)
        } catch {
            // The engine's sweep removes what is left.
        }
    }
}

extension ShimConfiguration {
    /// What crun and runc keep of a container that has ended, a folder and its control groups, the engine removes by
    /// itself, sooner than they could. Another runtime may keep more, and is asked to.
    var keepsKnownState: Bool { ["crun", "runc"].contains(runtime.fileName) }
}

extension RuntimeCall {
    var name: String {
        switch purpose {
        case .start: "main"
        case .exec(let id): "exec-\(id)"
        case .delete: "delete"
        }
    }
}

extension String {
    /// After the last slash.
    var fileName: String { split(separator: "/").last.map(String.init) ?? self }
}

extension WallTime {
    var nanosecondsSince1970: Int64 { seconds * 1_000_000_000 + Int64(nanoseconds) }
}
