import APITypes

/// Turns `-v`, `--mount`, `--tmpfs` and image volumes into mount plans, in Docker's order of precedence.
struct MountParsing {
    private var plans: [MountPlan] = []
    private var targets: Set<String> = []
    /// Names for anonymous volumes.
    private let newName: () -> String

    private init(newName: @escaping () -> String) { self.newName = newName }

    /// - Parameters:
    ///   - inherited: what `--volumes-from` brings.
    ///   - newName: makes a name for each anonymous volume.
    static func plans(
        config: ContainerConfig, host: HostConfig, inherited: [MountPlan] = [], newName: @escaping () -> String
    ) throws(EngineError) -> [MountPlan] {
        var parsing = MountParsing(newName: newName)
        for text in host.binds ?? [] { try parsing.add(parsing.bind(text)) }
        for mount in host.mounts ?? [] { try parsing.add(parsing.mount(mount)) }
        for (target, options) in (host.tmpfs ?? [:]).sorted(by: { $0.key < $1.key }) {
            try parsing.add(parsing.tmpfs(target, options))
        }
        for plan in inherited where !parsing.targets.contains(plan.target) { try parsing.add(plan) }
        for target in (config.volumes ?? [:]).keys.sorted() {
            let path = try absolute(target, in: target)
            if !parsing.targets.contains(path) { try parsing.add(parsing.anonymous(at: path)) }
        }
        return parsing.plans
    }

    private mutating func add(_ plan: MountPlan) throws(EngineError) {
        guard plan.target != "/" else { throw .invalid("invalid volume specification: destination can't be '/'") }
        guard targets.insert(plan.target).inserted else { throw .invalid("Duplicate mount point: \(plan.target)") }
        plans.append(plan)
    }

    private func anonymous(at target: String) -> MountPlan {
        var plan = MountPlan(kind: .volume, source: newName(), target: target)
        plan.anonymous = true
        return plan
    }

