internal import Dispatch
internal import Linux
internal import Synchronization

/// A FUSE file system whose server takes every read of its one file and never answers: `cat PATH/file` sleeps in the
/// kernel, and once it was sent KILL it is in D, until `abort()` (LINUX.md 18).
///
/// The server is this process. It answers what leads up to the read. Going away, it aborts the connection (which frees
/// everybody who waits) and detaches the mount.
public final class HungFileSystem: Sendable {
    /// The mount point.
    public let path: String
    /// The file nobody can read.
    public var file: String { path + "/file" }
    /// A name that nobody can look at: looking it up is the call that never returns.
    public var silent: String { path + "/silent" }
    private let device: FuseDevice
    private let directory: TemporaryDirectory

    /// Needs root and /dev/fuse.
    public init() throws {
        directory = try TemporaryDirectory("fuse")
        path = try directory.makeDirectory("mount")
        device = try FuseDevice(mountedAt: path)
    }

    deinit { device.stop() }

    /// Reads, writes and looks at `silent` that were taken and wait for an answer that never comes.
    public var waiting: Int { device.waiting.withLock { $0 } }

    /// Waits until so many have been taken.
    public func waitUntilRead(by readers: Int = 1) throws {
        try eventually("\(readers) readers hang in \(path)") { waiting >= readers }
    }

    /// The name of its connection in fusectl: the minor of its device.
    public func connection() throws -> UInt32 {
        guard let mount = try Procfs.mountinfo().last(where: { $0.mountPoint == path }) else {
            throw TestFailure("\(path) is not mounted")
        }
        return mount.device.minor
    }

    /// Frees all who wait, through fusectl, as an administrator would. Their reads fail with ECONNABORTED.
    public func abort() throws {
        let connection = try connection()
        let usual = "/sys/fs/fuse/connections/\(connection)/abort"
        if try File.status(of: usual) != nil { return try File.overwrite(usual, with: "1") }
        let control = try directory.makeDirectory("control")
        try Mount.mount("fusectl", type: "fusectl", at: control)
        try File.overwrite("\(control)/\(connection)/abort", with: "1")
        try Mount.unmount(control, lazily: true)
    }
}

/// The server's side of /dev/fuse, on a thread of its own.
private final class FuseDevice: Sendable {
    let waiting = Mutex(0)
    private let device: OwnedDescriptor
    private let wakeup: Wakeup
    private let ended = DispatchSemaphore(value: 0)
    private let mountPoint: String

    init(mountedAt path: String) throws(SystemError) {
        mountPoint = path
        device = try File.open("/dev/fuse", [.readWrite, .nonBlocking])
        wakeup = try Wakeup()
        let options = "fd=\(device.raw),rootmode=40000,user_id=0,group_id=0,allow_other"
        try Mount.mount("quell-hung", type: "fuse.quell-hung", at: path, options: options)
        DispatchQueue(label: "fuse server").async { [self] in
            serve()
            ended.signal()
        }
    }

    /// Closing the device would abort as well, but a child may have inherited the open file.
    func stop() {
        do throws(SystemError) {
            try wakeup.wake()
            ended.wait()
            try Mount.unmount(mountPoint, lazily: true, force: true)
        } catch {
            print("cannot stop the file system at \(mountPoint): \(error)")
        }
    }

    private func serve() {
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        var set = PollSet()
        set.add(device.raw, .readable)
        set.add(wakeup.descriptor.raw, .readable)
        do throws(SystemError) {
            while true {
                _ = try set.wait(until: nil)
                if !set.found(at: 1).isEmpty { return }
                guard case .bytes(let count) = try device.read(into: &buffer) else { continue }
                guard let request = FuseRequest(buffer[..<count]) else { continue }
                if let answer = request.answer() {
                    _ = try device.write(answer)
                } else if request.hangs {
                    waiting.withLock { $0 += 1 }
                }
            }
        } catch {
            // ENODEV: the connection was aborted, or the mount is gone. There is nobody left to answer.
        }
    }
}
