import APITypes
import Client
import Lifecycle

/// Makes the request for a container of what the command line says.
struct CreateRequestBuilder {
    let arguments: Arguments
    let session: Session
    private(set) var request = ContainerCreateRequest()
    private var host = HostConfig()

    init(_ arguments: Arguments, _ session: Session) { (self.arguments, self.session) = (arguments, session) }

    mutating func build() throws -> ContainerCreateRequest {
        try refuseWhatIsNotThere()
        try setProcess()
        try setLabels()
        try setHealth()
        try setFiles()
        try setNamespaces()
        try setPrivileges()
        try setLimits()
        try setLife()
        request.hostConfig = host
        return request
    }

    private func refuseWhatIsNotThere() throws {
        if try arguments[CreateOptions.rm], let policy = try arguments[CreateOptions.restart], policy.name != "no" {
            throw UsageError.conflict("rm", "restart")
        }
    }

    private mutating func setProcess() throws {
        let operands = arguments.operands
        request.config.image = operands[0]
        if operands.count > 1 { request.config.cmd = Array(operands.dropFirst()) }
        if let entrypoint = try arguments[CreateOptions.entrypoint] {
            // An empty one, `--entrypoint=`, takes the image's away.
            request.config.entrypoint = [entrypoint]
        }
        request.config.env = try arguments.environment(session)
        request.config.workingDir = try arguments[CreateOptions.workdir]
        request.config.user = try arguments[CreateOptions.user]
        request.config.hostname = try arguments[CreateOptions.hostname]
        request.config.domainname = try arguments[CreateOptions.domainname]
        request.config.tty = try arguments[CreateOptions.tty]
        request.config.openStdin = try arguments[CreateOptions.interactive]
        request.config.exposedPorts = try ports()
        host.groupAdd = try list(CreateOptions.groupAdd)
        if arguments.isGiven(CreateOptions.initProcess) { host.initProcess = try arguments[CreateOptions.initProcess] }
    }

    private func ports() throws -> [String: EmptyObject]? {
        let published = try arguments[CreateOptions.publish].flatMap { $0 }.map(\.container)
        let ports = try arguments[CreateOptions.expose].map { $0.contains("/") ? $0 : "\($0)/tcp" } + published
        return ports.isEmpty ? nil : Dictionary(ports.map { ($0, EmptyObject()) }) { first, _ in first }
    }

    /// Labels of files, then of the command line, then how it is to be stopped.
    private mutating func setLabels() throws {
        var labels: [KeyValue] = []
        for path in try arguments[CreateOptions.labelFile] {
            let content = String(decoding: try session.readFile(path, option: CreateOptions.labelFile), as: UTF8.self)
            for line in content.split(separator: "\n") where !line.isEmpty && !line.hasPrefix("#") {
                do throws(ValueFault) { labels.append(try KeyValue.label(String(line))) } catch {
                    throw UsageError("\(path): \"\(line)\": \(error.fault); expected \(error.expected)")
                }
            }
        }
        labels += try arguments[CreateOptions.label]
        var all = labels.dictionary ?? [:]
        if let ladder = try arguments[CreateOptions.stopLadder] { all["quell.stop.ladder"] = "\(ladder)" }
        if let scope = try arguments[CreateOptions.stopScope] { all["quell.stop.scope"] = "\(scope)" }
        if let unhandled = try arguments[CreateOptions.stopUnhandled] { all["quell.stop.unhandled"] = "\(unhandled)" }
        request.config.labels = all.isEmpty ? nil : all
    }

    private mutating func setHealth() throws {
        if try arguments[CreateOptions.noHealthcheck] {
            if arguments.isGiven(CreateOptions.healthCmd) { throw UsageError.conflict("no-healthcheck", "health-cmd") }
            var none = HealthConfig()
            none.test = ["NONE"]
            request.config.healthcheck = none
            return
        }
        var health = HealthConfig()
        health.test = try arguments[CreateOptions.healthCmd].map { $0.isEmpty ? [] : ["CMD-SHELL", $0] }
        health.interval = try arguments[CreateOptions.healthInterval]
        health.timeout = try arguments[CreateOptions.healthTimeout]
        health.startPeriod = try arguments[CreateOptions.healthStartPeriod]
        health.startInterval = try arguments[CreateOptions.healthStartInterval]
        health.retries = try arguments[CreateOptions.healthRetries]
        if health != HealthConfig() { request.config.healthcheck = health }
    }

    private mutating func setFiles() throws {
        for volume in try arguments[CreateOptions.volume].map({ $0.resolved(in: session.workingDirectory) }) {
            switch volume {
            case .anonymous(let path):
                request.config.volumes = (request.config.volumes ?? [:]).merging([path: EmptyObject()]) { $1 }
            case .bind(let text): host.binds = (host.binds ?? []) + [text]
            }
        }
        let mounts = try arguments[CreateOptions.mount].map { mount in
            var mount = mount
            if mount.type == "bind" {
                mount.source = mount.source.map { absolutePath($0, in: session.workingDirectory) }
            }
            return mount
        }
        host.mounts = mounts.isEmpty ? nil : mounts
        host.volumesFrom = try list(CreateOptions.volumesFrom)
        host.tmpfs = try arguments[CreateOptions.tmpfs].dictionary
        host.readonlyRootfs = try arguments[CreateOptions.readOnly]
        host.shmSize = try arguments[CreateOptions.shmSize]
    }

