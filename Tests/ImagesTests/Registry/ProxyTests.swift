import Images
import Linux
import NIOHTTP1
import RegistryWire
import TestKit
import Testing

/// Registries beyond this machine, as far as quell-registry can tell: a proxy takes their names to a server on loopback.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ProxyTests {
    @Test func registryIsReachedThroughTheProxyWithItsPassword() async throws {
        let content = MemoryRegistry()
        let image = try content.addImage([layer("a", bytes: 100_000)], tag: "1")
        let server = try await RegistryServer(content.answer)
        let proxy = try TunnelProxy(to: server.host, password: "alice:secret")
        let here = try RegistryStore { settings in
            settings.insecure = ["registry.test:5000"]
            settings.proxies.http = "http://alice:secret@\(proxy.host)"
            settings.proxies.https = settings.proxies.http
        }
        #expect(try await here.pull("registry.test:5000/app:1").image.id.description == image.config)
        #expect(try proxy.heard.contains("CONNECT registry.test:5000 HTTP/1.1"))
        #expect(server.requests.allSatisfy { $0.headers.first(name: "host") == "registry.test:5000" })
        // What is the proxy's is told to nobody else.
        #expect(server.requests.allSatisfy { !$0.headers.contains(name: "proxy-authorization") })

        let strange = try RegistryStore { settings in
            settings.insecure = ["registry.test:5000"]
            settings.proxies.http = "http://alice:wrong@\(proxy.host)"
            settings.proxies.https = settings.proxies.http
        }
        let fault = try await fault { _ = try await strange.pull("registry.test:5000/app:1") }
        #expect(fault.message.contains("the proxy asks for a name and a password"), "\(fault.message)")
        #expect(!fault.message.contains("wrong"), "\(fault.message)")
        try await server.stop()
    }

    @Test func exceptionsAndLoopbackAreReachedWithout() async throws {
        let content = MemoryRegistry()
        _ = try content.addImage([layer("a")], tag: "1")
        let server = try await RegistryServer(content.answer)
        let here = try RegistryStore { settings in
            settings.proxies.http = "http://127.0.0.1:1"
            settings.proxies.https = "http://127.0.0.1:1"
            settings.proxies.bypass = "registry.test"
        }
        _ = try await here.pull("\(server.host)/app:1")
        let direct = try await fault { _ = try await here.pull("registry.test:5000/app:1") }
        #expect(direct.message.contains("registry.test:5000: no such host"), "\(direct.message)")
        let proxied = try await fault { _ = try await here.pull("other.test:5000/app:1") }
        #expect(
            proxied.message.contains("other.test:5000 (through the proxy 127.0.0.1:1): connection refused"),
            "\(proxied.message)")
        try await server.stop()
    }

    /// Plain HTTP and no proof of who it is: on loopback only, unless the configuration says otherwise.
    @Test func insecureBeyondLoopbackIsForThoseThatAreListed() async throws {
        let content = MemoryRegistry()
        _ = try content.addImage([layer("a")], tag: "1")
        let server = try await RegistryServer(content.answer)
        let proxy = try TunnelProxy(to: server.host, password: "")
        func store(_ insecure: [String]) throws -> RegistryStore {
            try RegistryStore { settings in
                settings.insecure = insecure
                (settings.proxies.http, settings.proxies.https) = (proxy.host, proxy.host)
            }
        }
        for name in ["registry.test:5000", "198.51.100.7:5000"] {
            let fault = try await fault { _ = try await store(["other.test", "10.0.0.0/8"]).pull("\(name)/app:1") }
            #expect(fault.kind == .unavailable)
            #expect(
                fault.message.contains("for plain HTTP list the registry under insecure-registries"), "\(fault.message)"
            )
        }
        for (name, listed) in [
            ("registry.test:5000", "registry.test:5000"), ("registry.test:5000", "registry.test"),
            ("198.51.100.7:5000", "198.51.100.0/24"),
        ] { _ = try await store([listed]).pull("\(name)/app:1") }
        #expect(server.requests.allSatisfy { $0.method == "GET" })
        try await server.stop()
    }

    @Test func mirrorsOfDockerHubAreAskedFirstAndSeeNoCredentials() async throws {
        let content = MemoryRegistry()
        let image = try content.addImage([layer("a"), layer("b")], tag: "1")
        let mirror = try await RegistryServer { request in
            // With a path of its own.
            var request = request
            guard request.path.hasPrefix("/hub/") else { return .init(status: 404) }
            request.path.removeFirst("/hub".count)
            return content.answer(request)
        }
        func store(_ mirrors: [String]) throws -> RegistryStore {
            try RegistryStore { settings in
                settings.mirrors = mirrors
                // Docker Hub itself cannot be reached.
                settings.proxies.https = "http://127.0.0.1:1"
            }
        }
        let alice = RegistryCredentials(username: "alice", password: "secret")
        let here = try store(["http://127.0.0.1:1", "http://\(mirror.host)/hub/"])
        let pulled = try await here.pull("busybox:1", platform: nil, alice)
        #expect(pulled.image.id.description == image.config)
        #expect(pulled.image.repoTags == ["busybox:1"])
        #expect(mirror.requests.allSatisfy { $0.path.hasPrefix("/hub/v2/library/busybox/") })
        #expect(mirror.requests.allSatisfy { !$0.headers.contains(name: "authorization") })
        // What the mirrors lack is asked of Docker Hub, and it is Docker Hub's failure that is told.
        let lacking = try await fault { _ = try await here.pull("busybox:2") }
        #expect(lacking.message.contains("registry-1.docker.io"), "\(lacking.message)")
        // Other registries' images are nothing to them.
        let before = mirror.requests.count
        _ = try await fault { _ = try await here.pull("127.0.0.1:1/busybox:1") }
        #expect(mirror.requests.count == before)
        try await mirror.stop()
    }

    /// A mirror that has the manifest and lies about a layer: nothing of it is kept.
    @Test func mirrorThatLies() async throws {
        let content = MemoryRegistry()
        let image = try content.addImage([layer("a"), layer("b", bytes: 5000)], tag: "1")
        let mirror = try await RegistryServer { request in
            var reply = content.answer(request)
            if request.path.contains(image.layers[1]) { reply.body = [UInt8](repeating: 7, count: reply.body.count) }
            return reply
        }
        let here = try RegistryStore { settings in
            settings.mirrors = ["http://\(mirror.host)"]
            settings.proxies.https = "http://127.0.0.1:1"
        }
        let fault = try await fault { _ = try await here.pull("busybox:1") }
        #expect(fault.message.contains("registry-1.docker.io"), "\(fault.message)")
        #expect(try here.store.images().isEmpty)
        let left = try File.list(here.directory.path + "/images/ingest").map(\.name)
        #expect(!left.contains { $0.hasPrefix(image.layers[1].dropFirst(7)) }, "\(left)")
        try await mirror.stop()
    }
}

