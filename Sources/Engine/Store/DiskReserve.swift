import Linux
import Logging
import Synchronization

/// A file of the data root that is given up when the disk is full: so that a removal, which makes room, and a stop, which must
/// not be forgotten, can still be recorded. It is made anew once there is room.
///
/// Used on the store's thread alone: what it does may hang with the disk.
final class DiskReserve: Sendable {
    /// Some hundred records, each of which SQLite writes as pages of 4 KiB.
    static let size: Int64 = 1 << 20

    private enum State {
        case missing, there
        /// The file system promises no room.
        case impossible
    }

    private let path: String
    private let logger: Logger
    private let state = Mutex(State.missing)

    init(beside database: String, logger: Logger) {
        (path, self.logger) = ("\(database)-reserve", logger)
    }

    /// Makes it where it is missing and the disk has room beyond it for others.
    func keep() {
        guard state.withLock({ $0 == .missing }) else { return }
        let root = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        do throws(SystemError) {
            if let status = try File.status(of: path), status.size == DiskReserve.size {
                return state.withLock { $0 = .there }
            }
            guard try File.space(at: root).availableBytes > 2 * UInt64(DiskReserve.size) else { return }
            try make()
            state.withLock { $0 = .there }
        } catch {
            if error.isUnsupported {
                state.withLock { $0 = .impossible }
                return logger.info(
                    "the data root has no reserve for a full disk: its file system promises no room (\(error))")
            }
            // It has just become full: there is none until the next try.
            logger.debug("\(path): \(error)")
        }
    }

    private func make() throws(SystemError) {
        let file = try File.open(path, [.writeOnly, .create, .truncate], mode: 0o600)
        do throws(SystemError) { try file.allocate(DiskReserve.size) } catch {
            try File.unlink(path)
            throw error
        }
    }

    /// True: there was one, and its room is free now.
    func giveUp() -> Bool {
        guard state.withLock({ $0 == .there }) else { return false }
        do throws(SystemError) { try File.unlink(path) } catch {
            logger.warning("\(path): \(error)")
            return false
        }
        state.withLock { $0 = .missing }
        logger.warning("the disk of the data root is full: the reserve for removals and stops is used now")
        return true
    }
}
