import APITypes
import DockerAPI
import Engine
import Linux
import Logging
import ServiceLifecycle
import UnixSignals

/// The daemon from its start to its end.
struct Daemon: Sendable {
    let settings: Settings
    let helpers: Helpers
    /// The limit of descriptors.
    let descriptors: UInt64
    let logger: Logger

    /// Opens the engine, serves until TERM or INT, and closes. Containers run on unless settings say otherwise.
    func run() async throws {
        try File.makeDirectories(settings.runRoot, mode: 0o711)
        let engine = try await Engine.open(engineConfiguration, logger: logger)
        for exposure in settings.exposures { logger.warning("\(exposure)") }
        let server = DockerServer(
            engine: engine, version: Release.version, descriptors: Int(clamping: descriptors), logger: logger)
        let isAbandoned = Latch()
        do {
            try await serve(engine, server, isAbandoned)
        } catch {
            await engine.close()
            throw error
        }
        await engine.close()
        // The database is closed and the roots are unlocked: whatever has not come back goes with the process.
        if isAbandoned.isSet {
            logger.notice("ended, with calls left under way")
            ProcessSelf.exit(0)
        }
        try await server.shutDown()
        logger.info("ended")
    }

    private func serve(_ engine: Engine, _ server: DockerServer, _ isAbandoned: Latch) async throws {
        var listeners = Listeners(logger: logger)
        do { try await listeners.open(settings, on: server) } catch {
            listeners.removeFiles()
            throw error
        }
        defer { listeners.removeFiles() }
        let hasPidFile = writePidFile()
        defer { if hasPidFile { removePidFile() } }
        let request = StopRequestFile(runRoot: settings.runRoot, logger: logger)
        request.forget()
        let service = DaemonService(
            endpoints: listeners.endpoints, engine: engine, grace: settings.shutdownTimeout,
            stopsContainers: { [always = settings.stopsContainersOnExit] in request.take() || always },
            ready: tellReady, isAbandoned: isAbandoned, logger: logger)
        let hangUps = Task { [identity = listeners.identity] in await heedHangUps(engine, identity) }
        defer { hangUps.cancel() }
        let saving = Task { await ProgramCode.keepSmall(logger) }
        defer { saving.cancel() }
        let group = ServiceGroup(
            services: [service], gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "services") { _ in
                StderrLog(level: .error)
            })
        try await group.run()
    }

    private func tellReady() {
        logger.info(
            "listening",
            metadata: [
                "hosts": "\(settings.hosts.map(\.description).joined(separator: ","))", "version": "\(Release.version)",
                "data-root": "\(settings.dataRoot)", "run-root": "\(settings.runRoot)",
            ])
    }

    /// At HUP certificates are read again: they end, and others take their place. Everything else is read at the start only;
    /// containers run on while the daemon is restarted.
    private func heedHangUps(_ engine: Engine, _ identity: TLSIdentity?) async {
        for await _ in await UnixSignalsSequence(trapping: .sighup) {
            guard let identity else {
                logger.notice("SIGHUP: the configuration is read at the start only; restart quelld (containers run on)")
                continue
            }
            do throws(TLSError) {
                try identity.reload()
                logger.notice("SIGHUP: the TLS certificates are read again; for other changes restart quelld")
                engine.noteReload()
            } catch {
                logger.error("SIGHUP: the TLS certificates stay as they were: \(error)")
            }
        }
    }

    private var engineConfiguration: EngineConfiguration {
        var configuration = EngineConfiguration(
            dataRoot: settings.dataRoot, runRoot: settings.runRoot, cgroupParent: settings.cgroupParent,
            shimPath: helpers.shim, unpackPath: helpers.unpack, registryPath: helpers.registry,
            registries: settings.registries, runtimes: settings.runtimes,
            defaultRuntime: settings.defaultRuntime, seccompProfile: settings.seccompProfile,
            initPath: settings.initPath, logOptions: settings.logOptions, defaultUnhandled: settings.unhandled,
            killDeadline: settings.killDeadline, stopTimeout: settings.stopTimeout, shmSize: settings.shmSize,
            expectations: settings.expectations, diskDeadline: settings.diskDeadline,
            quarantinesOnRemove: settings.quarantinesOnRemove, defaultNetwork: settings.defaultNetwork,
            labels: settings.labels, warnings: settings.exposures, version: Release.version)
        if let directories = settings.pluginDirectories { configuration.pluginDirectories = directories }
        return configuration
    }

    /// Whether there is one: serving does not depend on it. Where it cannot be written, that of an earlier quelld goes.
    private func writePidFile() -> Bool {
        do throws(SystemError) {
            try DurableFile.write(Array("\(ProcessSelf.pid)\n".utf8), to: settings.pidFile, mode: 0o644)
            return true
        } catch {
            logger.warning("pid file not written", metadata: ["path": "\(settings.pidFile)", "error": "\(error)"])
            removePidFile(ifPresent: true)
            return false
        }
    }

    private func removePidFile(ifPresent: Bool = false) {
        do {
            if ifPresent, try File.status(of: settings.pidFile, following: false) == nil { return }
            try File.unlink(settings.pidFile)
        } catch {
            logger.warning("pid file not removed", metadata: ["path": "\(settings.pidFile)", "error": "\(error)"])
        }
    }
}
