import APITypes

/// `--mount type=bind,source=/srv,target=/srv,readonly`, with docker's keys.
struct MountArgument {
    private(set) var mount = Mount()
    private static let expected = "type=bind|volume|tmpfs,source=...,target=/path[,readonly][,...]"

    static func parse(_ text: String) throws(ValueFault) -> Mount {
        var argument = MountArgument()
        argument.mount.type = "volume"
        for field in try fields(text) {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            try argument.set(parts[0].lowercased(), parts.count == 2 ? String(parts[1]) : nil)
        }
        try argument.check()
        return argument.mount
    }

    /// Comma separated values; a field in double quotes may hold commas, and `""` for a quote.
    static func fields(_ text: String) throws(ValueFault) -> [String] {
        var fields = [""]
        var quoted = false
        var rest = text[...]
        while let letter = rest.popFirst() {
            switch letter {
            case "\"" where quoted && rest.first == "\"":
                rest.removeFirst()
                fields[fields.count - 1].append("\"")
            case "\"": quoted.toggle()
            case "," where !quoted: fields.append("")
            default: fields[fields.count - 1].append(letter)
            }
        }
        guard !quoted else { throw fault("a quote is not closed") }
        return fields
    }

    private static func fault(_ text: String) -> ValueFault { ValueFault(text, expected: expected) }

    private mutating func set(_ key: String, _ value: String?) throws(ValueFault) {
        switch key {
        case "readonly", "ro": mount.readOnly = try truth(key, value)
        case "bind-nonrecursive": bind.nonRecursive = try truth(key, value)
        case "volume-nocopy": volume.noCopy = try truth(key, value)
        case "bind-create-src": bind.createMountpoint = try truth(key, value)
        default: try set(key, text: value)
        }
    }

    private mutating func set(_ key: String, text value: String?) throws(ValueFault) {
        guard let value else { throw MountArgument.fault("\"\(key)\" has no value") }
        switch key {
        case "type": try setType(value)
        case "source", "src": mount.source = value
        case "target", "dst", "destination": mount.target = value
        case "consistency": mount.consistency = value
        case "bind-propagation": bind.propagation = try oneOf(key, value, MountArgument.propagations)
        case "bind-recursive": try setRecursion(value)
        case "volume-driver": driver.name = value
        case "volume-subpath": volume.subpath = value
        case "volume-label":
            let label = try KeyValue.label(value)
            volume.labels = (volume.labels ?? [:]).merging([label.key: label.value]) { $1 }
        case "volume-opt":
            let option = try KeyValue.setting(value)
            driver.options = (driver.options ?? [:]).merging([option.key: option.value]) { $1 }
        case "tmpfs-size": tmpfs.sizeBytes = try parseBytes(value)
        case "tmpfs-mode":
            guard let mode = Int(value, radix: 8) else { throw MountArgument.fault("\"\(value)\" is no octal mode") }
            tmpfs.mode = mode
        default: throw MountArgument.fault("unknown key \"\(key)\"")
        }
    }

    private static let propagations = ["shared", "rshared", "slave", "rslave", "private", "rprivate"]

    private mutating func setType(_ value: String) throws(ValueFault) {
        mount.type = try oneOf("type", value.lowercased(), ["bind", "volume", "tmpfs"])
    }

    private mutating func setRecursion(_ value: String) throws(ValueFault) {
        switch try oneOf("bind-recursive", value, ["enabled", "disabled", "writable", "readonly"]) {
        case "disabled": bind.nonRecursive = true
        case "writable": bind.readOnlyNonRecursive = true
        case "readonly": bind.readOnlyForceRecursive = true
        default: break
        }
    }

    private func check() throws(ValueFault) {
        guard !mount.target.isEmpty else { throw MountArgument.fault("\"target\" is missing") }
        guard mount.target.hasPrefix("/") else {
            throw MountArgument.fault("target \"\(mount.target)\" is not absolute")
        }
        if mount.type == "bind" && mount.source == nil { throw MountArgument.fault("a bind mount needs \"source\"") }
        if mount.type == "tmpfs" && mount.source != nil { throw MountArgument.fault("a tmpfs has no \"source\"") }
        let strangers = [
            ("bind", mount.bindOptions == nil), ("volume", mount.volumeOptions == nil),
            ("tmpfs", mount.tmpfsOptions == nil),
        ]
        for (type, unset) in strangers where !unset && type != mount.type {
            throw MountArgument.fault("a \(type)-... key does not belong to type=\(mount.type)")
        }
    }

    private func truth(_ key: String, _ value: String?) throws(ValueFault) -> Bool {
        guard let value else { return true }
        do throws(ValueFault) { return try Flag.parse(value) } catch {
            throw MountArgument.fault("\"\(key)=\(value)\": \(error.fault)")
        }
    }

    private func oneOf(_ key: String, _ value: String, _ known: [String]) throws(ValueFault) -> String {
        guard known.contains(value) else {
            throw MountArgument.fault("\"\(key)=\(value)\" is none of \(known.joined(separator: ", "))")
        }
        return value
    }

    // Made when they are first set, so that what was not asked stays out of the request.
    private var bind: BindOptions {
        get { mount.bindOptions ?? BindOptions() }
        set { mount.bindOptions = newValue }
    }
    private var volume: VolumeOptions {
        get { mount.volumeOptions ?? VolumeOptions() }
        set { mount.volumeOptions = newValue }
    }
    private var driver: DriverConfig {
        get { volume.driverConfig ?? DriverConfig() }
        set { volume.driverConfig = newValue }
    }
    private var tmpfs: TmpfsOptions {
        get { mount.tmpfsOptions ?? TmpfsOptions() }
        set { mount.tmpfsOptions = newValue }
    }
}
