import APITypes
import Linux

/// Device nodes of the host that a container gets.
enum HostDevices {
    static func find(_ host: HostConfig) async throws(EngineError) -> [HostDevice] {
        let mappings = host.devices ?? []
        if !host.privileged && mappings.isEmpty { return [] }
        return try await Blocking.run { () throws(EngineError) in
            var found = host.privileged ? try all(in: "/dev", as: "/dev", access: "rwm") : []
            for mapping in mappings { found += try mapped(mapping) }
            return found
        }
    }

    private static func mapped(_ mapping: DeviceMapping) throws(EngineError) -> [HostDevice] {
        let inside = mapping.pathInContainer.isEmpty ? mapping.pathOnHost : mapping.pathInContainer
        let access = mapping.cgroupPermissions.isEmpty ? "rwm" : mapping.cgroupPermissions
        guard access.allSatisfy({ "rwm".contains($0) }) else { throw .invalid("invalid device mode: \(access)") }
        let status = try attempt { () throws(SystemError) in try File.status(of: mapping.pathOnHost) }
        guard let status else {
            throw .invalid(
                "error gathering device information while adding custom device \"\(mapping.pathOnHost)\": no such file or directory"
            )
        }
        if let device = device(status, inside, access) { return [device] }
        guard status.kind == .directory else {
            throw .invalid(
                "error gathering device information while adding custom device \"\(mapping.pathOnHost)\": not a device node"
            )
        }
        return try all(in: mapping.pathOnHost, as: inside, access: access)
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
