import APITypes
import Lifecycle
import Linux

/// A further process of a container, from its creation to some time after its end.
struct ExecRecord: Sendable {
    enum Phase: Hashable, Sendable { case created, starting, running, exited(ExitStatus) }
    let id: String
    /// Counts up in the order of creation.
    let number: Int
    var request: ExecCreateRequest
    var phase = Phase.created
    var pid: Int32 = 0
    /// Means something once it has.
    var endedAt = Instant(sinceBoot: .zero)
    let ended = Promise<ExitStatus>()

    var isRunning: Bool { phase == .running || phase == .starting }

    /// As Docker's events have it: a blank behind the command even where no argument follows.
    var commandLine: String {
        let command = request.cmd ?? []
        return (command.first ?? "") + " " + command.dropFirst().joined(separator: " ")
    }
}

extension Container {
    /// What the shim takes in one frame, and nothing else may be on its way there.
    static let largestProcess = FrameReader.limit - 4096

    func createExec(_ request: ExecCreateRequest) throws(EngineError) -> String {
        try checkNotQuarantined(before: "run a command in")
        guard machine.isActive, machine.state != .starting else { throw .notRunning("container \(id) is not running") }
        guard machine.state != .paused else {
            throw .conflict("Container \(id) is paused, unpause the container before exec")
        }
        guard let first = request.cmd?.first, !first.isEmpty else { throw .invalid("No exec command specified") }
        execNumber += 1
        let record = ExecRecord(id: Identifier.random(), number: execNumber, request: request)
        execs[record.id] = record
        for old in ExecMemory.toForget(execs.values, at: MonotonicClock.now()) { forgetExec(old) }
        core.remember(exec: record.id, of: id)
        post("exec_create: \(record.commandLine)", ["execID": record.id])
        return record.id
    }

    /// Nobody can ask for it any more.
    func forgetExec(_ exec: String) {
        let record = execs.removeValue(forKey: exec)
        core.forget(exec: exec)
        // Whoever still waits for its end would wait for ever.
        record?.ended.resolve(.unobserved(.supervisorGone))
    }

    /// Throws what speaks against its start.
    func readyToStart(exec: String) throws(EngineError) -> (ExecRecord, ShimConnection) {
        guard let record = execs[exec] else { throw .notFound(kind: "exec instance", name: exec) }
        guard record.phase == .created else { throw .conflict("Exec with id \(exec) is already running or has ended") }
        let shim = try runningShim()
        guard machine.state != .paused else {
            throw .conflict("Container \(id) is paused, unpause the container before exec")
        }
        return (record, shim)
    }

    /// Starts it; the streams are attached before, so that no byte is lost. Nil when detached.
    func startExec(
        _ exec: String, detached: Bool, consoleSize: [Int]?, asker: Job.Asker? = nil
    ) async throws(EngineError) -> AttachedStream? {
        let (record, shim) = try readyToStart(exec: exec)
        execs[exec]?.phase = .starting
        do throws(EngineError) {
            return try await core.jobs.track(.exec, id, asker: asker, within: core.configuration.expectations.exec) {
                (_) async throws(EngineError) in
                try await launch(record, shim, detached: detached, consoleSize: consoleSize)
            }
        } catch {
            switch error {
            case .commandNotFound: execExited(exec, .code(127))
            case .notExecutable: execExited(exec, .code(126))
            default: execExited(exec, .code(126))
            }
            throw error
        }
    }

