internal import Lifecycle
internal import Linux

extension Remedying {
    // MARK: FUSE

    func judgeAbort(_ connection: UInt32, _ mountPoint: String) throws(SystemError) -> Judgement {
        let device = DeviceNumber(major: 0, minor: connection)
        let control = try FuseControl()
        guard let waiting = try control.waiting(connection) else {
            return .nothingToDo("connection \(connection) of \(mountPoint) is gone")
        }
        guard waiting > 0 else { return .nothingToDo("nobody waits for \(mountPoint)") }
        return try judgeUsers(of: device, mountPoint)
    }

    func abort(_ connection: UInt32, _ remedy: Remedy, until deadline: Instant) throws(SystemError) -> RemedyReport {
        let control = try FuseControl()
        let before = try control.waiting(connection) ?? 0
        try control.abort(connection)
        let limit = min(deadline, MonotonicClock.now() + .milliseconds(500))
        _ = try wait(until: limit) { () throws(SystemError) in try control.waiting(connection) ?? 0 == 0 }
        let left = try control.waiting(connection) ?? 0
        return RemedyReport(
            remedy, .done, changes: ["connection \(connection) is aborted: of \(before) waiting calls \(left) are left"]
        )
    }

    /// Refuses, naming them, when processes outside of the subject use the file system, unless it is forced.
    func judgeUsers(of device: DeviceNumber, _ mountPoint: String) throws(SystemError) -> Judgement {
        var subject = Set(evidence.subject.pids)
        for pid in try procfs.processes() where try isOfSubject(pid) { subject.insert(pid) }
        var search = try MountUsers(of: device, procfs: procfs)
        let users = try search.find(except: subject)
        if users.isEmpty || isForced { return .go(users: users) }
        return .refused("others use \(mountPoint), and would get errors", users: users)
    }

    // MARK: frozen file systems

    /// Whether it is frozen no file tells: the call itself does.
    func judgeThawFileSystem(_ mountPoint: String) throws(SystemError) -> Judgement {
        ways(to: mountPoint).paths.isEmpty ? .refused("no way leads to \(mountPoint) from here") : .go()
    }

    func thawFileSystem(_ mountPoint: String, _ remedy: Remedy, until deadline: Instant) -> RemedyReport {
        let (device, paths) = ways(to: mountPoint)
        let number = device ?? DeviceNumber(major: 0, minor: 0)
        return child(
            ["thaw-fs", "\(number.major)", "\(number.minor)"] + paths, remedy, "\(mountPoint) is thawed",
            until: deadline)
    }

    /// Paths to try. The mount point is the container's or ours; a file system that was unmounted lazily is still reached through
    /// the descriptors of those who hang in it.
    private func ways(to mountPoint: String) -> (device: DeviceNumber?, paths: [String]) {
        var mounts: [MountInfo] = []
        do throws(SystemError) { mounts = try Procfs.mountinfo() } catch {
            // The other ways are left.
        }
        let tasks = evidence.tasks.filter {
            $0.mount.map { $0.mountPoint == mountPoint } ?? ($0.file?.path == mountPoint)
        }
        let mount = tasks.first?.mount ?? mounts.last { $0.mountPoint == mountPoint }
        // btrfs shows other numbers to stat(2) than in mountinfo.
        let device = mount?.type == "btrfs" ? nil : mount?.device
        var paths = mounts.filter { $0.device == mount?.device }.map(\.mountPoint)
        for task in tasks {
            if let descriptor = task.file?.descriptor { paths.append("\(procfs.root)/\(task.pid)/fd/\(descriptor)") }
            paths.append("\(procfs.root)/\(task.pid)/root\(mountPoint)")
        }
        if mount == nil && !tasks.isEmpty { return (nil, paths) }
        for process in evidence.processes { paths.append("\(procfs.root)/\(process.pid)/root\(mountPoint)") }
        return device == nil ? (nil, [mountPoint]) : (device, Array(paths.prefix(32)))
    }

    // MARK: devices

    func judgeResume(_ name: String) throws(SystemError) -> Judgement {
        guard try File.status(of: "/sys/block") != nil else { return .refused("sysfs is not mounted") }
        for entry in try File.list("/sys/block") where entry.name.hasPrefix("dm-") {
            let directory = "/sys/block/\(entry.name)/dm"
            guard let own = try File.readIfPresent(directory + "/name"),
                String(decoding: own, as: UTF8.self) == name + "\n"
            else { continue }
            let isSuspended = try File.readIfPresent(directory + "/suspended")?.first == UInt8(ascii: "1")
            return isSuspended ? .go() : .nothingToDo("\(name) is not suspended")
        }
        return .refused("there is no device-mapper device \(name)")
    }
}
