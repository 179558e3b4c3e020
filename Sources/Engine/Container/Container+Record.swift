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
    ///
    /// Says so when the disk does not answer by the `diskDeadline`, and goes on waiting. False: the disk has refused it, and
    /// the run root still holds the only one.
    func moveLateRecord(tellingThatItHangs hangs: Promise<EngineError?>) async -> Bool {
        guard Recovery.exists(paths.lateExitRecord) else { return true }
        core.logger.error(
            "container \(id): the disk of \(core.paths.dataRoot) did not take its exit record; it is kept in \(paths.lateExitRecord) until it does"
        )
        let limit = core.configuration.diskDeadline
        let why = EngineError.timedOut(
            "the disk of \(core.paths.dataRoot) has not answered for \(limit.shortText): it has yet to take how container \(name) ended last"
        )
        let timer = core.reactor.after(limit) { hangs.resolve(why) }
        await writerEnded()
        let isThere = await putLateRecord()
        core.reactor.cancel(timer)
        return isThere
    }

    private func putLateRecord() async -> Bool {
        let (late, place, logger, id, told) = (
            paths.lateExitRecord, paths.exitRecord, core.logger, id, toldLostBytes
        )
        do throws(EngineError) {
            let lost = try await Blocking.run(.clearing) { () throws(EngineError) in
                try attempt("keep the exit record") { () throws(SystemError) in
                    let kept = try File.read(late)
                    if try File.status(of: place) == nil { try DurableFile.write(kept, to: place) }
                    try File.unlink(late)
                    return ExitRecord(text: String(decoding: kept, as: UTF8.self))?.lostLogBytes ?? 0
                }
            }
            if lost > told { logger.warning("container \(id): \(lost) bytes of its output could not be logged") }
            logger.info("container \(id): the disk answers again; its exit record is there")
            return true
        } catch {
            logger.error("container \(id): \(error)")
            return false
        }
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
