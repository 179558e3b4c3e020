import Lifecycle
import Linux
import TestKit
import Testing

/// Certificates as `docker` wants them: `ca.pem`, `cert.pem` and `key.pem` of a client, `server.pem` and `server-key.pem`.
struct TestAuthority {
    let directory: String

    init(in directory: String) throws {
        self.directory = directory
        try File.makeDirectories(directory)
        try openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test authority",
            "-keyout", path("ca-key.pem"), "-out", path("ca.pem"))
        try issue("server", extensions: "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
        try issue("client", extensions: "extendedKeyUsage=clientAuth\n")
        try File.rename(path("client.pem"), to: path("cert.pem"))
        try File.rename(path("client-key.pem"), to: path("key.pem"))
    }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    /// Writes `NAME.pem` and `NAME-key.pem`.
    func issue(_ name: String, extensions: String) throws {
        try openssl(
            "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=\(name)", "-keyout", path("\(name)-key.pem"),
            "-out", path("\(name).csr"))
        try File.write(extensions, to: path("\(name).ext"))
        try openssl(
            "x509", "-req", "-in", path("\(name).csr"), "-CA", path("ca.pem"), "-CAkey", path("ca-key.pem"),
            "-CAcreateserial", "-days", "2", "-extfile", path("\(name).ext"), "-out", path("\(name).pem"))
    }

    /// Options of a daemon that lets in this authority's clients alone.
    var options: [String] {
        [
            "--tlsverify", "--tlscacert", path("ca.pem"), "--tlscert", path("server.pem"), "--tlskey",
            path("server-key.pem"),
        ]
    }

    private func openssl(_ arguments: String...) throws {
        let end = try Programs.system("openssl", arguments)
        try #require(end.succeeded, "openssl \(arguments[0]): \(end.text)")
    }
}

extension InternetAddress {
    /// A port of the loopback where nobody listens now.
    static func free() throws -> InternetAddress {
        for _ in 0..<100 {
            let address = try #require(InternetAddress("127.0.0.1", port: UInt16.random(in: 20_000...32_000)))
            do throws(SystemError) {
                try InternetSocket.listen(on: address).close()
                return address
            } catch { continue }
        }
        throw TestFailure("no free port was found")
    }
}
