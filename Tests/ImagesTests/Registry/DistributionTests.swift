import Images
import Lifecycle
import Linux
import NIOCore
import NIOPosix
import RegistryWire
import TestKit
import Testing

/// Debian's docker-registry, the reference of the protocol, on loopback.
@Suite(
    .serialized, .timeLimit(.minutes(3)),
    .enabled(if: File.isExecutable(RealRegistry.program), "docker-registry is not installed"))
struct DistributionTests {
    @Test func whatIsPushedIsPulledWithTheSameDigest() async throws {
        let registry = try await RealRegistry()
        defer { withExtendedLifetime(registry) {} }
        let here = try RegistryStore()
        let name = "\(registry.host)/team/app:1"
        let made = try await here.importing(layer("large", bytes: 3_000_000), as: name)
        let log = ProgressLog()
        let pushed = try await here.push(name, nil, log.note)
        #expect(pushed.digest == made.manifest)
        #expect(log.phases.isSuperset(of: [.preparing, .pushed]))
        #expect(try here.store.image(name).repoDigests == ["\(registry.host)/team/app@\(pushed.digest)"])

        let elsewhere = try RegistryStore()
        let pulled = try await elsewhere.pull(name)
        #expect(pulled.digest == pushed.digest)
        #expect(pulled.image.id == made.id)
        // What is there is not sent again, and what another repository has is taken over.
        let again = ProgressLog()
        _ = try await elsewhere.push(name, nil, again.note)
        #expect(again.phases.contains(.remote))
        #expect(!again.phases.contains(.pushing))
        try await elsewhere.store.tag(name, as: "\(registry.host)/other/app:2")
        let mounted = ProgressLog()
        let other = try await elsewhere.push("\(registry.host)/other/app:2", nil, mounted.note)
        #expect(other.digest == pushed.digest)
        #expect(mounted.phases.contains(.mounted))

        let found = try await here.store.describe(try ImageReference(name), nil)
        #expect(found.digest == pushed.digest)
        #expect(found.platforms.map(\.os) == ["linux"])
        #expect(try await here.store.remoteTags(try ImageReference(name), nil).map(\.tag) == ["1"])
    }

    @Test func passwordsAndCertificates() async throws {
        let registry = try await RealRegistry(isGuarded: true)
        defer { withExtendedLifetime(registry) {} }
        let alice = RegistryCredentials(username: "alice", password: "secret")
        let here = try RegistryStore { $0.certificates = registry.certificates }
        let name = "\(registry.host)/app:1"
        _ = try await here.importing(layer("a"), as: name)
        let without = try await fault { _ = try await here.push(name) }
        #expect(without.kind == .unauthorized, "\(without.message)")
        let wrong = try await fault {
            _ = try await here.push(name, RegistryCredentials(username: "alice", password: "wrong"))
        }
        #expect(wrong.kind == .unauthorized, "\(wrong.message)")
        #expect(!wrong.message.contains("wrong\""))
        let pushed = try await here.push(name, alice)
        #expect(try await here.store.checkLogin(registry: registry.host, alice) == nil)
        #expect(try await here.pull(name, platform: nil, alice).digest == pushed.digest)

        func careful() throws -> RegistryStore {
            try RegistryStore { $0.certificates = registry.directory("strangers") }
        }
        // Who has certificates for other authorities only does not trust it.
        let strangers = try registry.directory.makeDirectory("strangers/\(registry.host)")
        try registry.certify(strangers + "/ca")
        let half = try await fault { _ = try await careful().pull(name, platform: nil, alice) }
        #expect(half.message.contains("there is ca.key, but no ca.cert"), "\(half.message)")
        try File.unlink(strangers + "/ca.key")
        let refused = try await fault { _ = try await careful().pull(name, platform: nil, alice) }
        #expect(refused.message.contains("its certificate is not trusted"), "\(refused.message)")
    }
}

