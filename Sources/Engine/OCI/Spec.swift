import APITypes

/// The OCI runtime configuration (runtime-spec 1.0.2, config.md) of a container, with Docker's defaults.
enum Spec {
    static func make(_ input: SpecInput) throws(EngineError) -> JSON {
        let document = input.document
        var spec: JSON = .compact([
            "ociVersion": "1.0.2",
            "root": .compact([
                "path": .string(input.rootfs), "readonly": document.host.readonlyRootfs ? true : nil,
            ]),
            "process": try mainProcess(input),
            "mounts": try mounts(input),
            "linux": try linux(input),
            "annotations": annotations(input),
        ])
        if document.namespaces.uts != .host { spec["hostname"] = .string(hostname(of: document)) }
        if document.namespaces.uts != .host, let domain = document.config.domainname, !domain.isEmpty {
            spec["domainname"] = .string(domain)
        }
        return spec
    }

    static func hostname(of document: ContainerDocument) -> String {
        if let name = document.config.hostname, !name.isEmpty { return name }
        return String(document.id.prefix(12))
    }

    private static func annotations(_ input: SpecInput) -> JSON? {
        var annotations = (input.document.host.annotations ?? [:]).mapValues { JSON.string($0) }
        if let filter = input.seccompFilter, annotations[SeccompFilters.annotation] == nil {
            annotations[SeccompFilters.annotation] = .string(filter)
        }
        return annotations.isEmpty ? nil : .object(annotations)
    }

    private static func mainProcess(_ input: SpecInput) throws(EngineError) -> JSON {
        let document = input.document
        // One whose command is the init itself, which only pauses, needs no second one.
        let needsInit = input.initPath != nil && document.command.first != initTarget
        let command = needsInit ? [initTarget, "--"] + document.command : document.command
        return try process(
            input, command: command, environment: document.config.env ?? [], terminal: document.config.tty,
            directory: document.config.workingDir ?? "/", consoleSize: document.host.consoleSize)
    }

    /// Where a container has the init of `--init`.
    static let initTarget = "/sbin/docker-init"

    /// The OCI `process` object, of the main process or of an exec.
    static func process(
        _ input: SpecInput, command: [String], environment: [String], terminal: Bool, directory: String,
        consoleSize: [Int]?
    ) throws(EngineError) -> JSON {
        let host = input.document.host
        let options = try SecurityOptions(host.securityOpt ?? [])
        let user = input.user
        // A process that is not root has capabilities in its bounding set only, as in Docker.
        let effective = user.uid == 0 ? input.capabilities : []
        return .compact([
            "terminal": terminal ? true : nil,
            "consoleSize": terminal ? consoleSize.flatMap(console) : nil,
            "user": .compact([
                "uid": JSON(user.uid), "gid": JSON(user.gid),
                // With its own, so that a file's group is never lost by a change of the process's (CVE-2022-36109).
                "additionalGids": .array(([user.gid] + user.additionalGroups).map { JSON($0) }),
            ]),
            "args": JSON(command),
            "env": JSON(self.environment(input, environment, terminal: terminal)),
            "cwd": .string(directory.isEmpty ? "/" : directory),
            "capabilities": [
                "bounding": JSON(input.capabilities), "effective": JSON(effective), "permitted": JSON(effective),
            ],
            "noNewPrivileges": options.noNewPrivileges ? true : nil,
            "oomScoreAdj": oomScoreAdjust(input),
            "rlimits": .array(try rlimits(input)),
        ])
    }

    private static func console(_ size: [Int]) -> JSON? {
        guard size.count == 2, size[0] > 0, size[1] > 0 else { return nil }
        return ["height": JSON(size[0]), "width": JSON(size[1])]
    }

    static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Docker's order: PATH, HOSTNAME, TERM, then what the image and the user say (which wins), then HOME where nobody did.
    private static func environment(_ input: SpecInput, _ given: [String], terminal: Bool) -> [String] {
        var list = ["PATH=\(defaultPath)", "HOSTNAME=\(hostname(of: input.document))"]
        if terminal { list.append("TERM=xterm") }
        for entry in given { Environment.set(entry, in: &list) }
        if !list.contains(where: { $0.hasPrefix("HOME=") }) { list.append("HOME=\(input.user.home)") }
        return list
    }

    private static func oomScoreAdjust(_ input: SpecInput) -> JSON {
        let wanted = input.document.host.oomScoreAdj
        if wanted != 0 || input.facts.canRaiseLimits { return JSON(wanted) }
        return JSON(max(0, input.facts.oomScoreAdjust))
    }

    private static func rlimits(_ input: SpecInput) throws(EngineError) -> [JSON] {
        var limits = try (input.document.host.ulimits ?? []).map { (limit) throws(EngineError) in
            try checked(limit, input.facts)
        }
        if !limits.contains(where: { $0["type"] == "RLIMIT_NOFILE" }) {
            let hard = input.facts.openFilesHard
            limits.append(["type": "RLIMIT_NOFILE", "soft": JSON(min(1024, hard)), "hard": JSON(hard)])
        }
        return limits
    }

    private static let limitNames: Set<String> = [
        "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
        "rttime", "sigpending", "stack",
    ]

    private static func checked(_ limit: Ulimit, _ facts: HostFacts) throws(EngineError) -> JSON {
        guard limitNames.contains(limit.name) else { throw .invalid("invalid ulimit type: \(limit.name)") }
        guard limit.hard < 0 || (limit.soft >= 0 && limit.soft <= limit.hard) else {
            throw .invalid("ulimit soft limit must be less than or equal to hard limit: \(limit.soft) > \(limit.hard)")
        }
        if limit.name == "nofile", !facts.canRaiseLimits, limit.hard < 0 || UInt64(limit.hard) > facts.openFilesHard {
            throw .invalid(
                "cannot raise ulimit nofile to \(limit.hard): the engine lacks CAP_SYS_RESOURCE and its own hard limit is "
                    + "\(facts.openFilesHard)")
        }
        return [
            "type": .string("RLIMIT_" + limit.name.uppercased()), "soft": unlimited(limit.soft),
            "hard": unlimited(limit.hard),
        ]
    }

    /// -1 is RLIM_INFINITY; crun and runc read the unsigned number.
    private static func unlimited(_ value: Int) -> JSON { value < 0 ? .unsigned(UInt64.max) : JSON(value) }
}
