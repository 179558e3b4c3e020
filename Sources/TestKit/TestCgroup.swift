public import Linux
internal import Synchronization

/// A control group of a test. Going away, everything in it is killed, and it is removed from every hierarchy.
public final class TestCgroup: Sendable {
    public let cgroup: Cgroup
    private static let serial = Mutex(0)

    public init(_ reach: CgroupReach = .membership) throws(SystemError) {
        cgroup = Cgroup(TestCgroup.freshPath(), on: try CgroupHost.detect())
        _ = try cgroup.create(reach)
    }

    deinit {
        do {
            try cgroup.kill()
            try eventually("\(cgroup.path) is empty") { try !cgroup.isPopulated() }
            try cgroup.remove()
        } catch {
            print("cannot remove \(cgroup.path): \(error)")
        }
    }

    /// `/quell-test-<pid>-<n>`.
    public static func freshPath() -> String {
        let number = serial.withLock { serial in
            serial += 1
            return serial
        }
        return "/quell-test-\(ProcessSelf.pid)-\(number)"
    }
}
