import Diagnosis
import Lifecycle
import Linux
import Logging
import Synchronization

// How it would take a stop is known before anybody asks for one.

extension Container {
    /// What was found last.
    nonisolated var readinessWord: String { (readiness.withLock { $0 } ?? .unknown).rawValue }

    /// Programs install their handlers within the first moments; some, such as those that start in a virtual machine of their
    /// own, much later.
    private static let looks: [Duration] = [.seconds(1), .seconds(3), .seconds(10), .seconds(30)]
    private static let pause = Duration.seconds(60)

    /// A moment after the start, and ever again while this run lasts. Its mounts are saved at once: it may hang from then on.
    func watchReadiness() {
        watchReadiness(from: 0)
        let (core, main) = (core, state.pid)
        guard main > 0 else { return }
        // Not as part of the start, which waits for nothing of this.
        Job.$current.withValue(nil) {
            _ = Task {
                do throws(EngineError) {
                    try await Blocking.run(
                        "saving the mounts of \(name)", within: .seconds(2), on: core.reactor, .diagnosis
                    ) { [weak self] () throws(EngineError) in self?.saveMounts(of: main) }
                } catch { core.logger.debug("container \(id): \(error)") }
            }
        }
    }

    private func watchReadiness(from number: Int) {
        let run = run
        let pause = number < Container.looks.count ? Container.looks[number] : Container.pause
        core.reactor.after(pause) { [weak self] in
            Task { await self?.lookAtReadiness(number, run) }
        }
    }

    private func lookAtReadiness(_ number: Int, _ run: Int) async {
        guard run == self.run, machine.isActive, !core.isClosing.withLock({ $0 }) else { return }
        let core = core
        do throws(EngineError) {
            let subject = try core.subject(snapshot)
            try await Blocking.run("looking at \(name)", within: .seconds(2), on: core.reactor, .diagnosis) {
                [weak self] () throws(EngineError) in
                guard let self else { return }
                // Those that it has made itself since.
                if number == 0, let main = subject.main { self.saveMounts(of: main) }
                _ = core.look(self, subject, until: MonotonicClock.now() + .seconds(1))
            }
        } catch { core.logger.debug("container \(id): \(error)") }
        watchReadiness(from: number + 1)
    }

    /// So that `why` can name what it hangs on when it has none any more. Without it, it cannot: nothing else depends on it.
    private nonisolated func saveMounts(of main: Int32) {
        let temporary = "\(paths.savedMounts).tmp"
        do throws(SystemError) {
            let mounts = try File.read("/proc/\(main)/mountinfo", limit: 4 << 20)
            // It is ending already: what an earlier look has saved is worth more.
            guard !mounts.isEmpty else { return }
            let file = try File.open(temporary, [.writeOnly, .create, .truncate])
            try file.writeAll(mounts)
            try file.close()
            // Whoever reads it has the old ones or the new ones.
            try File.rename(temporary, to: paths.savedMounts)
        } catch { core.logger.debug("the mounts of container \(id) are not saved: \(error)") }
    }
}
