import APITypes
import Lifecycle
import Linux
import Logging
import Synchronization

extension Container {
    /// `force` kills it first; what does not die is `.stuck`. On return it is gone for good.
    func remove(force: Bool, volumes: Bool) async throws(EngineError) {
        let kill = force && machine.isActive ? stopDefaults.killDeadline : .zero
        let expectation = core.configuration.expectations.remove + kill
        try await core.jobs.track(.remove, id, within: expectation) { (_) async throws(EngineError) in
            try await removeNow(force: force, volumes: volumes)
        }
    }

    func removeNow(force: Bool, volumes: Bool) async throws(EngineError) {
        switch machine.removeRequested(force: force, name: name) {
        case .refuse(let why): throw .conflict(why)
        case .cancelRestart:
            cancelRestartTimer()
            state.desired = .stopped
            return try await removeNow(force: force, volumes: volumes)
        case .killFirst:
            if try await killForRemoval(volumes: volumes) { return }
            return try await removeEnded(volumes: volumes)
        case .begin: break
        }
        publish()
        let failure = Promise<EngineError?>()
        removal = failure
        Task {
            do throws(EngineError) {
                try await performRemoval(volumes: volumes)
                failure.resolve(nil)
            } catch {
                removalFailed(error)
                failure.resolve(error)
            }
        }
        if let error = await failure.value() { throw error }
    }

    /// What was killed for it; it may be on its way out by its own --rm.
    func removeEnded(volumes: Bool) async throws(EngineError) {
        if removed.current != nil { return }
        guard machine.state == .removing, let removal else { return try await removeNow(force: true, volumes: volumes) }
        if let error = await removal.value() { throw error }
    }

    /// It may be tried again; who waits for it to be gone waits no longer.
    func removalFailed(_ error: EngineError) {
        machine.removeFailed()
        publish()
        resolveExitWaiters(removalError: error)
    }

    /// True: it did not die, and is quarantined instead of removed, as the engine is configured.
    private func killForRemoval(volumes: Bool) async throws(EngineError) -> Bool {
        let outcome = try await stop(.kill(deadline: stopDefaults.killDeadline)).result()
        if outcome.hasEnded { return false }
        guard core.configuration.quarantinesOnRemove else {
            throw .stuck(
                "cannot remove container \"/\(name)\": \(Verdict.line(name, outcome.verdict)) "
                    + "('quell rm --quarantine \(name)' sets it aside, and its name is free)")
        }
        _ = try await quarantine(QuarantineOrder(volumes: volumes), killed: true)
        return true
    }

    /// Every step can be done again: a crash in between is finished at the next start.
    func performRemoval(volumes: Bool) async throws(EngineError) {
        if isForgottenFirst { return try await forgetFirst() }
        try await cleanedUpInTime()
        // With --rm, an engine that finds it ended removes it anyway.
        if !document.host.autoRemove || state.phase != .exited {
            state.phase = .removing
            try await core.store.save(state, of: id, durable: !document.host.autoRemove, important: true)
        }
        let trash = try await moveAway()
        if volumes { await removeAnonymousVolumes() }
        try await core.store.deleteContainer(id)
        tellGone()
        core.discard(trash)
    }

    /// With --rm somebody waits for it to be gone. No task of it lives, its exit is recorded, and it has nothing that others
    /// could miss or want: so the record goes first, and what is on the host after it.
    private var isForgottenFirst: Bool {
        document.host.autoRemove && state.phase == .exited && state.quarantine == nil
            && !document.mounts.contains(where: \.anonymous)
    }

    /// On return no record knows it and its name is free. The rest is cleared away meanwhile, and by the sweep of the next
    /// engine if this one ends before that.
    private func forgetFirst() async throws(EngineError) {
        try await core.store.deleteContainer(id)
        core.leaving.withLock { $0[id] = self }
        tellGone()
        // It is gone for everybody: nobody asks any more whether this one hangs.
        let before = cleanup
        cleanup = Task {
            await before?.value
            do throws(EngineError) { core.discard(try await moveAway()) } catch {
                core.logger.warning("container \(id): \(error) (the next start of the engine sweeps it)")
            }
            core.leaving.withLock { $0[id] = nil }
        }
    }

    /// Its directory to where it is removed from, which is returned.
    private func moveAway() async throws(EngineError) -> String {
        let (paths, mounts, trash) = (paths, mountPoints, "\(core.paths.temporary)/removed-\(id)")
        try await core.onDisk("remove container \(paths.id)", .clearing) { () throws(SystemError) in
            for mount in mounts { try Traces.unmount(mount) }
            try File.removeTree(paths.bundle)
            guard try File.status(of: paths.data, following: false) != nil else { return }
            try File.removeTree(trash)
            try File.rename(paths.data, to: trash)
        }
        return trash
    }

    /// No record knows it any more.
    private func tellGone() {
        core.giveBackReservations(of: id, named: name)
        core.registry.remove(id)
        core.forgetExecs(of: id)
        failEarlyAttachments(.conflict("container \(name) was removed before it was started"))
        resolveExitWaiters(removed: true)
        post("destroy")
        removed.resolve(())
    }

    private func removeAnonymousVolumes() async {
        for plan in document.mounts where plan.kind == .volume && plan.anonymous {
            do throws(EngineError) {
                try await core.removeVolume(plan.source, force: true, besides: id)
            } catch { core.logger.info("volume \(plan.source) stays: \(error)") }
        }
    }
}

extension EngineCore {
    /// Removes what was set aside, in the background; the next start sweeps what is left.
    func discard(_ path: String) {
        Task {
            do throws(EngineError) {
                try await Blocking.run(.clearing) { () throws(EngineError) in
                    try attempt { () throws(SystemError) in try File.removeTree(path) }
                }
            } catch { logger.warning("\(error)") }
        }
    }
}
