import Linux
import Logging

/// `<run-root>/stop-containers`: whoever ends the daemon because the host goes down makes this file first. Containers are
/// then stopped, each by its own ladder, where they would otherwise be left to the host's own end: a signal nobody may
/// handle, and then none.
struct StopRequestFile: Sendable {
    let path: String
    let logger: Logger

    init(runRoot: String, logger: Logger) { (path, self.logger) = ("\(runRoot)/stop-containers", logger) }

    /// Takes the request: true when there was one. It holds for one end of the daemon.
    func take() -> Bool {
        do throws(SystemError) {
            try File.unlink(path)
            return true
        } catch {
            if !error.isNotFound { logger.error("\(error)") }
            // What cannot be removed is there all the same.
            return !error.isNotFound
        }
    }

    /// At the start: a request that its daemon did not live to see is none for this one.
    func forget() { if take() { logger.notice("an old request is forgotten", metadata: ["path": "\(path)"]) } }
}
