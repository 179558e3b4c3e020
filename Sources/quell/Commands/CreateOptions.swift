import APITypes
import Lifecycle

/// The options of `create` and `run` that say what the container is.
enum CreateOptions {
    // What runs
    static let name = Option("name", "NAME", "Name of the container")
    static let env = Repeated("env", short: "e", "NAME[=VALUE]", "Set or pass on a variable") {
        (text) throws(ValueFault) in try EnvironmentEntry.check(text)
    }
    static let envFile = Repeated("env-file", "FILE", "Read variables from a file", completion: .files)
    static let workdir = Option("workdir", short: "w", "DIR", "Working directory")
    static let user = Option("user", short: "u", "USER[:GROUP]", "User and group, by name or number")
    static let groupAdd = Repeated("group-add", "GROUP", "Additional group")
    static let entrypoint = Option("entrypoint", "COMMAND", "Program instead of the image's; empty for none")
    static let hostname = Option("hostname", short: "h", "NAME", "Host name inside")
    static let domainname = Option("domainname", "NAME", "Domain name inside")
    static let label = Repeated("label", short: "l", "KEY[=VALUE]", "Label") { (text) throws(ValueFault) in
        try KeyValue.label(text)
    }
    static let labelFile = Repeated("label-file", "FILE", "Read labels from a file", completion: .files)
    static let interactive = Flag("interactive", short: "i", "Keep standard input open")
    static let tty = Flag("tty", short: "t", "Give it a terminal")
    static let initProcess = Flag("init", "Run a small init as process 1")

    // Files
    static let volume = Repeated(
        "volume", short: "v", "[SOURCE:]TARGET[:OPTIONS]", "Bind mount or volume", completion: .files
    ) { (text) throws(ValueFault) in
        try VolumeArgument(parsing: text)
    }
    static let mount = Repeated("mount", "SPEC", "type=bind|volume|tmpfs,source=...,target=...") {
        (text) throws(ValueFault) in
        try MountArgument.parse(text)
    }
    static let volumesFrom = Repeated(
        "volumes-from", "CONTAINER", "Mount the volumes of another container", completion: .containers)
    static let tmpfs = Repeated("tmpfs", "PATH[:OPTIONS]", "Mount a tmpfs") { (text) throws(ValueFault) in
        try Limits.tmpfs(text)
    }
    static let readOnly = Flag("read-only", "Root file system read-only")
    static let shmSize = Option("shm-size", "BYTES", "Size of /dev/shm") { (text) throws(ValueFault) in
        try parseBytes(text)
    }

    // Namespaces and network
    static let network = Repeated(
        "network", aliases: ["net"], "NETWORK[:SETTINGS]",
        "bridge, another network, none, host or container:NAME; SETTINGS: alias=NAME,ip=ADDRESS,mac=ADDRESS",
        completion: .words(["bridge", "none", "host"])
    ) { (text) throws(ValueFault) in try NetworkArgument.parse(text) }
    static let pod = Option("pod", "POD", "Make it a member of a pod", completion: .containers)
    static let requires = Repeated("requires", "CONTAINER[,CONTAINER...]", "Containers that must be there")
    static let ip = Option("ip", "ADDRESS", "Address of version 4 in the network")
    static let ip6 = Option("ip6", "ADDRESS", "Address of version 6 in the network")
    static let macAddress = Option("mac-address", "ADDRESS", "Hardware address, such as 02:42:ac:11:00:02")
    static let networkAlias = Repeated("network-alias", aliases: ["net-alias"], "NAME", "Further name in the network")
    static let pid = Option("pid", "MODE", "host or container:NAME", completion: .words(["host"]))
    static let ipc = Option(
        "ipc", "MODE", "none, private, shareable, host or container:NAME",
        completion: .words(["none", "private", "shareable", "host"]))
    static let uts = Option("uts", "MODE", "host", completion: .words(["host"]))
    static let userns = Option("userns", "MODE", "host", completion: .words(["host"]))
    static let cgroupns = Option("cgroupns", "MODE", "private or host", completion: .words(["private", "host"]))
    static let addHost = Repeated("add-host", "NAME:ADDRESS", "Line in /etc/hosts") { (text) throws(ValueFault) in
        try Limits.host(text)
    }
    static let dns = Repeated("dns", "ADDRESS", "Name server")
    static let dnsOption = Repeated("dns-option", aliases: ["dns-opt"], "OPTION", "Option of the resolver")
    static let dnsSearch = Repeated("dns-search", "DOMAIN", "Search domain")
    static let publish = Repeated(
        "publish", short: "p", "[ADDRESS:][PORT:]PORT[/PROTOCOL]", "Reach a port of the container at the host"
    ) { (text) throws(ValueFault) in try PublishedPort.parse(text) }
    static let publishAll = Flag("publish-all", short: "P", "Publish all exposed ports, at ports that are free")
    static let expose = Repeated("expose", "PORT", "Note a port in the configuration")

