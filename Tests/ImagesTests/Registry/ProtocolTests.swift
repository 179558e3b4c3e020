import FoundationEssentials
import RegistryWire
import Testing

@testable import quell_registry

/// What quell-registry makes of single words of a registry.
@Suite struct ProtocolTests {
    @Test func challenges() {
        let found = Challenge.parse([
            #"Bearer realm="https://auth.example/token",service="a, \"b\"",scope="repository:x:pull", Basic realm=plain"#,
            "Negotiate",
        ])
        #expect(found.map(\.scheme) == ["bearer", "basic", "negotiate"])
        #expect(found[0].parameters["realm"] == "https://auth.example/token")
        #expect(found[0].parameters["service"] == #"a, "b""#)
        #expect(found[1].parameters == ["realm": "plain"])
        for hostile in ["", ",,,", "=", "Bearer realm=\"", "Bearer =x", "\"", String(repeating: "a=", count: 10000)] {
            _ = Challenge.parse([hostile])
        }
    }

    @Test func platformsByRank() {
        func rank(_ architecture: String, _ variant: String?, for wanted: RegistryPlatform, os: String = "linux")
            -> Int?
        {
            PlatformChoice.rank(.init(architecture: architecture, os: os, variant: variant), for: wanted)
        }
        let armv7 = RegistryPlatform(os: "linux", architecture: "arm", variant: "v7")
        #expect(rank("arm", "v7", for: armv7) == 0)
        #expect(rank("arm", "v6", for: armv7) == 1)
        #expect(rank("arm", "v8", for: armv7) == nil)
        #expect(rank("arm64", nil, for: .init(os: "linux", architecture: "aarch64")) == 0)
        let amd64 = RegistryPlatform(os: "linux", architecture: "amd64")
        #expect(rank("amd64", nil, for: amd64) == 0)
        #expect(rank("amd64", "v3", for: amd64) == nil)
        #expect(rank("amd64", nil, for: amd64, os: "windows") == nil)
    }

    @Test func insecureRegistries() {
        for host in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.8.8.8", "[::1]:5000"] {
            #expect(Insecurity.applies(to: host, []))
        }
        #expect(!Insecurity.applies(to: "127.example:5000", []))
        #expect(!Insecurity.applies(to: "10.1.2.3:5000", []))
        #expect(Insecurity.applies(to: "10.1.2.3:5000", ["10.0.0.0/8"]))
        #expect(!Insecurity.applies(to: "11.1.2.3", ["10.0.0.0/8", "10.0.0.0/99", "x/8", "/"]))
        #expect(Insecurity.applies(to: "reg.example:5000", ["reg.example:5000"]))
        #expect(!Insecurity.applies(to: "reg.example:5001", ["reg.example:5000"]))
        #expect(Insecurity.applies(to: "reg.example:5001", ["reg.example"]))
    }

    @Test func proxies() throws {
        var settings = RegistryProxies()
        (settings.http, settings.https) = ("proxy:8080", "http://me:s%40fe@proxy.example")
        settings.bypass =
            "in.example, .below.example,*.star.example,10.0.0.0/8,192.0.2.1,[2001:db8::1]:5000,port.example:5000"
        let proxies = try Proxies(settings)
        func url(_ text: String) throws -> URL { try #require(URL(string: text)) }
        func proxy(_ text: String) throws -> String? { proxies.proxy(for: try url(text))?.place }
        for host in [
            "in.example", "a.in.example:5000", "a.below.example", "a.star.example", "10.1.2.3:5000", "192.0.2.1",
            "[2001:db8::1]:5000", "port.example:5000", "localhost:5000", "127.0.0.1", "[::1]:5000", "IN.example",
        ] { #expect(try proxy("https://\(host)/v2/") == nil, "\(host)") }
        for host in [
            "notin.example", "below.example", "star.example", "11.1.2.3", "192.0.2.10", "[2001:db8::1]", "port.example",
            "in.example.org",
        ] { #expect(try proxy("https://\(host)/v2/") == "proxy.example:80", "\(host)") }
        #expect(try proxy("http://other.example/") == "proxy:8080")
        let other = try url("https://other.example/")
        let address = try #require(proxies.proxy(for: other))
        #expect(address.username == "me" && address.password == "s@fe")
        settings.bypass = "*"
        #expect(try Proxies(settings).proxy(for: other) == nil)
        for wrong in ["https://proxy:3128", "ftp://x", "http://", "://"] {
            settings.https = wrong
            #expect(throws: Fault.self) { try Proxies(settings) }
        }
    }

    @Test func locations() throws {
        let base = try #require(URL(string: "https://reg.example:5000/v2/x/blobs/uploads/"))
        #expect(URL.resolving("/v2/y?a=b", against: base)?.absoluteString == "https://reg.example:5000/v2/y?a=b")
        #expect(URL.resolving("https://cdn.example/z", against: base)?.hasOrigin(of: base) == false)
        #expect(URL.resolving("https://REG.example:5000/z", against: base)?.hasOrigin(of: base) == true)
        #expect(URL.resolving("http://reg.example:5000/z", against: base)?.hasOrigin(of: base) == false)
        for text in ["file:///etc/passwd", "https://", "http://a b/", "gopher://x/", "https://x/\u{7f}", "//"] {
            #expect(URL.resolving(text, against: base) == nil, "\(text)")
        }
        let location = try #require(URL(string: "https://x/upload?_state=abc"))
        #expect(
            location.adding([("digest", "sha256:0")]).absoluteString == "https://x/upload?_state=abc&digest=sha256%3A0")
    }

    @Test func digests() {
        #expect(DigestText.hex("sha256:" + String(repeating: "0", count: 64)) != nil)
        for text in ["", "sha256:", "sha256:../x", "sha512:" + String(repeating: "0", count: 128)] {
            #expect(DigestText.hex(text) == nil)
        }
    }

    @Test func credentialsAreNotPrinted() {
        let credentials = RegistryCredentials(username: "alice", password: "secret")
        #expect(!"\(credentials)".contains("secret"))
        #expect(!String(reflecting: credentials).contains("secret"))
    }
}
