import APITypes
import Linux

/// Device nodes of the host that a container gets.
enum HostDevices {
    /// What the user named is looked at by a child of its own: it may lie on a file system that does not answer.
    static func find(_ host: HostConfig, _ core: EngineCore) async throws(EngineError) -> [HostDevice] {
        var found: [HostDevice] = []
        if host.privileged {
            found = try await Blocking.run { () throws(EngineError) in try all(in: "/dev", as: "/dev", access: "rwm") }
        }
        for mapping in host.devices ?? [] { found += try await mapped(mapping, core) }
        return found
    }

    /// Weights and limits of block devices as the OCI has them, by number; rates are in bytes or operations a second.
    static func blockLimits(_ host: HostConfig, _ core: EngineCore) async throws(EngineError) -> [String: JSON] {
        var limits: [String: JSON] = [:]
        for (member, list) in [
            ("throttleReadBpsDevice", host.blkioDeviceReadBps), ("throttleWriteBpsDevice", host.blkioDeviceWriteBps),
            ("throttleReadIOPSDevice", host.blkioDeviceReadIOps),
            ("throttleWriteIOPSDevice", host.blkioDeviceWriteIOps),
        ] {
            var entries: [JSON] = []
            for device in list ?? [] {
                let (major, minor) = try await blockNumber(device.path, core)
                entries.append(["major": JSON(major), "minor": JSON(minor), "rate": JSON(device.rate)])
            }
            if !entries.isEmpty { limits[member] = .array(entries) }
        }
        var weights: [JSON] = []
        for device in host.blkioWeightDevice ?? [] {
            let (major, minor) = try await blockNumber(device.path, core)
            weights.append(["major": JSON(major), "minor": JSON(minor), "weight": JSON(device.weight)])
        }
        if !weights.isEmpty { limits["weightDevice"] = .array(weights) }
        return limits
    }

    private static func blockNumber(_ path: String, _ core: EngineCore) async throws(EngineError) -> (Int64, Int64) {
        var mapping = DeviceMapping()
        mapping.pathOnHost = path
        guard let found = try await mapped(mapping, core).first, found.path == path, found.type == "b" else {
            throw .invalid("\(path) is no block device: its I/O cannot be limited")
        }
        return (found.major, found.minor)
    }

    private static func mapped(_ mapping: DeviceMapping, _ core: EngineCore) async throws(EngineError) -> [HostDevice] {
        let inside = mapping.pathInContainer.isEmpty ? mapping.pathOnHost : mapping.pathInContainer
        let access = mapping.cgroupPermissions.isEmpty ? "rwm" : mapping.cgroupPermissions
        guard access.allSatisfy({ "rwm".contains($0) }) else { throw .invalid("invalid device mode: \(access)") }
        let what = "error gathering device information while adding custom device \"\(mapping.pathOnHost)\""
        switch try await core.hostLook.run(["devices", mapping.pathOnHost], what, core) {
        case .failed(2, _): throw .invalid("\(what): no such file or directory")
        case .failed(19, _): throw .invalid("\(what): not a device node")
        case .failed(_, let text): throw .invalid("\(what): \(text)")
        case .done(let lines):
            return lines.split(separator: "\n").compactMap { device(line: $0, inside, access) }.sorted {
                $0.path < $1.path
            }
        }
    }

    /// `c|b MAJOR MINOR MODE UID GID NAME`, where the name is what comes after the directory's.
    private static func device(line: Substring, _ inside: String, _ access: String) -> HostDevice? {
        let words = line.split(separator: " ", maxSplits: 6, omittingEmptySubsequences: false)
        guard words.count == 7, let major = Int64(words[1]), let minor = Int64(words[2]), let mode = UInt32(words[3]),
            let uid = UInt32(words[4]), let gid = UInt32(words[5])
        else { return nil }
        return HostDevice(
            path: inside + words[6], type: String(words[0]), major: major, minor: minor, mode: mode, uid: uid, gid: gid,
            access: access)
    }

    /// What the container has of its own, or must not see.
    private static let left: Set<String> = ["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev", "console"]

    private static func all(in directory: String, as inside: String, access: String) throws(EngineError) -> [HostDevice]
    {
        var found: [HostDevice] = []
        for entry in try attempt("look for devices", { () throws(SystemError) in try File.list(directory) })
        where !left.contains(entry.name) {
            let (path, target) = ("\(directory)/\(entry.name)", "\(inside)/\(entry.name)")
            switch entry.kind {
            case .directory: found += try all(in: path, as: target, access: access)
            case .characterDevice, .blockDevice:
                let status = try attempt { () throws(SystemError) in try File.status(of: path, following: false) }
                if let status, let device = device(status, target, access) { found.append(device) }
            case .regular, .symbolicLink, .fifo, .socket, .unknown: break
            }
        }
        return found.sorted { $0.path < $1.path }
    }

    private static func device(_ status: FileStatus, _ path: String, _ access: String) -> HostDevice? {
        guard status.kind == .characterDevice || status.kind == .blockDevice else { return nil }
        return HostDevice(
            path: path, type: status.kind == .characterDevice ? "c" : "b", major: Int64(status.special.major),
            minor: Int64(status.special.minor), mode: status.mode & 0o7777, uid: status.uid, gid: status.gid,
            access: access)
    }
}
