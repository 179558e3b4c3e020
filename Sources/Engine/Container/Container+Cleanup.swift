import Lifecycle
import Linux
import Logging

extension Container {
    /// What a shim may take to end after its container.
    static let shimDeadline = Duration.seconds(15)
    /// What it may take to die when it was killed for not ending.
    private static let dyingDeadline = Duration.seconds(2)

    /// Unmounts, and removes bundle and cgroups, once the shim has ended and its exit record is in the data root. Starting and
    /// removing wait for it.
    func beginCleanup() {
        takeRestOfOutput()
        let (process, connection, before, hangs) = (shimProcess.take(), shim, cleanup, Promise<EngineError?>())
        cleanupHangs = hangs
        cleanup = Task {
            await before?.value
            async let left: Void = leaveNetworks()
            async let unmounted: Void = unmount()
            if let process { await ended(process) }
            // What the shim still has to say comes before its connection ends.
            if connection != nil { await shimClosed() }
            await unmounted
            await left
            await core.volumes.letGo(volumeNames, by: id, core)
            if await moveLateRecord(tellingThatItHangs: hangs) { await removeTraces() }
            hangs.resolve(nil)
            if cleanupHangs === hangs { cleanupHangs = nil }
            if self.shim === connection {
                self.shim?.close()
                self.shim = nil
                publish()
            }
            countStopUntold()
            if !stopWaiters.isEmpty, !machine.isActive { resolveStopWaiters(.already(state.exit?.status)) }
        }
    }

    private var volumeNames: [String] { document.mounts.filter { $0.kind == .volume }.map(\.source) }

    /// One that does not end is killed; one that does not even die, as a thread of it hangs in the kernel, is not waited for.
    private func ended(_ process: ChildProcess) async {
        let over = Promise<Void>()
        Task {
            _ = await process.ended.value()
            over.resolve(())
        }
        let kill = core.reactor.after(Container.shimDeadline) { process.kill() }
        let giveUp = core.reactor.after(Container.shimDeadline + Container.dyingDeadline) { over.resolve(()) }
        await over.value()
        core.reactor.cancel(kill)
        core.reactor.cancel(giveUp)
    }

    /// Tells, too, when an adopted shim ends, which is no child of ours.
    private func shimClosed() async {
        let closed = shimGone
        let timer = core.reactor.after(Container.shimDeadline) { closed.resolve(()) }
        await closed.value()
        core.reactor.cancel(timer)
    }

    private func unmount() async {
        let (mounts, logger, id) = (mountPoints, core.logger, id)
        do throws(EngineError) {
            try await Blocking.run("unmounting \(paths.rootfs)", within: .seconds(30), on: core.reactor) {
                () throws(EngineError) in
                try attempt("unmount the root file system") { () throws(SystemError) in
                    for mount in mounts { try Traces.unmount(mount) }
                }
            }
        } catch { logger.error("container \(id): \(error)") }
    }

    private func removeTraces() async {
        let (bundle, groups, logger, id) = (paths.bundle, [core.cgroup(id), core.shimCgroup(id)], core.logger, id)
        let runtimes = core.configuration.runtimes.keys.map { "\(core.paths.runtimeRoot($0))/\(id)" }
        do throws(EngineError) {
            try await core.onDisk("clear away a run", .clearing) { () throws(SystemError) in
                try Traces.remove(bundle: bundle, runtimeStates: runtimes, cgroups: groups)
            }
        } catch { logger.warning("container \(id): \(error) (the next start of the engine sweeps it)") }
    }
}

/// What a run leaves on the host.
enum Traces {
    /// Nothing mounted there is fine. What is still in use is detached and goes when its last user does.
    static func unmount(_ path: String) throws(SystemError) {
        do throws(SystemError) { try Mount.unmount(path) } catch {
            // Not mounted, or not there.
            if error.errno == 22 || error.isNotFound { return }
            guard error.isBusy else { throw error }
            try Mount.unmount(path, lazily: true)
        }
    }

    /// All is tried; the first failure is thrown.
    static func remove(bundle: String, runtimeStates: [String], cgroups: [Cgroup]) throws(SystemError) {
        var first: SystemError?
        for path in [bundle] + runtimeStates {
            do throws(SystemError) { try File.removeTree(path) } catch { first = first ?? error }
        }
        for group in cgroups {
            do throws(SystemError) {
                try endLatecomers(in: group)
                try group.remove()
            } catch { first = first ?? error }
        }
        if let first { throw first }
    }

    /// The container has ended. A shim that could not be reached any more ends by itself soon; then it is killed.
    private static func endLatecomers(in group: Cgroup) throws(SystemError) {
        guard try group.isPopulated() else { return }
        try Recovery.waitUntilEmpty(group)
        guard try group.isPopulated() else { return }
        try group.kill()
        try Recovery.waitUntilEmpty(group)
    }
}
