public import Linux
internal import Synchronization

/// A directory below /tmp that goes away with the value: mounts in it are detached, then all of it is removed.
public final class TemporaryDirectory: Sendable {
    public let path: String
    private static let serial = Mutex(0)

    public init(_ purpose: String = "test") throws(SystemError) {
        let number = TemporaryDirectory.serial.withLock { serial in
            serial += 1
            return serial
        }
        let stamp = WallTime.now()
        path = "/tmp/quell-\(purpose)-\(ProcessSelf.pid)-\(number)-\(stamp.nanoseconds)"
        try File.makeDirectory(path, mode: 0o700)
    }

    deinit {
        // A test that leaves something behind is found by `Leftovers`; deinit cannot throw.
        do throws(SystemError) {
            try Mount.unmountAll(under: path)
            try File.removeTree(path)
        } catch {
            print("cannot remove \(path): \(error)")
        }
    }

    /// The path of something in it.
    public func callAsFunction(_ name: String) -> String { path + "/" + name }

    public func makeDirectory(_ name: String) throws(SystemError) -> String {
        try File.makeDirectories(self(name))
        return self(name)
    }

    @discardableResult
    public func write(_ text: String, to name: String, mode: UInt32 = 0o644) throws(SystemError) -> String {
        let file = try File.open(self(name), [.writeOnly, .create, .truncate], mode: mode)
        try file.writeAll(Array(text.utf8))
        return self(name)
    }
}