/// An HTTP proxy that knows CONNECT, and takes every name to one server; it ends with the value.
private final class TunnelProxy {
    let host: String
    private let directory: TemporaryDirectory
    private let process: OwnedProcess

    /// - Parameter password: `NAME:PASSWORD`; empty: it asks for none.
    init(to server: String, password: String) throws {
        directory = try TemporaryDirectory("proxy")
        let script = """
            import base64, socket, sys, threading
            place, password, log = sys.argv[1].rsplit(":", 1), sys.argv[2], sys.argv[3]
            wanted = b"Basic " + base64.b64encode(password.encode())
            def pump(source, sink):
                try:
                    while data := source.recv(65536): sink.sendall(data)
                except OSError: pass
                for end in (source, sink):
                    try: end.shutdown(socket.SHUT_RDWR)
                    except OSError: pass
            def serve(client):
                head = b""
                while b"\\r\\n\\r\\n" not in head:
                    more = client.recv(65536)
                    if not more: return
                    head += more
                with open(log, "ab") as file: file.write(head)
                if password and wanted not in head:
                    client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\\r\\nContent-Length: 0\\r\\n\\r\\n")
                    return client.close()
                server = socket.create_connection((place[0], int(place[1])))
                client.sendall(b"HTTP/1.1 200 Connection established\\r\\n\\r\\n")
                threading.Thread(target=pump, args=(server, client), daemon=True).start()
                pump(client, server)
            listener = socket.create_server(("127.0.0.1", 0))
            print(listener.getsockname()[1], flush=True)
            while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
            """
        process = try OwnedProcess("/usr/bin/python3", ["-c", script, server, password, directory("heard")])
        host = "127.0.0.1:\(try process.nextLine())"
    }

    /// The heads of the requests it was sent.
    var heard: String {
        get throws { String(decoding: try File.read(directory("heard")), as: UTF8.self) }
    }
}
