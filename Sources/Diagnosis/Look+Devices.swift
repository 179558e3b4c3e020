internal import Linux

// Block devices, through sysfs, which does not touch them.

extension Look {
    /// Twice: the second look tells whether a device completes anything.
    func lookAtDevices(isFirst: Bool) {
        if isFirst {
            for task in evidence.tasks where task.isWorthDetails {
                if let device = task.file.flatMap(device(of:)) ?? task.mount.flatMap(device(of:)) {
                    add(device)
                } else if task.state == "D", task.mount == nil, task.isExiting || task.call?.pathArgument != nil {
                    addDevices(ofMountsOf: task)
                }
            }
            return
        }
        for index in evidence.devices.indices {
            let device = evidence.devices[index]
            let now = completed(device.name)
            evidence.devices[index].hasProgressed = now.count != device.completed
            evidence.devices[index].inFlight = now.inFlight
        }
    }

    private func add(_ device: BlockDevice) {
        if !evidence.devices.contains(where: { $0.number == device.number }) { evidence.devices.append(device) }
    }

    /// What it works on is not known: it may be any that it can reach.
    private func addDevices(ofMountsOf task: TaskEvidence) {
        let main = evidence.subject.main
        let seen = reading { () throws(SystemError) in try mounts.all(of: task.tid, main: main) } ?? []
        for device in seen.prefix(Look.deviceLimit).compactMap(device(of:)) { add(device) }
    }

    private static let deviceLimit = 64

    /// The device node itself is read or written.
    private func device(of file: TaskFile) -> BlockDevice? {
        guard file.path.hasPrefix("/dev/") else { return nil }
        return numberOfSource(file.path).flatMap(device(numbered:))
    }

    private func device(of mount: MountInfo) -> BlockDevice? {
        var number = mount.device
        if number.major == 0 {
            // btrfs and others have a device of their own for files; the source names one that is real.
            guard mount.source.hasPrefix("/dev/"), let real = numberOfSource(mount.source) else { return nil }
            number = real
        }
        return device(numbered: number)
    }

    private func device(numbered number: DeviceNumber) -> BlockDevice? {
        guard let link = reading({ () throws(SystemError) in try Look.linkIfThere("/sys/dev/block/\(number.text)") })
        else { return nil }
        var device = BlockDevice(number: number, name: link.split(separator: "/").last.map(String.init) ?? "")
        device.mapperName = word("/sys/dev/block/\(number.text)/dm/name")
        device.isSuspended = word("/sys/dev/block/\(number.text)/dm/suspended") == "1"
        device.completed = completed(device.name).count
        return device
    }

    private func numberOfSource(_ source: String) -> DeviceNumber? {
        let name = source.split(separator: "/").last.map(String.init) ?? ""
        guard let text = word("/sys/class/block/\(name)/dev") else { return nil }
        let halves = text.split(separator: ":").compactMap { UInt32($0) }
        return halves.count == 2 ? DeviceNumber(major: halves[0], minor: halves[1]) : nil
    }

    /// Reads, writes, discards and flushes that are done, and requests that are not (Documentation/block/stat.rst).
    private func completed(_ name: String) -> (count: UInt64, inFlight: Int) {
        let words = bytes("/sys/class/block/\(name)/stat")?.textLines.first?.words.map { UInt64($0) ?? 0 } ?? []
        guard words.count >= 11 else { return (0, 0) }
        let rest = [11, 15].filter { $0 < words.count }.map { words[$0] }
        return (rest.reduce(words[0] &+ words[4], &+), Int(clamping: words[8]))
    }

    private static func linkIfThere(_ path: String) throws(SystemError) -> String? {
        do throws(SystemError) { return try File.readLink(path) } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }
}

extension DeviceNumber {
    /// `8:16`.
    var text: String { "\(major):\(minor)" }
}
