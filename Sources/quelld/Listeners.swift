import DockerAPI
import Linux
import Logging

/// The sockets of the daemon, from their opening to their end.
struct Listeners: Sendable {
    private(set) var endpoints: [DockerServer.Endpoint] = []
    private var files: [SocketFile] = []
    private(set) var identity: TLSIdentity?
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// Those that must be let in are checked before anything is opened: see `Settings.exposures`.
    mutating func open(_ settings: Settings, on server: DockerServer) async throws {
        if let tls = settings.tls { identity = try Listeners.identity(tls) }
        var passed = try PassedSockets()
        for host in settings.hosts {
            switch host {
            case .unix(let path):
                let (file, descriptor) = try SocketFile.listen(at: path, group: settings.group)
                files.append(file)
                endpoints.append(try await server.open(OwnedDescriptor(adopting: descriptor)))
            case .tcp(let address):
                endpoints.append(try await server.open(try Listeners.listen(on: address), tls: identity))
            case .passed(let name):
                for raw in try passed.take(name) { try await open(passed: raw, settings, on: server) }
            }
        }
    }

    private static func identity(_ tls: TLSSettings) throws(DaemonError) -> TLSIdentity {
        let files = TLSFiles(certificate: tls.certificate, key: tls.key, clientAuthorities: tls.clientAuthorities)
        do { return try TLSIdentity(files) } catch { throw DaemonError(error.description) }
    }

    private static func listen(on address: InternetAddress) throws(DaemonError) -> OwnedDescriptor {
        do throws(SystemError) { return try InternetSocket.listen(on: address) } catch {
            throw DaemonError("cannot listen on tcp://\(address): \(error)")
        }
    }

    private mutating func open(passed raw: Int32, _ settings: Settings, on server: DockerServer) async throws {
        let listener: PassedListener
        do throws(SystemError) { listener = try PassedListener(adopting: raw) } catch {
            throw DaemonError("host \"fd://\": descriptor \(raw) that systemd passed is no listening socket: \(error)")
        }
        switch listener.kind {
        case .unix: endpoints.append(try await server.open(listener.takeDescriptor()))
        case .internet(let port, let isLoopback):
            let what = "the passed TCP socket of port \(port)"
            if let warning = try Exposure.check(what, isLoopback: isLoopback, settings.tls) {
                logger.warning("\(warning)")
            }
            endpoints.append(try await server.open(listener.takeDescriptor(), tls: identity))
        }
    }

    /// Removes the files of the unix sockets that are its own.
    func removeFiles() {
        for file in files {
            do { try file.remove() } catch {
                logger.warning("socket not removed", metadata: ["path": "\(file.path)", "error": "\(error)"])
            }
        }
    }
}
