import APITypes
import ArgumentParser
import Engine
import Linux
import Logging

/// The daemon's command line.
@main
struct QuelldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quelld",
        abstract: "The Quell container engine.",
        discussion: """
            Serves the Docker Engine API and Quell's own on a unix socket. Containers run under shims of their own and \
            survive the daemon: it may be stopped, killed and replaced while they run.

            Examples:
              quelld
              quelld --data-root /srv/quell --run-root /run/quell2 -H unix:///run/quell2/quell.sock
            """,
        version: "quelld \(Release.version)")

    @Option(help: ArgumentHelp("Where images, containers and volumes are kept.", valueName: "dir"))
    var dataRoot: String?

    @Option(
        name: [.customLong("run-root"), .customLong("exec-root")],
        help: ArgumentHelp(
            "Where sockets and bundles are kept; need not survive a restart of the host.", valueName: "dir"))
    var runRoot: String?

    @Option(
        name: [.customShort("H"), .customLong("host")],
        help: ArgumentHelp(
            "Where to listen: unix://PATH, tcp://ADDRESS:PORT or fd:// (systemd); may be repeated.", valueName: "url"))
    var hosts: [String] = []

    @Option(
        name: [.customLong("config-file"), .customLong("config")],
        help: ArgumentHelp("Configuration file (default: /etc/quell/daemon.json where it exists).", valueName: "file"))
    var configFile: String?

    @Option(
        name: [.customLong("runtime"), .customLong("default-runtime")],
        help: ArgumentHelp("OCI runtime of containers that name none.", valueName: "crun|runc|name"))
    var runtime: String?

    @Option(help: ArgumentHelp("Name of the cgroup all containers are below.", valueName: "name"))
    var cgroupParent: String?

    @Option(
        help: ArgumentHelp(
            "Network of containers that name none (default: bridge where the CNI plugins are there, else none).",
            valueName: "bridge|none|host"))
    var defaultNetwork: String?

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
    var logLevel: String?

    @Flag(name: [.customShort("D"), .customLong("debug")], help: "The same as --log-level debug.")
    var debug = false

    @Flag(help: "Stop all containers when the daemon ends; otherwise they run on.")
    var stopContainersOnExit = false

    @Flag(
        name: .customLong("quarantine-on-rm"),
        help: "Quarantine a container that 'rm -f' cannot kill, instead of failing.")
    var quarantineOnRm = false

    @Flag(help: "TLS on tcp:// sockets. Without --tlsverify everybody is let in, so that it is for the loopback only.")
    var tls = false

    @Flag(help: "TLS on tcp:// sockets, and clients must show a certificate that --tlscacert vouches for.")
    var tlsverify = false

    @Option(help: ArgumentHelp("Certificates of the authorities of clients (PEM).", valueName: "file"))
    var tlscacert: String?

    @Option(help: ArgumentHelp("The daemon's certificate, with its chain (PEM).", valueName: "file"))
    var tlscert: String?

    @Option(help: ArgumentHelp("The key of the daemon's certificate (PEM).", valueName: "file"))
    var tlskey: String?

    @Option(help: ArgumentHelp("The quell-shim executable.", valueName: "path"))
    var shim: String?

    @Option(help: ArgumentHelp("The quell-unpack executable.", valueName: "path"))
    var unpack: String?

    @Option(help: ArgumentHelp("The quell-registry executable.", valueName: "path"))
    var registry: String?

    func run() async throws {
        do {
            Signals.ignoreHangUp()
            ProcessSelf.keepHeapSmall()
            let descriptors = try ProcessSelf.raiseDescriptorLimit()
            let settings = try Settings(file: try DaemonFile.load(configFile), overriddenBy: self)
            let logger = Logger(label: "quelld") { _ in StderrLog(level: settings.logLevel) }
            try HostRequirements.check(logger)
            HostRequirements.checkRuntime(settings, logger)
            let helpers = try Helpers(shim: shim, unpack: unpack, registry: registry)
            try await Daemon(settings: settings, helpers: helpers, descriptors: descriptors, logger: logger).run()
        } catch let error as DaemonError {
            try report(error.description)
        } catch let error as EngineError {
            try report(error.description)
        } catch let error as SystemError {
            try report(error.description)
        }
    }

    private func report(_ message: String) throws -> Never {
        try Descriptor.writeAll(2, Array("quelld: \(message)\n".utf8))
        throw ExitCode(1)
    }
}

/// Why the daemon does not start: what was tried, on what, why it failed, what to do.
struct DaemonError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
