import Linux
import Synchronization

/// The terminal in raw mode. Every way out of the program passes `leave`.
enum RawMode {
    private static let terminal = Mutex<RawTerminal?>(nil)

    static func enter(_ descriptor: Int32) throws(SystemError) {
        let raw = try RawTerminal(descriptor)
        terminal.withLock { $0 = $0 ?? raw }
    }

    /// Puts the terminal back as it was; nothing when it was never changed.
    static func leave() {
        terminal.withLock {
            // A terminal that is gone needs no restoring.
            try? $0?.restore()
            $0 = nil
        }
    }
}
