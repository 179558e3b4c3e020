internal import Linux

// FUSE connections, and who serves them.

extension Look {
    func lookForServers() {
        for task in evidence.tasks where task.isWorthDetails { addConnections(of: task) }
        guard !evidence.connections.isEmpty else { return }
        for index in evidence.connections.indices {
            let number = evidence.connections[index].number
            evidence.connections[index].waiting = word("/sys/fs/fuse/connections/\(number)/waiting").flatMap { Int($0) }
        }
        findServers()
    }

    private func addConnections(of task: TaskEvidence) {
        let touchesFuse = task.stack.contains(where: KernelFunctions.isFuse)
        if let mount = task.mount, FileSystemKind.isFuse(mount.type) { return add(mount) }
        guard touchesFuse else { return }
        let main = evidence.subject.main
        let seen = reading { () throws(SystemError) in try mounts.all(of: task.tid, main: main) } ?? []
        // The layers of an overlay are no mounts that its users see.
        let layers = seen.filter { $0.type == "overlay" }.flatMap(Look.layers)
        let below = reading { () throws(SystemError) in
            let host = try mounts.hostMounts()
            return layers.compactMap { MountTables.innermost(of: $0, in: host) }
        }
        // Which of several it is, is not known: the explanation says so by naming them all.
        for mount in seen + (below ?? []) where FileSystemKind.isFuse(mount.type) { add(mount) }
    }

    /// The directories an overlay is made of, as its mount options name them.
    static func layers(_ overlay: MountInfo) -> [String] {
        overlay.superOptions.flatMap { option -> [String] in
            guard let equals = option.firstIndex(of: "=") else { return [] }
            let name = option[..<equals]
            guard name == "upperdir" || name.hasPrefix("lowerdir") || name.hasPrefix("datadir") else { return [] }
            return option[option.index(after: equals)...].split(separator: ":").map(String.init)
        }
    }

    private func add(_ mount: MountInfo) {
        let number = mount.device.major << 20 | mount.device.minor
        guard !evidence.connections.contains(where: { $0.number == number }) else { return }
        evidence.connections.append(
            FuseConnection(number: number, mountPoint: mount.mountPoint, type: mount.type, source: mount.source))
    }

    /// Every process of the host that has /dev/fuse open. Links are read, files are not touched.
    private func findServers() {
        var candidates: [Outsider] = []
        for pid in reading({ () throws(SystemError) in try procfs.processes() }) ?? [] {
            if isLate { return gap("not all processes were asked whether they serve a FUSE mount: no time was left") }
            for descriptor in quietly({ () throws(SystemError) in try procfs.descriptors(of: pid) }) ?? [] {
                guard quietly({ () throws(SystemError) in try procfs.link("\(pid)/fd/\(descriptor)") }) == "/dev/fuse",
                    let file = quietly({ () throws(SystemError) in try procfs.openFile(descriptor, of: pid) }),
                    let server = outsider(pid)
                else { continue }
                if let number = file.fuseConnection { serve(number, server) } else { candidates.append(server) }
            }
        }
        for index in evidence.connections.indices where !evidence.connections[index].isServerKnown {
            evidence.connections[index].servers = candidates.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        }
    }

    private func serve(_ number: UInt32, _ server: Outsider) {
        for index in evidence.connections.indices where evidence.connections[index].number == number {
            evidence.connections[index].isServerKnown = true
            if !evidence.connections[index].servers.contains(server) {
                evidence.connections[index].servers.append(server)
            }
        }
    }
}
