import APITypes
import Lifecycle
import Linux
import Networks
import Logging
import Synchronization

extension Container {
    /// Writes `config.json` and the files of /etc for this start. Returns the seccomp profile, where no filter is known for
    /// it.
    func writeBundle(_ sharedPIDs: [String: Int32]) async throws(EngineError) -> [UInt8]? {
        let input = try await specInput(sharedPIDs)
        let spec = try Spec.make(input)
        let (paths, files) = (
            paths, EtcFiles(document: document, endpoints: state.endpoints ?? [], nameServers: nameServers)
        )
        let writesFiles = document.namespaces.network.sharedID == nil
        try await core.onDisk("write the bundle") { () throws(SystemError) in
            try File.makeDirectories(paths.bundle, mode: 0o700)
            if writesFiles { try files.write(to: paths.data) }
            try Container.write(spec.bytes, to: paths.config)
        }
        return input.seccompFilter == nil ? input.seccomp?.bytes : nil
    }

    /// That of the first network which has one: it knows the names of all networks that its client is in.
    private var nameServers: [IPAddress] {
        guard NameServer.program != nil else { return [] }
        let networks = (state.endpoints ?? []).compactMap { core.networks.withID($0.network) }
        return networks.first(where: NameServer.serves)?.pools.map(\.gateway) ?? []
    }

    /// For the next start with this profile. A failure costs nothing but time.
    func learnFilter(of profile: [UInt8]) async {
        do throws(EngineError) {
            let state = core.paths.runtimeRoot(try core.runtime(document.host.runtime).name) + "/\(id)"
            let filters = core.seccompFilters
            try await Blocking.run { () throws(EngineError) in
                try attempt { () throws(SystemError) in try filters.learn(profile, from: state) }
            }
        } catch { core.logger.debug("container \(id): no seccomp filter learnt: \(error)") }
    }

    static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o600) throws(SystemError) {
        let file = try File.open(path, [.writeOnly, .create, .truncate], mode: mode)
        // The descriptor's number says nothing to whoever has to make room.
        do throws(SystemError) { try file.writeAll(bytes) } catch {
            throw SystemError(error.call, path, errno: error.errno)
        }
    }

    func shimConfiguration() throws(EngineError) -> ShimConfiguration {
        let runtime = try core.runtime(document.host.runtime)
        return ShimConfiguration(
            containerID: id, bundle: paths.bundle, runtime: runtime.path,
            runtimeRoot: core.paths.runtimeRoot(runtime.name),
            containerCgroup: String(core.cgroup(id).path.dropFirst()),
            shimCgroup: String(core.shimCgroup(id).path.dropFirst()), socket: paths.socket,
            exitRecord: paths.exitRecord,
            log: try LogConfiguration.make(
                document.host.logConfig, path: paths.log, defaults: core.configuration.logOptions),
            terminal: document.config.tty, openStdin: document.config.openStdin, stdinOnce: document.config.stdinOnce,
            cgroupMounts: core.cgroups.mountinfo)
    }

    /// What a spec is made from; `user` and the like are looked up in the mounted root file system.
    func specInput(_ sharedPIDs: [String: Int32]) async throws(EngineError) -> SpecInput {
        let (host, rootfs) = (document.host, paths.rootfs)
        let capabilities = try Capabilities.effective(host, held: core.facts.capabilities)
        let user = try await lookUp(
            document.config.user ?? "", adding: host.groupAdd ?? [], in: rootfs)
        let files = document.namespaces.network.sharedID.map { core.paths.container($0).data } ?? paths.data
        let devices = try await HostDevices.find(host, core)
        let seccomp = try await core.seccomp(host, capabilities)
        return SpecInput(
            document: document, facts: core.facts, rootfs: rootfs, fileDirectory: files,
            mounts: try await resolvedMounts(), user: user, capabilities: capabilities,
            seccomp: seccomp, seccompFilter: seccomp.flatMap { core.seccompFilters.filter(of: $0.bytes) },
            initPath: try core.initPath(host),
            cgroupPath: core.cgroup(id).path, sharedPIDs: sharedPIDs, devices: devices,
            shmSize: shmSize, sharedMemory: sharedMemory,
            networkNamespace: state.endpoints == nil ? nil : core.paths.networkNamespace(id),
            blockLimits: try await HostDevices.blockLimits(host, core))
    }

    var shmSize: Int64 {
        let wanted = Int64(document.host.shmSize ?? 0)
        return wanted > 0 ? wanted : core.configuration.shmSize
    }

    private var sharedMemory: String? {
        if let id = document.namespaces.ipc.sharedID { return core.paths.container(id).sharedMemory }
        return document.host.ipcMode == "shareable" ? paths.sharedMemory : nil
    }

    func lookUp(_ user: String, adding groups: [String], in rootfs: String) async throws(EngineError) -> ContainerUser {
        let files = try await core.onDisk("read the accounts of the container") { () throws(SystemError) in
            let root = try RootedDirectory(rootfs)
            return AccountFiles(
                passwd: try root.readIfPresent("/etc/passwd") ?? [], group: try root.readIfPresent("/etc/group") ?? [])
        }
        return try files.find(user, adding: groups)
    }
}

extension EngineCore {
    func runtime(_ wanted: String?) throws(EngineError) -> (name: String, path: String) {
        let name = wanted.flatMap { $0.isEmpty ? nil : $0 } ?? configuration.defaultRuntime
        guard let path = configuration.runtimes[name] else {
            let known = configuration.runtimes.keys.sorted().joined(separator: ", ")
            throw .invalid(
                "unknown or invalid runtime name: \(name) (there are: \(known.isEmpty ? "none; install crun or runc" : known))"
            )
        }
        return (name, path)
    }

    /// For `--init`: where the small init is; nil when none is wanted.
    func initPath(_ host: HostConfig) throws(EngineError) -> String? {
        guard host.initProcess == true else { return nil }
        guard let path = configuration.initPath else {
            throw .invalid("--init needs catatonit or tini: install one of them, or name one with init-path")
        }
        return path
    }

    func seccomp(_ host: HostConfig, _ capabilities: [String]) async throws(EngineError) -> JSON? {
        let options = try SecurityOptions(host.securityOpt ?? [])
        switch options.seccomp {
        case .unconfined: return nil
        case .standard:
            if host.privileged { return nil }
            if let known = seccompDocuments.withLock({ $0[capabilities] }) { return .encoded(known) }
            let made = converted(try await standardProfile(), capabilities).bytes
            seccompDocuments.withLock { $0[capabilities] = made }
            return .encoded(made)
        case .profile(let text):
            return converted(
                try SeccompProfile(parsing: Array(text.utf8), from: "--security-opt seccomp"), capabilities)
        }
    }

    private func converted(_ profile: SeccompProfile, _ capabilities: [String]) -> JSON {
        profile.oci(
            capabilities: Set(capabilities), machine: facts.machine, kernel: (facts.kernelMajor, facts.kernelMinor))
    }

    private func standardProfile() async throws(EngineError) -> SeccompProfile {
        guard let path = configuration.seccompProfile else {
            throw .system(
                "no default seccomp profile is installed: install the package golang-github-containers-common (containers-common), name one with seccomp-profile, or use --security-opt seccomp=unconfined"
            )
        }
        return try await Blocking.run { () throws(EngineError) in
            try SeccompProfile(
                parsing: try attempt("read the seccomp profile") { () throws(SystemError) in try File.read(path) },
                from: path)
        }
    }
}