    // Privileges
    static let privileged = Flag("privileged", "All capabilities and devices")
    static let capAdd = Repeated("cap-add", "CAP", "Add a capability")
    static let capDrop = Repeated("cap-drop", "CAP", "Take a capability away")
    static let securityOpt = Repeated("security-opt", "OPTION", "no-new-privileges, seccomp=FILE|unconfined, ...")
    static let device = Repeated("device", "HOST[:CONTAINER][:rwm]", "Device of the host", completion: .files) {
        (text) throws(ValueFault) in
        try Limits.device(text)
    }
    static let deviceRule = Repeated("device-cgroup-rule", "RULE", "Rule such as 'c 10:229 rwm'")
    static let sysctl = Repeated("sysctl", "NAME=VALUE", "Kernel setting of the container's namespaces") {
        (text) throws(ValueFault) in try KeyValue.setting(text)
    }
    static let runtime = Option("runtime", "NAME", "crun or runc", completion: .words(["crun", "runc"]))
    static let annotation = Repeated("annotation", "KEY=VALUE", "Annotation for the runtime") {
        (text) throws(ValueFault) in try KeyValue.setting(text)
    }
    static let cgroupParent = Option("cgroup-parent", "CGROUP", "Parent cgroup")

    // Limits
    static let memory = Option("memory", short: "m", "BYTES", "Memory limit") { (text) throws(ValueFault) in
        try parseBytes(text)
    }
    static let memorySwap = Option("memory-swap", "BYTES", "Memory and swap together; -1: swap without limit") {
        (text) throws(ValueFault) in try parseBytesOrUnlimited(text)
    }
    static let memoryReservation = Option("memory-reservation", "BYTES", "Soft memory limit") {
        (text) throws(ValueFault) in try parseBytes(text)
    }
    static let memorySwappiness = Option("memory-swappiness", "N", "0 to 100", in: -1...100)
    static let cpus = Option("cpus", "NUMBER", "Processors") { (text) throws(ValueFault) in try parseProcessors(text) }
    static let cpuShares = Option("cpu-shares", short: "c", "N", "Relative weight", in: 0...262144)
    static let cpuPeriod = Option("cpu-period", "MICROSECONDS", "CFS period", in: 0...Int.max)
    static let cpuQuota = Option("cpu-quota", "MICROSECONDS", "CFS quota", in: -1...Int.max)
    static let cpusetCpus = Option("cpuset-cpus", "LIST", "Processors to run on: 0-3 or 0,1")
    static let cpusetMems = Option("cpuset-mems", "LIST", "Memory nodes: 0-3 or 0,1")
    static let pidsLimit = Option("pids-limit", "N", "Most tasks; -1: no limit", in: -1...Int.max)
    static let ulimit = Repeated("ulimit", "NAME=SOFT[:HARD]", "Resource limit") { (text) throws(ValueFault) in
        try Limits.ulimit(text)
    }
    static let oomScoreAdj = Option("oom-score-adj", "N", "-1000 to 1000", in: -1000...1000)
    static let oomKillDisable = Flag("oom-kill-disable", "Do not kill when memory is short")
    static let blkioWeight = Option("blkio-weight", "N", "Block I/O weight, 10 to 1000", in: 0...1000)

