import APITypes
import Engine
import Lifecycle
import Linux
import Logging
import RegistryWire

/// What holds for this daemon: the command line over the configuration file over the defaults, all of it checked.
struct Settings: Sendable {
    var dataRoot: String
    var runRoot: String
    var hosts: [ListenAddress]
    /// Of every TCP endpoint; nil: they speak plain HTTP.
    var tls: TLSSettings?
    /// What is open to more than root, in words of warning.
    var exposures: [String]
    var group: String
    var pidFile: String
    var defaultRuntime: String
    var runtimes: [String: String]
    var logLevel: Logger.Level
    var logOptions: [String: String]
    var labels: [String]
    var stopsContainersOnExit: Bool
    /// How long calls under way may take when the daemon ends.
    var shutdownTimeout: Duration
    var unhandled: Unhandled
    var killDeadline: Duration
    var stopTimeout: Duration
    /// How long one step of a call waits for the disk of the data root.
    var diskDeadline: Duration
    var cgroupParent: String?
    var seccompProfile: String?
    var initPath: String?
    var shmSize: Int64
    var expectations: JobExpectations
    /// `rm -f` quarantines what does not die.
    var quarantinesOnRemove: Bool
    /// Nil: the bridge where it can be had.
    var defaultNetwork: DefaultNetwork?
    /// Nil: where the distributions put them.
    var pluginDirectories: [String]?
    var registries: RegistrySettings

    init(file: DaemonFile, overriddenBy command: QuelldCommand) throws(DaemonError) {
        dataRoot = try absolute(command.dataRoot ?? file.dataRoot ?? "/var/lib/quell", "data-root")
        runRoot = try absolute(command.runRoot ?? file.runRoot ?? file.execRoot ?? "/run/quell", "run-root")
        let tls = try TLSSettings(file: file, overriddenBy: command)
        hosts = try Settings.hosts(
            command.hosts.isEmpty ? file.hosts ?? [] : command.hosts, runRoot: runRoot, hasTLS: tls != nil)
        exposures = []
        for case .tcp(let address) in hosts {
            guard let warning = try Exposure.check("tcp://\(address)", isLoopback: address.isLoopback, tls) else {
                continue
            }
            exposures.append(warning)
        }
        self.tls = tls
        group = file.group ?? "quell"
        pidFile = try absolute(file.pidfile ?? "\(runRoot)/quelld.pid", "pidfile")
        defaultRuntime = command.runtime ?? file.defaultRuntime ?? "crun"
        runtimes = try Settings.runtimePaths(file)
        logLevel = try Settings.level(
            command.debug ? "debug" : command.logLevel ?? (file.debug == true ? "debug" : file.logLevel))
        logOptions = file.logOptions ?? [:]
        labels = file.labels ?? []
        stopsContainersOnExit = command.stopContainersOnExit || file.stopContainersOnExit ?? (file.liveRestore == false)
        shutdownTimeout = .seconds(try positive(file.shutdownTimeout ?? 5, "shutdown-timeout"))
        unhandled = try Settings.unhandled(file.defaultStopUnhandled)
        killDeadline = try duration(file.killDeadline, "kill-deadline") ?? StopOrder.defaultKillDeadline
        stopTimeout = try duration(file.stopTimeout, "stop-timeout") ?? .seconds(10)
        diskDeadline = try duration(file.diskDeadline, "disk-deadline") ?? .seconds(30)
        (seccompProfile, initPath) = (file.seccompProfile, file.initPath)
        cgroupParent = command.cgroupParent ?? file.cgroupParent
        shmSize = try bytes(file.shmSize, "default-shm-size") ?? 64 << 20
        expectations = try Settings.expectations(file.overdueAfter ?? [:])
        quarantinesOnRemove = command.quarantineOnRm || file.quarantineOnRm ?? false
        pluginDirectories = try file.pluginDirectories?.map { path throws(DaemonError) in
            try absolute(path, "cni-plugin-dirs")
        }
        defaultNetwork = try Settings.network(command.defaultNetwork ?? file.defaultNetwork)
        registries = try Settings.registries(file)
        guard file.logDriver == nil || file.logDriver == "json-file" else {
            throw DaemonError("log-driver \"\(file.logDriver ?? "")\" is not there: only json-file is")
        }
    }

    private static func registries(_ file: DaemonFile) throws(DaemonError) -> RegistrySettings {
        var settings = RegistrySettings()
        settings.insecure = file.insecureRegistries ?? []
        settings.mirrors = file.registryMirrors ?? []
        for mirror in settings.mirrors where !mirror.hasPrefix("https://") && !mirror.hasPrefix("http://") {
            throw DaemonError("registry-mirrors \"\(mirror)\": expected a URL such as https://mirror.example")
        }
        for host in settings.insecure where host.contains("://") {
            throw DaemonError("insecure-registries \"\(host)\": expected HOST[:PORT] or a range such as 10.0.0.0/8")
        }
        settings.certificates = try absolute(file.registryCertificates ?? settings.certificates, "registry-certs")
        settings.proxies = try proxies(file.proxies)
        settings.downloads = try few(file.maxConcurrentDownloads, "max-concurrent-downloads") ?? settings.downloads
        settings.uploads = try few(file.maxConcurrentUploads, "max-concurrent-uploads") ?? settings.uploads
        return settings
    }

