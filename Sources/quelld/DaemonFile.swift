import APITypes
import FoundationEssentials
import Linux

/// The configuration file, in daemon.json's conventions. Everything may be left out; a key nobody knows is an error.
struct DaemonFile: Decodable, Equatable {
    static let usualPath = "/etc/quell/daemon.json"

    var dataRoot: String?
    var execRoot: String?
    var runRoot: String?
    var hosts: [String]?
    var group: String?
    var pidfile: String?
    var defaultRuntime: String?
    var runtimes: [String: RuntimeInfo]?
    var logLevel: String?
    var debug: Bool?
    var logDriver: String?
    var logOptions: [String: String]?
    var labels: [String]?
    var liveRestore: Bool?
    var stopContainersOnExit: Bool?
    /// Seconds.
    var shutdownTimeout: Int?
    var defaultStopUnhandled: String?
    var killDeadline: String?
    var stopTimeout: String?
    var diskDeadline: String?
    var cgroupParent: String?
    var seccompProfile: String?
    var initPath: String?
    var shmSize: String?
    /// A duration by kind of call.
    var overdueAfter: [String: String]?
    var quarantineOnRm: Bool?
    var defaultNetwork: String?
    var pluginDirectories: [String]?
    var insecureRegistries: [String]?
    var registryMirrors: [String]?
    /// A directory with one of certificates for each registry.
    var registryCertificates: String?
    var proxies: ProxySettings?
    var maxConcurrentDownloads: Int?
    var maxConcurrentUploads: Int?
    var tls: Bool?
    var tlsverify: Bool?
    var tlscacert: String?
    var tlscert: String?
    var tlskey: String?

    struct ProxySettings: Decodable, Equatable {
        var http: String?
        var https: String?
        var bypass: String?

        enum CodingKeys: String, CodingKey {
            case http = "http-proxy"
            case https = "https-proxy"
            case bypass = "no-proxy"
        }

        init(from decoder: any Decoder) throws {
            let unknown = try MemberNames(from: decoder).names.filter { CodingKeys(rawValue: $0) == nil }.sorted()
            guard unknown.isEmpty else {
                throw DaemonError("proxies: unknown key " + unknown.map { "\"\($0)\"" }.joined(separator: ", "))
            }
            let values = try decoder.container(keyedBy: CodingKeys.self)
            http = try values.decodeIfPresent(String.self, forKey: .http)
            https = try values.decodeIfPresent(String.self, forKey: .https)
            bypass = try values.decodeIfPresent(String.self, forKey: .bypass)
        }
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case dataRoot = "data-root"
        case execRoot = "exec-root"
        case runRoot = "run-root"
        case hosts, group, pidfile
        case defaultRuntime = "default-runtime"
        case runtimes
        case logLevel = "log-level"
        case debug
        case logDriver = "log-driver"
        case logOptions = "log-opts"
        case labels
        case liveRestore = "live-restore"
        case stopContainersOnExit = "stop-containers-on-exit"
        case shutdownTimeout = "shutdown-timeout"
        case defaultStopUnhandled = "default-stop-unhandled"
        case killDeadline = "kill-deadline"
        case stopTimeout = "stop-timeout"
        case diskDeadline = "disk-deadline"
        case cgroupParent = "cgroup-parent"
        case seccompProfile = "seccomp-profile"
        case initPath = "init-path"
        case shmSize = "default-shm-size"
        case overdueAfter = "overdue-after"
        case quarantineOnRm = "quarantine-on-rm"
        case defaultNetwork = "default-network"
        case pluginDirectories = "cni-plugin-dirs"
        case insecureRegistries = "insecure-registries"
        case registryMirrors = "registry-mirrors"
        case registryCertificates = "registry-certs"
        case proxies
        case maxConcurrentDownloads = "max-concurrent-downloads"
        case maxConcurrentUploads = "max-concurrent-uploads"
        case tls, tlsverify, tlscacert, tlscert, tlskey
    }

    /// Reads the named file, or the usual one where it exists.
    static func load(_ path: String?) throws -> DaemonFile {
        guard let bytes = try File.readIfPresent(path ?? usualPath) else {
            guard let path else { return DaemonFile() }
            throw DaemonError("cannot read configuration file \(path): it does not exist")
        }
        return try parse(bytes, from: path ?? usualPath)
    }

    static func parse(_ bytes: [UInt8], from path: String) throws(DaemonError) -> DaemonFile {
        do {
            let data = Data(bytes)
            let keys = try DockerJSON.decode(MemberNames.self, from: data).names
            let unknown = keys.filter { CodingKeys(rawValue: $0) == nil }.sorted()
            guard unknown.isEmpty else {
                throw DaemonError(
                    "configuration file \(path): unknown key\(unknown.count > 1 ? "s" : "") "
                        + unknown.map { "\"\($0)\"" }.joined(separator: ", "))
            }
            return try DockerJSON.decode(DaemonFile.self, from: data)
        } catch let error as DaemonError {
            throw error
        } catch let error as DecodingError {
            throw DaemonError("configuration file \(path): \(DockerJSON.explain(error))")
        } catch {
            throw DaemonError("configuration file \(path): \(error)")
        }
    }
}

/// The names of an object's members.
private struct MemberNames: Decodable {
    let names: [String]

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        names = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
    }
}
