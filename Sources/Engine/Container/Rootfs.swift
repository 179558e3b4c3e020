import Images
import Lifecycle
import Linux

/// A container's root file system, for a while: of a running container as it is, of another one mounted for the purpose.
struct Rootfs: Sendable {
    /// Where to look: paths are resolved inside it, never outside.
    let path: String
    private let container: Container
    private let wasMounted: Bool

    /// `seesMounts`: through the main process, so that its volumes are seen too.
    static func borrow(_ container: Container, seesMounts: Bool = false) async throws(EngineError) -> Rootfs {
        let snapshot = container.snapshot
        if snapshot.isRunning {
            let seen = seesMounts && snapshot.state.pid > 0 && snapshot.live != .stuck
            let path = seen ? "/proc/\(snapshot.state.pid)/root" : container.paths.rootfs
            return Rootfs(path: path, container: container, wasMounted: true)
        }
        try await container.borrowRootfs()
        return Rootfs(path: container.paths.rootfs, container: container, wasMounted: false)
    }

    func giveBack() async { if !wasMounted { await container.giveBackRootfs() } }
}

extension Container {
    /// Mounts the root file system of a container that does not run; the last one to give it back unmounts it.
    func borrowRootfs() async throws(EngineError) {
        await cleanedUp()
        guard machine.state != .removing else { throw .conflict("container \(name) is marked for removal") }
        borrowers += 1
        do throws(EngineError) { try await mountRootfs() } catch {
            borrowers -= 1
            throw error
        }
    }

    func giveBackRootfs() async {
        borrowers -= 1
        guard borrowers == 0, !machine.isActive else { return }
        // As after a run: whoever starts or removes waits for it.
        beginCleanup()
        await cleanedUp()
    }
}