    /// What the file does not say, the environment may.
    private static func proxies(_ file: DaemonFile.ProxySettings?) throws(DaemonError) -> RegistryProxies {
        func variable(_ name: String) -> String? {
            Environment.variable(name) ?? Environment.variable(name.lowercased())
        }
        var proxies = RegistryProxies()
        proxies.http = file?.http ?? variable("HTTP_PROXY")
        proxies.https = file?.https ?? variable("HTTPS_PROXY")
        proxies.bypass = file?.bypass ?? variable("NO_PROXY")
        for (key, text) in [("http-proxy", file?.http), ("https-proxy", file?.https)] {
            guard let text, !text.isEmpty, text.contains("://") else { continue }
            guard text.hasPrefix("http://") || text.hasPrefix("socks5://") else {
                // Without the text: there may be a password in it.
                throw DaemonError(
                    "proxies: \(key): expected http://HOST:PORT or socks5://HOST:PORT; TLS to a proxy is not offered")
            }
        }
        return proxies
    }

    private static func hosts(
        _ texts: [String], runRoot: String, hasTLS: Bool
    ) throws(DaemonError) -> [ListenAddress] {
        guard !texts.isEmpty else { return [.unix("\(runRoot)/quell.sock")] }
        var hosts: [ListenAddress] = []
        for text in texts { hosts.append(try ListenAddress(parsing: text, hasTLS: hasTLS)) }
        return hosts
    }

    private static func runtimePaths(_ file: DaemonFile) throws(DaemonError) -> [String: String] {
        var paths: [String: String] = [:]
        for (name, runtime) in file.runtimes ?? [:] {
            guard let path = runtime.path else { throw DaemonError("runtimes: \"\(name)\" has no path") }
            guard runtime.runtimeArgs?.isEmpty != false else {
                throw DaemonError("runtimes: runtimeArgs of \"\(name)\" are not supported; name a script as its path")
            }
            paths[name] = path
        }
        return paths
    }

    private static func expectations(_ texts: [String: String]) throws(DaemonError) -> JobExpectations {
        var expectations = JobExpectations()
        for (kind, text) in texts {
            guard let value = try duration(text, "overdue-after: \(kind)") else { continue }
            switch kind {
            case "start": expectations.start = value
            case "exec": expectations.exec = value
            case "remove": expectations.remove = value
            case "call": expectations.call = value
            case "transfer": expectations.transfer = value
            default:
                throw DaemonError("overdue-after \"\(kind)\": expected start, exec, remove, call or transfer")
            }
        }
        return expectations
    }

    private static func network(_ text: String?) throws(DaemonError) -> DefaultNetwork? {
        guard let text else { return nil }
        guard let network = DefaultNetwork(rawValue: text) else {
            throw DaemonError("default-network \"\(text)\": expected bridge, none or host")
        }
        return network
    }

    private static func level(_ text: String?) throws(DaemonError) -> Logger.Level {
        guard let text else { return .info }
        // "warn" and "fatal" are Docker's.
        let name =
            ["warn": "warning", "fatal": "critical", "panic": "critical"][text.lowercased()] ?? text.lowercased()
        guard let level = Logger.Level(rawValue: name) else {
            throw DaemonError("log-level \"\(text)\": expected trace, debug, info, notice, warning, error or critical")
        }
        return level
    }

    private static func unhandled(_ text: String?) throws(DaemonError) -> Unhandled {
        guard let text else { return .wait }
        guard let unhandled = Unhandled(name: text) else {
            throw DaemonError("default-stop-unhandled \"\(text)\": expected kill or wait")
        }
        return unhandled
    }
}

func absolute(_ path: String, _ name: String) throws(DaemonError) -> String {
    guard path.hasPrefix("/"), path.count > 1 else {
        throw DaemonError("\(name) \"\(path)\": expected an absolute path")
    }
    return path.hasSuffix("/") ? String(path.dropLast()) : path
}

private func few(_ number: Int?, _ name: String) throws(DaemonError) -> Int? {
    guard let number else { return nil }
    guard (1...100).contains(number) else { throw DaemonError("\(name) \(number): expected 1 to 100") }
    return number
}

private func positive(_ number: Int, _ name: String) throws(DaemonError) -> Int {
    guard number > 0, .seconds(number) <= Duration.longestWait else {
        throw DaemonError("\(name) \(number): expected a positive number of seconds, at most 10 years")
    }
    return number
}

private func duration(_ text: String?, _ name: String) throws(DaemonError) -> Duration? {
    guard let text else { return nil }
    guard let duration = Duration(parsing: text), duration > .zero else {
        throw DaemonError("\(name) \"\(text)\": expected a duration such as 10s or 1m30s")
    }
    return duration
}

/// `64m`, `1g`, `65536`.
private func bytes(_ text: String?, _ name: String) throws(DaemonError) -> Int64? {
    guard let text else { return nil }
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let shift: Int64? =
        switch text.dropFirst(digits.count).lowercased() {
        case "", "b": 0
        case "k", "kb": 10
        case "m", "mb": 20
        case "g", "gb": 30
        default: nil
        }
    guard let number = Int64(digits), let shift, number > 0, number < 1 << 32 else {
        throw DaemonError("\(name) \"\(text)\": expected a size such as 64m")
    }
    return number << shift
}
