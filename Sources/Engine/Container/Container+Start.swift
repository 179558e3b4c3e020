import APITypes
import Lifecycle
import Linux
import Logging
import Synchronization

extension Container {
    /// Given to the runtime to create and start the container; the shim itself gives up after 60 s.
    static let startDeadline = Duration.seconds(70)

    /// Starts it; goes on although the caller leaves. `.notModified` when it runs already.
    func start(cause: StartCause = .request) async throws(EngineError) {
        let asker: Job.Asker? = cause == .request ? nil : .engine("restart policy")
        try await core.jobs.track(.start, id, asker: asker, within: core.configuration.expectations.start) {
            (job) async throws(EngineError) in
            try await start(cause, job)
        }
    }

    private func start(_ cause: StartCause, _ job: Job) async throws(EngineError) {
        // What the policy wants, it wants as soon as the disk answers.
        if cause == .request { try await cleanedUpInTime() } else { await cleanedUp() }
        while let current = starting {
            let number = startEntry?.number ?? job.number
            if machine.isActive {
                return try await Job.wait(on: .job(number)) { () async throws(EngineError) in try await joined(current)
                }
            }
            // It has started and has ended again, all before its caller was told: this is another start.
            _ = await Job.wait(on: .job(number)) { await current.value() }
        }
        if cause == .policy, machine.state != .restarting { return }
        switch machine.startRequested() {
        case .alreadyRunning: throw .notModified("container \(name) is already running")
        case .refuse(let why): throw .conflict(why)
        case .begin: break
        }
        cancelRestartTimer()
        let promise = Promise<EngineError?>()
        (starting, startEntry) = (promise, job)
        run += 1
        beginRun(cause)
        publish()
        // A task of its own: a client that hangs up must not leave half a container.
        Task { promise.resolve(await attemptStart(cause)) }
        try await joined(promise)
    }

    private func joined(_ promise: Promise<EngineError?>) async throws(EngineError) {
        if let error = await promise.value() { throw error }
    }

    private func attemptStart(_ cause: StartCause) async -> EngineError? {
        defer { (starting, startEntry) = (nil, nil) }
        do throws(EngineError) {
            try await performStart(cause)
            return nil
        } catch {
            await startFailed(error, cause)
            return error
        }
    }

    // MARK: the steps

    private func performStart(_ cause: StartCause) async throws(EngineError) {
        core.expectMoves()
        try await core.refuseHeld(document.mounts)
        let shared = try await sharedProcesses()
        try await forgetExitRecord()
        // The intent; whoever finds it after a crash knows that a mount, a bundle or a shim may be there.
        try await core.store.save(state, of: id, durable: false)
        // The shim comes up while the root file system is mounted and the bundle is written.
        async let supervisor = supervised()
        let prepared = await prepared(shared)
        let supervision = await supervisor
        let (newProfile, connection) = (try prepared.get(), try supervision.get())
        if laterOrder != nil { throw stoppedMeanwhile }
        try await runRuntime(connection)
        if let newProfile { await learnFilter(of: newProfile) }
    }

    /// What the runtime starts from is there. Returns what `writeBundle` does.
    private func prepared(_ shared: [String: Int32]) async -> Result<[UInt8]?, EngineError> {
        async let joined = joined()
        let rootfs = await readyRootfs()
        do throws(EngineError) {
            try await joined.get()
            try rootfs.get()
            let newProfile = try await writeBundle(shared)
            core.expectMoves()
            return .success(newProfile)
        } catch { return .failure(error) }
    }

    private func readyRootfs() async -> Result<Void, EngineError> {
        do throws(EngineError) { return .success(try await prepareRootfs()) } catch { return .failure(error) }
    }

    private func joined() async -> Result<Void, EngineError> {
        do throws(EngineError) { return .success(try await joinNetworks()) } catch { return .failure(error) }
    }

    /// The shim serves, has said hello, and has those who attached before the start.
    private func supervised() async -> Result<ShimConnection, EngineError> {
        do throws(EngineError) {
            shimProcess = try await ShimProcess.start(core, id, try shimConfiguration(), name)
            let connection = try connect()
            shim = connection
            guard case .snapshot = try await connection.call(.hello) else {
                throw .system("the shim answered hello wrongly")
            }
            for attachment in earlyAttachments { try await connect(attachment) }
            earlyAttachments = []
            return .success(connection)
        } catch { return .failure(error) }
    }

    /// One that cannot be told where it begins in the log, as the disk hangs, is its client's misfortune alone.
    private func connect(_ attachment: AttachedStream) async throws(EngineError) {
        remember(attachment)
        do throws(EngineError) { try await attachment.connect(to: paths.socket, core.reactor) } catch {
            guard attachment.joinsLog else { throw error }
            attachment.fail(error)
        }
    }

