import Images
import Lifecycle
import Linux

/// A container's root file system, for a while: of a running container as it is, of another one mounted for the purpose.
struct Rootfs: Sendable {
    /// Where to look: paths are resolved inside it, never outside.
    let path: String
    private let container: Container
    private let wasMounted: Bool

    /// `seesMounts`: with its volumes, through the main process where there is one.
    static func borrow(_ container: Container, seesMounts: Bool = false) async throws(EngineError) -> Rootfs {
        let snapshot = container.snapshot
        if snapshot.isRunning {
            let seen = seesMounts && snapshot.state.pid > 0 && snapshot.live != .stuck
            let path = seen ? "/proc/\(snapshot.state.pid)/root" : container.paths.rootfs
            return Rootfs(path: path, container: container, wasMounted: true)
        }
        try await container.borrowRootfs(withMounts: seesMounts)
        return Rootfs(path: container.paths.rootfs, container: container, wasMounted: false)
    }

    func giveBack() async { if !wasMounted { await container.giveBackRootfs() } }
}

extension Container {
    /// Mounts the root file system of a container that does not run; the last one to give it back unmounts it.
    func borrowRootfs(withMounts: Bool) async throws(EngineError) {
        try await cleanedUpInTime()
        guard machine.state != .removing else { throw .conflict("container \(name) is marked for removal") }
        borrowers += 1
        do throws(EngineError) {
            try await mountRootfs()
            if withMounts { try await showMounts() }
        } catch {
            await giveBackRootfs()
            throw error
        }
    }

    /// Volumes and bind mounts where the container would see them; once for all who look at the same time.
    private func showMounts() async throws(EngineError) {
        let showing =
            mountsShown ?? Task { await Result.of { () async throws(EngineError) in try await self.mountSources() } }
        mountsShown = showing
        try await showing.value.get()
    }

    private func mountSources() async throws(EngineError) {
        for plan in document.mounts where plan.kind == .volume {
            try await core.volumes.hold(plan.source, for: id, core)
        }
        try await fillVolumes()
        for plan in document.mounts where plan.kind != .tmpfs {
            // A source of `-v` that is missing is made at the start, not for who only looks.
            let (directory, name) =
                switch plan.kind {
                case .tmpfs, .bind: ("/", plan.source)
                case .volume: (try await core.volumes.directory(of: plan.source, core), plan.subpath ?? ".")
                }
            let outcome = try await core.hostLook.run(
                ["bind-into", directory, name, paths.rootfs, plan.target], "showing \(plan.source) at \(plan.target)",
                core)
            if case .failed(let errno, let text) = outcome, errno != 2 {
                throw .system("cannot show \(plan.source) at \(plan.target) of container \(id): \(text)")
            }
        }
    }

    func giveBackRootfs() async {
        borrowers -= 1
        guard borrowers == 0 else { return }
        // They go with the root file system.
        mountsShown = nil
        guard !machine.isActive else { return }
        // As after a run: whoever starts or removes waits for it.
        beginCleanup()
        await cleanedUp()
    }
}
