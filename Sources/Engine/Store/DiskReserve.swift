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

    private let path: String
    private let logger: Logger
    private let isThere = Mutex(false)

    init(beside database: String, logger: Logger) {
        (path, self.logger) = ("\(database)-reserve", logger)
    }

    /// Makes it where it is missing and the disk has room beyond it for others.
    func keep() {
        guard !isThere.withLock({ $0 }) else { return }
        let root = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        do throws(SystemError) {
            if let status = try File.status(of: path), status.size == DiskReserve.size {
                return isThere.withLock { $0 = true }
            }
            guard try File.space(at: root).availableBytes > 2 * UInt64(DiskReserve.size) else { return }
            let file = try File.open(path, [.writeOnly, .create, .truncate], mode: 0o600)
            try file.allocate(DiskReserve.size)
            isThere.withLock { $0 = true }
        } catch {
            // A file system that promises no room (EOPNOTSUPP), or one that has just become full: it is done without.
            logger.debug("\(path): \(error)")
        }
    }

    /// True: there was one, and its room is free now.
    func giveUp() -> Bool {
        guard isThere.withLock({ $0 }) else { return false }
        do throws(SystemError) { try File.unlink(path) } catch {
            logger.warning("\(path): \(error)")
            return false
        }
        isThere.withLock { $0 = false }
        logger.warning("the disk of the data root is full: the reserve for removals and stops is used now")
        return true
    }
}
