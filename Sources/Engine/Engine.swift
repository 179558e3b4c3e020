import APITypes
public import Images
import Lifecycle
import Linux
public import Logging
import Synchronization

/// The container engine: one per data root. All calls may come from any task at once.
///
/// A container is named by its name, its id, or an unambiguous beginning of its id, with or without a leading slash.
public final class Engine: Sendable {
    let core: EngineCore
    private let lock: Mutex<RootLocks?>

    public var configuration: EngineConfiguration { core.configuration }
    /// The images; removal and pruning go through the engine, which knows what is in use.
    public var images: ImageStore { core.images }

    private init(core: EngineCore, lock: consuming RootLocks) {
        self.core = core
        self.lock = Mutex(consume lock)
    }

    /// Locks the roots, opens database and images, recovers every container, sweeps what a crash left.
    /// Errors name the file and what to do; nothing is overwritten.
    public static func open(
        _ configuration: EngineConfiguration, logger: Logger = Logger(label: "quell.engine")
    ) async throws(EngineError) -> Engine {
        let opening = Opening(configuration, logger)
        let lock = try opening.lockRoots()
        let core = try await opening.core()
        let engine = Engine(core: core, lock: lock)
        try await engine.recover()
        return engine
    }

    /// What containers that have just ended may take to be cleared away; the next engine does the rest.
    private static let closingDeadline = Duration.seconds(5)

    /// Lets go of everything, some seconds later at most; containers run on. Calls under way end with an error.
    public func close() async {
        let first = core.isClosing.withLock { closing in
            defer { closing = true }
            return !closing
        }
        guard first else { return }
        core.events.close()
        await letGo()
        core.reactor.stop()
        core.store.close()
        removeEmptyParent()
        lock.withLock { $0 = nil }
    }

    private func letGo() async {
        let done = Promise<Void>()
        Task { [core] in
            await withTaskGroup(of: Void.self) { group in
                let leaving = core.leaving.withLock { Array($0.values) }
                for container in core.registry.all + leaving { group.addTask { await container.letGo() } }
            }
            done.resolve(())
        }
        let timer = core.reactor.after(Engine.closingDeadline) { done.resolve(()) }
        await done.value()
        core.reactor.cancel(timer)
    }

    /// The parent cgroup goes when nobody is left in it.
    private func removeEmptyParent() {
        guard core.registry.all.allSatisfy({ !$0.snapshot.isActive }), core.unreadable.withLock({ $0.isEmpty }) else {
            return
        }
        do throws(SystemError) { try Cgroup(core.cgroupParent, on: core.cgroups).remove() } catch {
            core.logger.info("\(error)")
        }
    }

    private func recover() async throws(EngineError) {
        let stored = try await core.store.containers()
        for row in stored.rows { add(row) }
        for row in stored.unreadable { core.leave(row) }
        try await core.volumes.load()
        try await core.networks.load(core)
        try await core.events.load()
        await withTaskGroup(of: Void.self) { group in
            for container in core.registry.all { group.addTask { await container.recover() } }
        }
        let all = core.registry.all
        let left = core.unreadable.withLock { $0.map(\.id) }
        if left.allSatisfy(Identifier.isWhole) {
            await Recovery.sweep(core, known: Set(all.map(\.id)).union(left))
        } else {
            core.logger.error("nothing is swept: it is not known which container a row of the database belongs to")
        }
        core.isRecovering.withLock { $0 = false }
        for container in all { await container.startAtOpen() }
    }

    private func add(_ row: ContainerRow) {
        let live: ContainerMachine.State =
            switch row.state.phase {
            case .created: .created
            case .active: .running
            case .quarantined: .quarantined
            case .exited: .exited
            case .removing: .removing
            }
        do throws(EngineError) {
            let container = try Container(row, live, core: core)
            _ = core.registry.reserve(row.name, for: row.id)
            core.registry.add(container)
        } catch { core.leave(UnreadableRow(id: row.id, name: row.name, fault: "\(error)")) }
    }

    /// Stops every running container (for a daemon that is told to leave nothing); each by its own order. The next engine
    /// starts those again that a restart policy wants running.
    public func stopAll() async -> [StopOutcome] {
        core.isStoppingAll.withLock { $0 = true }
        return await withTaskGroup(of: StopOutcome?.self) { group in
            for container in core.registry.all
            where container.snapshot.isActive && container.snapshot.live != .quarantined {
                group.addTask { [logger = core.logger] in
                    do throws(EngineError) { return try await container.stop(StopOptions()).result() } catch {
                        logger.error("container \(container.id): \(error)")
                        return nil
                    }
                }
            }
            var outcomes: [StopOutcome] = []
            for await outcome in group { if let outcome { outcomes.append(outcome) } }
            return outcomes
        }
    }
}

extension Container {
    /// As Docker when it starts: containers with a policy, unless they were stopped on purpose (`always` all the same).
    func startAtOpen() async {
        if machine.state == .exited, state.quarantine != nil { return removeQuarantined() }
        if machine.state == .exited, state.isRestarting == true { return finishRestart() }
        if document.host.autoRemove, machine.state == .exited { return removeAfterExit() }
        guard machine.state == .exited, rule.restartsAtOpen(state) else { return }
        Task {
            do throws(EngineError) { try await start(cause: .opening) } catch {
                core.logger.error("container \(name) could not be started: \(error)")
            }
        }
    }

    /// The engine closes: what runs runs on, unwatched until the next engine.
    func letGo() async {
        cancelRestartTimer()
        healthTask?.cancel()
        handStop?.cancel()
        handWatch?.end()
        if !machine.isActive { await cleanedUp() }
        run += 1
        shim?.close()
        shim = nil
        failEarlyAttachments(.closing)
        for waiter in exitWaiters { waiter.promise.resolve(WaitResponse(unknown: EngineError.closing.description)) }
        exitWaiters = []
        for waiter in stopWaiters {
            waiter.updates.finish()
            waiter.verdict.resolve(
                .unsupervised(StuckFinding(tasks: [], sinceKill: .zero), why: "the engine is closing; the stop goes on")
            )
        }
        stopWaiters = []
        endStopEntry()
    }
}