extension DistributionTests {
    /// A registry that wants to see who its clients are.
    @Test func clientCertificates() async throws {
        let registry = try await RealRegistry(isGuarded: true, asksForCertificates: true)
        defer { withExtendedLifetime(registry) {} }
        let alice = RegistryCredentials(username: "alice", password: "secret")
        let name = "\(registry.host)/app:1"
        let here = try RegistryStore { $0.certificates = registry.certificates }
        _ = try await here.importing(layer("a"), as: name)
        let without = try await fault { _ = try await here.push(name, alice) }
        #expect(without.message.contains("client certificate"), "\(without.message)")
        #expect(without.message.contains("certs.d/\(registry.host)/client.cert"), "\(without.message)")

        let place = registry.certificates + "/" + registry.host
        for ending in ["crt", "key"] {
            let bytes = try File.read(registry.directory("client.\(ending)"))
            try registry.directory.write(
                String(decoding: bytes, as: UTF8.self),
                to: "certs.d/\(registry.host)/client." + (ending == "crt" ? "cert" : "key"))
        }
        let pushed = try await here.push(name, alice)
        let elsewhere = try RegistryStore { $0.certificates = registry.certificates }
        #expect(try await elsewhere.pull(name, platform: nil, alice).digest == pushed.digest)
        // Another one's.
        try registry.certify(registry.directory("stranger"))
        for (from, to) in [("crt", "cert"), ("key", "key")] {
            try File.rename(registry.directory("stranger." + from), to: "\(place)/client.\(to)")
        }
        let stranger = try await fault { _ = try await elsewhere.pull(name, platform: nil, alice) }
        #expect(stranger.message.contains("client certificate"), "\(stranger.message)")
    }
}

extension RegistryStore {
    func importing(_ tar: [UInt8], as name: String) async throws -> Image {
        var request = ImportRequest()
        request.reference = name
        return try await store.importRootfs(from: .path(try directory.file("rootfs.tar", tar)), request)
    }
}

/// A docker-registry with a directory of its own; it ends with the value.
final class RealRegistry {
    static let program = "/usr/bin/docker-registry"
    let directory: TemporaryDirectory
    let host: String
    /// `certs.d` for it.
    let certificates: String
    private let process: OwnedProcess

    /// - Parameter isGuarded: by TLS and a password.
    /// - Parameter asksForCertificates: also by certificates of its clients; `client.crt` and `client.key` are one.
    init(isGuarded: Bool = false, asksForCertificates: Bool = false) async throws {
        directory = try TemporaryDirectory("distribution")
        let port = try await RealRegistry.freePort()
        host = "127.0.0.1:\(port)"
        certificates = directory("certs.d")
        var more = ""
        if isGuarded {
            let place = try directory.makeDirectory("certs.d/\(host)")
            try RealRegistry.certify(place + "/ca")
            // bcrypt of "secret".
            let hash = try run(
                "/usr/bin/python3",
                [
                    "-W", "ignore", "-c",
                    "import crypt; print(crypt.crypt('secret', crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))",
                ])
            try directory.write("alice:\(hash)", to: "htpasswd")
            try File.rename(place + "/ca.key", to: directory("server.key"))
            try RealRegistry.certify(directory("client"))
            let clients = asksForCertificates ? ", clientcas: [\(directory("client.crt"))]" : ""
            more = """

                  tls: {certificate: \(place)/ca.crt, key: \(directory("server.key"))\(clients)}
                auth: {htpasswd: {realm: test, path: \(directory("htpasswd"))}}
                """
        }
        let configuration = try directory.write(
            """
            version: 0.1
            log: {level: error, accesslog: {disabled: true}}
            storage: {filesystem: {rootdirectory: \(directory("data"))}}
            http:
              addr: \(host)\(more)
            """, to: "config.yml")
        // It tells every blob that is not there.
        process = try OwnedProcess(
            "/bin/sh", ["-c", "exec \(RealRegistry.program) serve \(configuration) 2>\(directory("log"))"])
        try await eventually {
            try Command.run("/bin/bash", ["-c", "exec 3<>/dev/tcp/127.0.0.1/\(port)"]).status.isSuccess
        }
    }

    func certify(_ base: String) throws { try RealRegistry.certify(base) }

    /// `BASE.crt` and `BASE.key`, for 127.0.0.1.
    private static func certify(_ base: String) throws {
        _ = try run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", base + ".key", "-out",
                base + ".crt",
            ])
    }

    private static func freePort() async throws -> Int {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close()
        try await group.shutdownGracefully()
        return port
    }
}