    static func absolute(_ path: String, in text: String) throws(EngineError) -> String {
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw .invalid("invalid mount path: '\(path)' mount path must be absolute (in \"\(text)\")")
        }
        return Spec.normalised(path)
    }

    // MARK: -v

    private func bind(_ text: String) throws(EngineError) -> MountPlan {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count), !parts.contains("") else {
            throw .invalid("invalid volume specification: '\(text)'")
        }
        if parts.count == 1 { return anonymous(at: try MountParsing.absolute(parts[0], in: text)) }
        let target = try MountParsing.absolute(parts[1], in: text)
        var plan = MountPlan(kind: .bind, source: parts[0], target: target)
        if parts[0].hasPrefix("/") {
            plan.source = Spec.normalised(parts[0])
            plan.createsSource = true
        } else {
            try VolumeName.check(parts[0])
            plan.kind = .volume
            // What Docker tells of a volume without a mode.
            plan.mode = "z"
        }
        if parts.count == 3 { try MountParsing.read(modes: parts[2], of: text, into: &plan) }
        return plan
    }

    private static let propagations: Set<String> = ["private", "rprivate", "slave", "rslave", "shared", "rshared"]

    private static func read(modes: String, of text: String, into plan: inout MountPlan) throws(EngineError) {
        plan.mode = modes
        for mode in modes.split(separator: ",").map(String.init) {
            switch mode {
            case "ro", "readonly": plan.readOnly = true
            case "rw", "z", "Z", "consistent", "cached", "delegated": break
            case "nocopy" where plan.kind == .volume: plan.copiesImage = false
            case "bind-nonrecursive" where plan.kind == .bind: plan.recursive = false
            case let word where propagations.contains(word) && plan.kind == .bind: plan.propagation = word
            default: throw .invalid("invalid mode: \(mode) (in \"\(text)\")")
            }
        }
    }

    // MARK: --mount

    private func mount(_ mount: Mount) throws(EngineError) -> MountPlan {
        guard !mount.target.isEmpty else {
            throw .invalid("invalid mount config for type \"\(mount.type)\": field Target must not be empty")
        }
        let target = try MountParsing.absolute(mount.target, in: mount.target)
        try MountParsing.refuseForeignOptions(of: mount)
        switch mount.type {
        case "bind": return try boundMount(mount, target)
        case "volume": return try volumeMount(mount, target)
        case "tmpfs": return tmpfsMount(mount, target)
        case "image", "npipe", "cluster": throw .unsupported("mount type \"\(mount.type)\" is not there yet")
        default: throw .invalid("mount type unknown: \"\(mount.type)\"")
        }
    }

    /// Options of another type of mount are refused, not overlooked.
    private static func refuseForeignOptions(of mount: Mount) throws(EngineError) {
        let given = [
            ("bind", "BindOptions", mount.bindOptions != nil), ("volume", "VolumeOptions", mount.volumeOptions != nil),
            ("tmpfs", "TmpfsOptions", mount.tmpfsOptions != nil), ("image", "ImageOptions", mount.imageOptions != nil),
        ]
        for (type, field, isThere) in given where isThere && mount.type != type {
            throw .invalid("invalid mount config for type \"\(mount.type)\": field \(field) must not be specified")
        }
        if mount.type == "tmpfs", !(mount.source ?? "").isEmpty {
            throw .invalid("invalid mount config for type \"tmpfs\": field Source must not be specified")
        }
    }

    private func boundMount(_ mount: Mount, _ target: String) throws(EngineError) -> MountPlan {
        guard let source = mount.source, source.hasPrefix("/") else {
            throw .invalid(
                "invalid mount config for type \"bind\": invalid mount path: '\(mount.source ?? "")' mount path must be absolute"
            )
        }
        var plan = MountPlan(kind: .bind, source: Spec.normalised(source), target: target, readOnly: mount.readOnly)
        plan.createsSource = mount.bindOptions?.createMountpoint ?? false
        plan.recursive = !(mount.bindOptions?.nonRecursive ?? false)
        if mount.bindOptions?.readOnlyForceRecursive == true { plan.readOnlyRecursive = true }
        if mount.bindOptions?.readOnlyNonRecursive == true { plan.readOnlyRecursive = false }
        if let propagation = mount.bindOptions?.propagation, !propagation.isEmpty {
            guard MountParsing.propagations.contains(propagation) else {
                throw .invalid("invalid propagation mode: \"\(propagation)\"")
            }
            plan.propagation = propagation
        }
        try MountParsing.checkForced(mount, plan)
        return plan
    }

    private static func checkForced(_ mount: Mount, _ plan: MountPlan) throws(EngineError) {
        guard mount.bindOptions?.readOnlyForceRecursive == true else { return }
        guard mount.readOnly, plan.recursive, mount.bindOptions?.readOnlyNonRecursive != true else {
            throw .invalid(
                "ReadOnlyForceRecursive of \(plan.target) needs ReadOnly, and excludes NonRecursive and ReadOnlyNonRecursive"
            )
        }
        guard plan.propagation == "rprivate" else {
            throw .invalid(
                "ReadOnlyForceRecursive of \(plan.target) needs the propagation rprivate, not \(plan.propagation)")
        }
    }

    private func volumeMount(_ mount: Mount, _ target: String) throws(EngineError) -> MountPlan {
        if let driver = mount.volumeOptions?.driverConfig?.name { try VolumeDriver.check(driver) }
        var plan = anonymous(at: target)
        if let name = mount.source, !name.isEmpty {
            try VolumeName.check(name)
            (plan.source, plan.anonymous) = (name, false)
        }
        plan.readOnly = mount.readOnly
        plan.copiesImage = !(mount.volumeOptions?.noCopy ?? false)
        plan.volumeLabels = mount.volumeOptions?.labels
        plan.volumeOptions = mount.volumeOptions?.driverConfig?.options
        _ = try VolumeMount(plan.volumeOptions ?? [:])
        plan.subpath = mount.volumeOptions?.subpath.flatMap { $0.isEmpty ? nil : $0 }
        if let subpath = plan.subpath, subpath.hasPrefix("/") || subpath.split(separator: "/").contains("..") {
            throw .invalid("volume subpath must be a relative path within the volume: \"\(subpath)\"")
        }
        return plan
    }

    private func tmpfsMount(_ mount: Mount, _ target: String) -> MountPlan {
        var plan = MountPlan(kind: .tmpfs, source: "", target: target, readOnly: mount.readOnly)
        if let size = mount.tmpfsOptions?.sizeBytes, size > 0 { plan.options.append("size=\(size)") }
        if let mode = mount.tmpfsOptions?.mode, mode > 0 { plan.options.append("mode=" + String(mode, radix: 8)) }
        for option in mount.tmpfsOptions?.options ?? [] { plan.options.append(option.joined(separator: "=")) }
        return plan
    }

    private func tmpfs(_ target: String, _ options: String) throws(EngineError) -> MountPlan {
        let path = try MountParsing.absolute(target, in: target)
        var plan = MountPlan(kind: .tmpfs, source: "", target: path)
        plan.options = options.split(separator: ",").map(String.init)
        plan.readOnly = plan.options.contains("ro")
        plan.options.removeAll { $0 == "ro" || $0 == "rw" }
        plan.mode = options
        return plan
    }
}

/// Docker's rule for names of volumes and containers: a letter or digit, then letters, digits, `_`, `.`, `-`.
enum ObjectName {
    static func isValid(_ name: some StringProtocol) -> Bool {
        let bytes = Array(name.utf8)
        guard bytes.count >= 2, bytes.count <= 255, isAlphanumeric(bytes[0]) else { return false }
        return bytes.allSatisfy {
            isAlphanumeric($0) || [UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-")].contains($0)
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }
}

/// Volumes are local ones.
enum VolumeDriver {
    static func check(_ driver: String?) throws(EngineError) {
        guard let driver, !driver.isEmpty, driver != "local" else { return }
        throw .notFound(kind: "volume driver", name: driver)
    }
}

enum VolumeName {
    static func check(_ name: String) throws(EngineError) {
        guard ObjectName.isValid(name) else {
            throw .invalid(
                "create \(name): \"\(name)\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path"
            )
        }
    }
}