    /// Before anything waits: a stop that comes from now on is for this run.
    private func beginRun(_ cause: StartCause) {
        countStopUntold()
        readiness.withLock { $0 = nil }
        (state.phase, state.desired, state.boot, state.error, state.exit) = (.active, .running, core.boot, "", nil)
        (state.pid, state.pidStart, state.oomKilled, state.verdict) = (0, 0, false, nil)
        (stopReport, finding, laterOrder, lastOrder, stopSince, stopStep) = (nil, nil, nil, nil, nil, nil)
        (shimRefused, shimGone, intent, state.order) = (false, Promise(), nil, nil)
        if cause == .request { state.restartCount = 0 }
    }

    /// An earlier run's: it must not be taken for this one's.
    private func forgetExitRecord() async throws(EngineError) {
        if state.startedAt == 0, state.finishedAt == 0 { return }
        let records = [paths.lateExitRecord, paths.exitRecord]
        try await core.onDisk("forget how it ended before") { () throws(SystemError) in
            for path in records where try File.status(of: path, following: false) != nil { try File.unlink(path) }
        }
    }

    private func runRuntime(_ connection: ShimConnection) async throws(EngineError) {
        switch try await connection.call(.start, within: Container.startDeadline) {
        case .started(let pid): await started(pid)
        case .failed(let failure, let message):
            // It ends by itself, when it has reaped what the runtime left.
            shimRefused = true
            // The shim ends the runtime for a kill: that is the reason then, and not what the runtime died of.
            if laterOrder?.isKill == true, failure == .runtime { throw stoppedMeanwhile }
            throw Container.startError(failure, Container.naming(document.command, in: message, of: failure))
        case .done, .snapshot, .accepted, .marked: throw .system("the shim answered start wrongly")
        }
    }

    private var stoppedMeanwhile: EngineError { .conflict("container \(name) was stopped while it was being started") }

    /// A runtime says "Permission denied" and the like without saying of what: the command is named where it is at fault.
    static func naming(_ command: [String], in message: String, of failure: StartFailure) -> String {
        guard let name = command.first, !message.contains(name) else { return message }
        switch failure {
        case .commandNotFound, .notExecutable: return "cannot execute \"\(name)\": \(message)"
        case .runtime, .state, .system: return message
        }
    }

    /// The texts are the runtime's; docker's command line takes its exit code from the words "executable file not found"
    /// (127) and "permission denied" (126).
    private static func startError(_ failure: StartFailure, _ message: String) -> EngineError {
        switch failure {
        case .commandNotFound: .commandNotFound("failed to create task for container: \(message)")
        case .notExecutable: .notExecutable("failed to create task for container: \(message)")
        case .runtime, .state, .system: .system("failed to create task for container: \(message)")
        }
    }

    /// The shim's word that the main process runs: by reply, and again by event; the first counts.
    func started(_ pid: Int32) async {
        guard machine.state == .starting else { return }
        machine.startSucceeded()
        (state.pid, state.startedAt, state.finishedAt) = (pid, WallTime.now().nanosecondsSince1970, 0)
        startedAt = MonotonicClock.now()
        holdMainProcess(pid)
        record()
        postVolumes("mount")
        post("start")
        startHealthChecks()
        watchReadiness()
        if let order = laterOrder.take() { await sendOrder(order) }
    }

    /// A handle that outlives a reuse of the number. The process may have ended already: then there is nothing to hold.
    func holdMainProcess(_ pid: Int32) {
        do throws(SystemError) {
            state.pidStart = try Procfs.stat(of: pid).startTicks
            // A closure cannot consume what it captures: it is handed over in a box of one.
            var box: Pidfd? = try Pidfd(opening: pid)
            mainProcess.withLock { $0 = box.take() }
            var events = try core.cgroup(id).openEvents()
            population.withLock { $0 = events.take() }
        } catch {
            if !error.isNoSuchProcess, !error.isNotFound { core.logger.warning("container \(id): \(error)") }
        }
    }

    func connect() throws(EngineError) -> ShimConnection {
        let number = run
        let (events, feed) = AsyncStream.makeStream(of: ShimNews.self)
        let connection = try attempt("reach the shim") { () throws(SystemError) in
            try ShimConnection(
                to: paths.socket, reactor: core.reactor, onEvent: { feed.yield(.event($0)) },
                onClose: { why in
                    if let why { feed.yield(.closed(why)) }
                    feed.finish()
                })
        }
        // Not as part of the start: this goes on as long as the container does.
        Job.$current.withValue(nil) {
            _ = Task {
                for await news in events { await heard(news, run: number) }
            }
        }
        return connection
    }