    // Life
    static let restart = Option(
        "restart", "POLICY", "no, on-failure[:N], always or unless-stopped",
        completion: .words(["no", "on-failure", "always", "unless-stopped"])
    ) {
        (text) throws(ValueFault) in try Limits.restartPolicy(text)
    }
    static let rm = Flag("rm", "Remove it when it has ended")
    static let stopSignal = Option("stop-signal", "SIGNAL", "Signal a stop begins with") { (text) throws(ValueFault) in
        try Limits.signal(text)
    }
    static let stopTimeout = Option(
        "stop-timeout", "SECONDS", "Grace period of a stop; -1: without end", in: -1...Int(Int32.max))
    static let stopLadder = Option("stop-ladder", "LADDER", "Steps of a stop: \"INT:5s, TERM@all:5s, KILL\"") {
        (text) throws(ValueFault) in try Limits.ladder(text)
    }
    static let stopScope = Option(
        "stop-scope", "SCOPE", "Whom the stop signal goes to: auto, init or all",
        completion: .words(["auto", "init", "all"])
    ) { (text) throws(ValueFault) in
        try Limits.scope(text)
    }
    static let stopUnhandled = Option(
        "stop-unhandled", "WHAT", "When nothing can react to the stop signal: kill at once, or wait",
        completion: .words(["kill", "wait"])
    ) {
        (text) throws(ValueFault) in try Limits.unhandled(text)
    }
    static let logDriver = Option(
        "log-driver", "DRIVER", "json-file or none", completion: .words(["json-file", "none"]))
    static let logOpt = Repeated("log-opt", "KEY=VALUE", "max-size=10m, max-file=3") { (text) throws(ValueFault) in
        try KeyValue.setting(text)
    }
    static let cidfile = Option("cidfile", "FILE", "Write the id to a new file", completion: .files)

    // Health
    static let healthCmd = Option("health-cmd", "COMMAND", "Command that tests the health")
    static let healthInterval = Option("health-interval", "DURATION", "Between two tests") {
        (text) throws(ValueFault) in try Limits.healthInterval(text)
    }
    static let healthTimeout = Option("health-timeout", "DURATION", "The longest a test may take") {
        (text) throws(ValueFault) in try Limits.healthInterval(text)
    }
    static let healthStartPeriod = Option("health-start-period", "DURATION", "Failures in it do not count") {
        (text) throws(ValueFault) in try Limits.healthInterval(text)
    }
    static let healthStartInterval = Option("health-start-interval", "DURATION", "Between tests in the start period") {
        (text) throws(ValueFault) in try Limits.healthInterval(text)
    }
    static let healthRetries = Option("health-retries", "N", "Failures in a row that count", in: 0...Int(Int32.max))
    static let noHealthcheck = Flag("no-healthcheck", "Without the image's health test")

    static let all: [any OptionSpec] = [
        name, env, envFile, workdir, user, groupAdd, entrypoint, hostname, domainname, label, labelFile, interactive,
        tty, initProcess, volume, mount, volumesFrom, tmpfs, readOnly, shmSize, network, ip, ip6,
        macAddress, networkAlias, pod, requires, pid, ipc, uts,
        userns, cgroupns, addHost, dns, dnsOption, dnsSearch, publish, publishAll, expose, privileged, capAdd, capDrop,
        securityOpt, device, deviceRule, sysctl, runtime, annotation, cgroupParent, memory, memorySwap,
        memoryReservation, memorySwappiness, cpus, cpuShares, cpuPeriod, cpuQuota, cpusetCpus, cpusetMems, pidsLimit,
        ulimit, oomScoreAdj, oomKillDisable, blkioWeight, restart, rm, stopSignal, stopTimeout, stopLadder, stopScope,
        stopUnhandled, logDriver, logOpt, cidfile,
        PullPolicy.option, PullPolicy.platform, PullPolicy.quiet, healthCmd, healthInterval, healthTimeout,
        healthStartPeriod, healthStartInterval, healthRetries, noHealthcheck,
    ]
}
