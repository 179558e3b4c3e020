internal import Lifecycle
internal import Linux

// Forced unmounts: MNT_FORCE makes the calls fail that wait for the server, whether or not the mount then goes.

extension Remedying {
    /// The types whose calls MNT_FORCE makes fail. For any other it would be a plain unmount.
    private static let abortable: Set<String> = ["nfs", "nfs4", "cifs", "smb3", "ceph", "9p", "fuse", "fuseblk"]
    /// Whoever writes asks anew for every page that is left: a look and a call for each round of them.
    private static let rounds = 20
    private static let pause = Duration.milliseconds(100)

    func judgeUnmount(_ mountPoint: String, _ pid: Int32?) throws(SystemError) -> Judgement {
        guard let mount = try mount(at: mountPoint, pid) else {
            let place = pid.map { "as pid \($0) sees it" } ?? "in the namespace of this program"
            return .refused("\(mountPoint) is not mounted \(place)")
        }
        guard Remedying.abortable.contains(mount.type) || mount.type.hasPrefix("fuse.") else {
            return .refused("\(mountPoint) is \(mount.type): a forced unmount frees nobody there")
        }
        return try judgeUsers(of: mount.device, mountPoint)
    }

    private func mount(at mountPoint: String, _ pid: Int32?) throws(SystemError) -> MountInfo? {
        let mounts: [MountInfo]?
        if let pid { mounts = try procfs.mountinfo(of: pid) } else { mounts = try Procfs.mountinfo() }
        return mounts?.last { $0.mountPoint == mountPoint }
    }

    /// Again and again, as long as somebody of the subject hangs in it: what fails is what waits at that moment, and a process
    /// that ends closes its files, which asks the server once more for all that has not been written.
    func forceUnmount(
        _ mountPoint: String, _ pid: Int32?, _ remedy: Remedy, until deadline: Instant
    ) throws(SystemError) -> RemedyReport {
        guard let device = try mount(at: mountPoint, pid)?.device else {
            return RemedyReport(remedy, .nothingToDo, "\(mountPoint) is not mounted any more")
        }
        var report = unmount(mountPoint, pid, remedy, until: deadline)
        var calls = 1
        while report.outcome == .done, calls < Remedying.rounds {
            let until = min(deadline, MonotonicClock.now() + Remedying.pause)
            let isOver = try wait(until: until) { () throws(SystemError) in try waiters().isEmpty }
            guard !isOver, MonotonicClock.now() < deadline, let way = try way(to: device) else { break }
            let next = unmount(way.mountPoint, way.pid, remedy, until: deadline)
            // The first one did what was asked for; that this one cannot is for those who still hang to tell.
            guard next.outcome == .done else { break }
            calls += 1
        }
        if calls > 1 { report.changes.append("calls that came afterwards failed too (\(calls) forced unmounts)") }
        return report
    }

    private func unmount(
        _ mountPoint: String, _ pid: Int32?, _ remedy: Remedy, until deadline: Instant
    ) -> RemedyReport {
        let words = ["unmount", mountPoint] + (pid.map { ["\($0)"] } ?? [])
        return child(words, remedy, "\(mountPoint) is unmounted", until: deadline)
    }

    /// Processes of the subject with a task that waits for a server, by files that cannot hang.
    private func waiters() throws(SystemError) -> [Int32] {
        var found: [Int32] = []
        for process in evidence.processes {
            for tid in try procfs.tasks(of: process.pid) ?? [] {
                guard try procfs.status(of: process.pid, task: tid)?.state == "D",
                    let stack = try procfs.kernelStack(of: process.pid, task: tid),
                    stack.contains(where: { KernelFunctions.isNetworkFileSystem(StackLine.function($0)) })
                else { continue }
                found.append(process.pid)
                break
            }
        }
        return found
    }

    /// Where the file system is still mounted: for this program, else for one of those who hang in it.
    private func way(to device: DeviceNumber) throws(SystemError) -> (mountPoint: String, pid: Int32?)? {
        if let own = try Procfs.mountinfo().last(where: { $0.device == device }) { return (own.mountPoint, nil) }
        for pid in try waiters() {
            if let theirs = try procfs.mountinfo(of: pid)?.last(where: { $0.device == device }) {
                return (theirs.mountPoint, pid)
            }
        }
        return nil
    }
}