    /// Main processes of the containers whose namespaces this one joins; they must run.
    private func sharedProcesses() async throws(EngineError) -> [String: Int32] {
        var pids: [String: Int32] = [:]
        for dependency in Set(document.namespaces.dependencies) {
            guard let other = core.registry.withID(dependency) else {
                throw .notFound(kind: "container", name: dependency)
            }
            let snapshot = other.snapshot
            guard snapshot.isRunning, snapshot.state.pid > 0 else {
                throw .conflict("cannot join the namespaces of container \(dependency): it is not running")
            }
            if document.namespaces.ipc.sharedID == dependency, snapshot.document.host.ipcMode != "shareable" {
                throw .conflict(
                    "cannot join IPC of a non-shareable container \(dependency): run that one with --ipc shareable")
            }
            pids[dependency] = snapshot.state.pid
        }
        return pids
    }

    // MARK: failure

    private func startFailed(_ error: EngineError, _ cause: StartCause) async {
        // It was set aside meanwhile: what there is of it is followed to its end.
        if machine.state == .quarantined {
            if !shimRefused { shimProcess?.kill() }
            shim?.close()
            shim = nil
            failEarlyAttachments(error)
            return await superviseByHand()
        }
        // The shim may have started it although its answer was lost: then this is a running container.
        guard machine.state == .starting else { return }
        if !shimRefused { shimProcess?.kill() }
        shim?.close()
        shim = nil
        guard await killLeftovers() else {
            // Something lives that could not be killed: that is no ended container.
            machine.startSucceeded()
            failEarlyAttachments(error)
            return await superviseByHand()
        }
        guard machine.state == .starting else { return failEarlyAttachments(error) }
        let restarts = cause != .request && restartsAfterFailedStart(error)
        machine.startFailed(restarts: restarts)
        switch error {
        case .commandNotFound: state.exit = StoredStatus(.code(127))
        case .notExecutable: state.exit = StoredStatus(.code(126))
        default: state.exit = StoredStatus(.unobserved(.neverStarted))
        }
        (state.phase, state.pid, state.error, state.finishedAt) = (
            .exited, 0, error.description, WallTime.now().nanosecondsSince1970
        )
        failEarlyAttachments(error)
        resolveStopWaiters(.already(state.exit?.status))
        endStopEntry()
        record()
        post("die", ["exitCode": "\(state.exit?.status.dockerCode ?? 0)"])
        beginCleanup()
        resolveExitWaiters()
        if restarts {
            state.restartCount += 1
            startedAt = nil
            return scheduleRestart()
        }
        if document.host.autoRemove { removeAfterExit() }
    }

    /// What the host could not do now, as its disk is full or hangs, it may do later; a container that must run is not given up
    /// for it.
    private func restartsAfterFailedStart(_ error: EngineError) -> Bool {
        guard state.desired == .running, !core.isClosing.withLock({ $0 }) else { return false }
        switch error {
        case .timedOut, .system: return rule.restarts(after: .unobserved(.neverStarted), count: state.restartCount)
        case .notFound, .conflict, .notRunning, .invalid, .unsupported, .notModified, .commandNotFound, .notExecutable,
            .forbidden, .stuck, .closing:
            return false
        }
    }

    /// Nothing of a failed start may stay alive: the whole cgroup is killed. True when it is empty, at most five seconds
    /// later.
    private func killLeftovers() async -> Bool {
        let cgroup = core.cgroup(id)
        do throws(EngineError) {
            return try await Job.wait(on: .kernel) { () async throws(EngineError) in
                try await core.onDisk("clear a failed start") { () throws(SystemError) in
                    guard try cgroup.isPopulated() else { return true }
                    try cgroup.kill()
                    try Recovery.waitUntilEmpty(cgroup)
                    return try !cgroup.isPopulated()
                }
            }
        } catch {
            core.logger.error("container \(id): \(error)")
            return false
        }
    }
}

extension EngineCore {
    /// Does not wait. Once is not always enough: the kernel forgets it after some milliseconds.
    func expectMoves() {
        let (host, logger) = (cgroups, logger)
        guard host.layout != .unified else { return }
        Task {
            do throws(EngineError) { try await Blocking.run(.children) { host.expectMoves() } } catch {
                logger.debug("\(error)")
            }
        }
    }
}

/// Why a container is started.
enum StartCause: Sendable {
    case request
    /// By the restart policy, after an end.
    case policy
    /// By the restart policy, as the engine opens.
    case opening
}

/// What comes from a shim.
enum ShimNews: Sendable {
    case event(ShimEvent)
    case closed(String)
}