    private func launch(
        _ record: ExecRecord, _ shim: ShimConnection, detached: Bool, consoleSize: [Int]?
    ) async throws(EngineError) -> AttachedStream? {
        let request = record.request
        let process = try await execProcess(request, consoleSize: consoleSize ?? request.consoleSize).bytes
        guard process.count <= Container.largestProcess else {
            throw .invalid("command and environment of the exec are too long: \(process.count) bytes")
        }
        var stream: AttachedStream?
        if !detached {
            let streams = AttachedStream(
                AttachRequest(
                    target: .exec(record.id), input: request.attachStdin, output: request.attachStdout || request.tty,
                    error: request.attachStderr))
            remember(streams)
            try await streams.connect(to: paths.socket, core.reactor)
            stream = streams
        }
        let call = ShimCall.exec(
            ExecRequest(
                id: record.id, process: process, terminal: request.tty,
                openStdin: request.attachStdin && !detached))
        let reply: ShimReply
        do throws(EngineError) { reply = try await shim.call(call, within: Container.startDeadline) } catch {
            stream?.detach()
            throw error
        }
        switch reply {
        case .started(let pid): execStarted(record.id, pid)
        case .failed(let failure, let message):
            stream?.detach()
            throw Container.execError(failure, Container.naming(request.cmd ?? [], in: message, of: failure))
        case .done, .snapshot, .accepted, .marked: throw .system("the shim answered exec wrongly")
        }
        return stream
    }

    private static func execError(_ failure: StartFailure, _ message: String) -> EngineError {
        let text = "OCI runtime exec failed: \(message)"
        return switch failure {
        case .commandNotFound: .commandNotFound(text)
        case .notExecutable: .notExecutable(text)
        case .state: .conflict(text)
        case .runtime, .system: .system(text)
        }
    }

    /// From the document and the accounts of the container alone: what its mounts come from is not looked at again.
    private func execProcess(_ request: ExecCreateRequest, consoleSize: [Int]?) async throws(EngineError) -> JSON {
        let user = request.user.flatMap { $0.isEmpty ? nil : $0 } ?? document.config.user ?? ""
        var host = document.host
        if request.privileged { host.privileged = true }
        let input = SpecInput(
            document: document, facts: core.facts,
            user: try await lookUp(user, adding: host.groupAdd ?? [], in: paths.rootfs),
            capabilities: try Capabilities.effective(host, held: core.facts.capabilities))
        let directory = request.workingDir.flatMap { $0.isEmpty ? nil : $0 } ?? document.config.workingDir ?? "/"
        return try Spec.process(
            input, command: request.cmd ?? [],
            environment: Environment.merge(document.config.env ?? [], request.env ?? []), terminal: request.tty,
            directory: directory, consoleSize: consoleSize)
    }

    // MARK: what the shim tells

    func execStarted(_ exec: String, _ pid: Int32) {
        guard let record = execs[exec], record.phase == .starting else { return }
        execs[exec]?.phase = .running
        execs[exec]?.pid = pid
        publish()
        post("exec_start: \(record.commandLine)", ["execID": exec])
    }

    func execExited(_ exec: String, _ status: ExitStatus) {
        guard let record = execs[exec], record.isRunning else { return }
        execs[exec]?.phase = .exited(status)
        execs[exec]?.pid = 0
        execs[exec]?.endedAt = MonotonicClock.now()
        // The largest part of it, and nobody asks for it any more.
        execs[exec]?.request.env = nil
        record.ended.resolve(status)
        publish()
        post("exec_die", ["execID": exec, "exitCode": "\(status.dockerCode)"])
    }

    /// The container has ended and so have they; whose status had not come will not be known.
    func abandonExecs() {
        for exec in execs.values where exec.isRunning { execExited(exec.id, .unobserved(.supervisorGone)) }
    }

    func inspectExec(_ exec: String) throws(EngineError) -> ExecInspect {
        guard let record = execs[exec] else { throw .notFound(kind: "exec instance", name: exec) }
        let request = record.request
        var answer = ExecInspect()
        (answer.id, answer.containerID, answer.running, answer.pid) = (exec, id, record.isRunning, Int(record.pid))
        if case .exited(let status) = record.phase {
            answer.exitCode = status.shellCode.map { Int($0) }
            answer.canRemove = true
        }
        (answer.openStdin, answer.openStdout, answer.openStderr) = (
            request.attachStdin, request.attachStdout, request.attachStderr
        )
        answer.detachKeys = request.chosenDetachKeys ?? ""
        answer.processConfig.tty = request.tty
        answer.processConfig.entrypoint = request.cmd?.first ?? ""
        answer.processConfig.arguments = Array((request.cmd ?? []).dropFirst())
        answer.processConfig.privileged = request.privileged
        answer.processConfig.user = request.user
        return answer
    }
}