    private mutating func setNetwork() throws {
        let networks = try arguments[CreateOptions.network]
        host.networkMode = networks.first?.name
        host.portBindings = try arguments[CreateOptions.publish].flatMap { $0 }.bindings
        host.publishAllPorts = try arguments[CreateOptions.publishAll]
        let endpoint = EndpointSettings(
            ip: try arguments[CreateOptions.ip], ip6: try arguments[CreateOptions.ip6],
            aliases: try arguments[CreateOptions.networkAlias], macAddress: try arguments[CreateOptions.macAddress])
        var endpoints: [String: EndpointSettings] = [:]
        for network in networks where network.hasSettings || networks.count > 1 {
            endpoints[network.name] = network.settings()
        }
        if endpoint != EndpointSettings() {
            let name = host.networkMode ?? "default"
            endpoints[name] = (endpoints[name] ?? EndpointSettings()).merged(with: endpoint)
        }
        if endpoints.isEmpty { return }
        var networking = NetworkingConfig()
        networking.endpointsConfig = endpoints
        request.networkingConfig = networking
    }

    private mutating func setNamespaces() throws {
        try setNetwork()
        host.pidMode = try arguments[CreateOptions.pid]
        host.ipcMode = try arguments[CreateOptions.ipc]
        host.utsMode = try arguments[CreateOptions.uts]
        host.usernsMode = try arguments[CreateOptions.userns]
        host.cgroupnsMode = try arguments[CreateOptions.cgroupns]
        host.extraHosts = try list(CreateOptions.addHost)
        host.dns = try list(CreateOptions.dns)
        host.dnsOptions = try list(CreateOptions.dnsOption)
        host.dnsSearch = try list(CreateOptions.dnsSearch)
    }

    private mutating func setPrivileges() throws {
        host.privileged = try arguments[CreateOptions.privileged]
        host.capAdd = try list(CreateOptions.capAdd)
        host.capDrop = try list(CreateOptions.capDrop)
        let security = try arguments[CreateOptions.securityOpt].map(securityOption)
        host.securityOpt = security.isEmpty ? nil : security
        host.devices = try list(CreateOptions.device)
        host.deviceCgroupRules = try list(CreateOptions.deviceRule)
        host.sysctls = try arguments[CreateOptions.sysctl].dictionary
        host.runtime = try arguments[CreateOptions.runtime]
        host.annotations = try arguments[CreateOptions.annotation].dictionary
        host.cgroupParent = try arguments[CreateOptions.cgroupParent]
    }

    /// A seccomp profile is read here, as docker does: the daemon gets its content.
    private func securityOption(_ text: String) throws -> String {
        guard let cut = text.firstIndex(where: { $0 == "=" || $0 == ":" }), text[..<cut] == "seccomp" else {
            return text
        }
        let value = String(text[text.index(after: cut)...])
        if value == "unconfined" || value == "builtin" { return "seccomp=\(value)" }
        let bytes = try session.readFile(value, option: CreateOptions.securityOpt)
        do throws(JSONFault) { return "seccomp=\(try JSONValue(parsing: bytes).compact)" } catch {
            throw UsageError(
                "invalid value \"\(text)\" for --security-opt: no JSON \(error); expected a seccomp profile in JSON")
        }
    }

    private mutating func setLimits() throws {
        host.memory = try arguments[CreateOptions.memory]
        host.memorySwap = try arguments[CreateOptions.memorySwap]
        host.memoryReservation = try arguments[CreateOptions.memoryReservation]
        host.memorySwappiness = try arguments[CreateOptions.memorySwappiness]
        host.nanoCpus = try arguments[CreateOptions.cpus]
        host.cpuShares = try arguments[CreateOptions.cpuShares]
        host.cpuPeriod = try arguments[CreateOptions.cpuPeriod]
        host.cpuQuota = try arguments[CreateOptions.cpuQuota]
        host.cpusetCpus = try arguments[CreateOptions.cpusetCpus]
        host.cpusetMems = try arguments[CreateOptions.cpusetMems]
        host.pidsLimit = try arguments[CreateOptions.pidsLimit]
        host.ulimits = try list(CreateOptions.ulimit)
        host.oomScoreAdj = try arguments[CreateOptions.oomScoreAdj] ?? 0
        host.oomKillDisable = try arguments[CreateOptions.oomKillDisable] ? true : nil
        host.blkioWeight = try arguments[CreateOptions.blkioWeight]
        if host.nanoCpus ?? 0 > 0, host.cpuQuota ?? 0 > 0 { throw UsageError.conflict("cpus", "cpu-quota") }
    }

    private mutating func setLife() throws {
        host.restartPolicy = try arguments[CreateOptions.restart]
        host.autoRemove = try arguments[CreateOptions.rm]
        host.containerIDFile = try arguments[CreateOptions.cidfile]
        request.config.stopSignal = try arguments[CreateOptions.stopSignal]?.description
        request.config.stopTimeout = try arguments[CreateOptions.stopTimeout]
        let options = try arguments[CreateOptions.logOpt].dictionary
        if let driver = try arguments[CreateOptions.logDriver] ?? (options == nil ? nil : "json-file") {
            var log = LogConfig()
            (log.type, log.config) = (driver, options)
            host.logConfig = log
        }
    }

    private func list<Value>(_ option: Repeated<Value>) throws -> [Value]? {
        let values = try arguments[option]
        return values.isEmpty ? nil : values
    }
}
