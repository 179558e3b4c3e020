import Lifecycle
import Linux
import Logging

// The record of the container's end, which its shim wrote.

extension Container {
    /// What reading a record may take: the data root may not answer, and then the shim has left it in the run root.
    private static let readDeadline = Duration.seconds(2)

    /// Nil when there is none, or none that can be read by the deadline. The one in the run root, which always answers, is
    /// looked for first. What has happened meanwhile is for the caller to look at.
    func readExitRecord() async -> ExitRecord? {
        let places = [paths.lateExitRecord, paths.exitRecord]
        do throws(EngineError) {
            return try await Blocking.run(
                "reading \(paths.exitRecord)", within: Container.readDeadline, on: core.reactor, .files
            ) { () throws(EngineError) in
                try attempt { () throws(SystemError) in
                    for path in places {
                        guard let bytes = try File.readIfPresent(path) else { continue }
                        return ExitRecord(text: String(decoding: bytes, as: UTF8.self))
                    }
                    return nil
                }
            }
        } catch {
            core.logger.error("container \(id): \(error)")
            return nil
        }
    }

    /// A record that the data root did not take in time is moved there. First the shim's writer must have ended, which may
    /// still be asleep in the data root: its end tells, without a look there, that the disk answers, and from then on it
    /// cannot write what belongs to a past run.
    func moveLateRecord() async {
        guard Recovery.exists(paths.lateExitRecord) else { return }
        core.logger.error(
            "container \(id): the disk of \(core.paths.dataRoot) did not answer when it ended; its exit record is kept in \(paths.lateExitRecord) until it does"
        )
        await writerEnded()
        let (late, place, logger, id) = (paths.lateExitRecord, paths.exitRecord, core.logger, id)
        do throws(EngineError) {
            try await Blocking.run(.clearing) { () throws(EngineError) in
                try attempt("keep the exit record") { () throws(SystemError) in
                    if try File.status(of: place) == nil { try DurableFile.write(try File.read(late), to: place) }
                    try File.unlink(late)
                }
            }
            logger.info("container \(id): the disk answers again; its exit record is there")
        } catch { logger.error("container \(id): \(error)") }
    }

    /// Nobody is left in the shim's control group.
    private func writerEnded() async {
        let (group, ended, logger, id) = (core.shimCgroup(id), Promise<Void>(), core.logger, id)
        let look: @Sendable () -> Void = {
            do throws(SystemError) {
                if try !group.isPopulated() { ended.resolve(()) }
            } catch {
                logger.warning("container \(id): \(error)")
                ended.resolve(())
            }
        }
        do throws(SystemError) {
            let watch = try HandWatch(group, core.reactor, changed: look)
            look()
            await ended.value()
            watch.end()
        } catch { logger.warning("container \(id): \(error)") }
    }
}
