import Lifecycle
import Linux
import TestKit
import Testing

/// The API over TCP, in the clear on the loopback and with TLS.
@Suite(.serialized, .timeLimit(.minutes(3))) struct TCPTests {
    @Test func plainOnTheLoopbackWithAWarning() throws {
        let address = try InternetAddress.free()
        try withDaemon { daemon in
            try daemon.shutDown()
            try daemon.start(["-H", "tcp://\(address)"])
            #expect(try daemon.process?.says("API is accessible on tcp://\(address)", within: Limit.start) == true)
            let info = try daemon.quell("-H", "tcp://\(address)", "info").text
            #expect(info.contains("without client certificates"), "\(info)")
            #expect(
                try daemon.must("-H", "tcp://\(address)", "run", "--rm", Programs.image, "echo", "over TCP")
                    == "over TCP")
            let other = try daemon.quell("-H", "tcp://10.0.0.1:2375", "ps")
            #expect(!other.succeeded && other.errors.contains("TLS"), "\(other.text)")
            let none = try daemon.quell("-H", "tcp://\(try InternetAddress.free())", "ps")
            #expect(!none.succeeded && none.errors.contains("no quelld answers on tcp://"), "\(none.text)")
        }
    }

    @Test(.enabled(if: DockerClient.isInstalled, "docker is not installed"))
    func dockerDrivesItWithCertificates() throws {
        let address = try InternetAddress.free()
        try withDaemon { daemon in
            let authority = try TestAuthority(in: daemon.directory + "/tls")
            try daemon.shutDown()
            try daemon.start(["-H", "tcp://\(address)"] + authority.options)
            #expect(daemon.process?.errorsSoFar.contains("API is accessible") == false)
            let docker =
                "DOCKER_HOST=tcp://\(address) DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=\(authority.directory) docker"
            let run = try sh("echo typed | \(docker) run --rm -i --network none \(Programs.image) cat")
            #expect(run.output == "typed\n", "\(run.text)")
            // Standard input ends while output goes on, and neither is cut off.
            let half = try sh(
                "seq 200000 | \(docker) run --rm -i --network none \(Programs.image) sh -c 'wc -l; seq 200000' | wc -l")
            #expect(half.trimmed == "200001", "\(half.text)")
            let saved = try sh("\(docker) save \(Programs.image) | \(docker) load")
            #expect(saved.succeeded && saved.output.contains("Loaded image"), "\(saved.text)")

            let curl = "curl -sS -m 10 --cacert \(authority.path("ca.pem")) https://\(address)/_ping"
            let anonymous = try sh(curl)
            #expect(!anonymous.succeeded && anonymous.output.isEmpty, "\(anonymous.text)")
            let known = try sh("\(curl) --cert \(authority.path("cert.pem")) --key \(authority.path("key.pem"))")
            #expect(known.output == "OK", "\(known.text)")
            #expect(try !sh("curl -sS -m 10 http://\(address)/_ping").output.contains("OK"), "it answers in the clear")
            // Another authority's client is a stranger.
            let stranger = try TestAuthority(in: daemon.directory + "/strangers")
            let refused = try sh("\(curl) --cert \(stranger.path("cert.pem")) --key \(stranger.path("key.pem"))")
            #expect(!refused.succeeded, "\(refused.text)")
        }
    }

    @Test func certificatesAreReadAgainAtAHangUp() throws {
        let address = try InternetAddress.free()
        try withDaemon { daemon in
            let authority = try TestAuthority(in: daemon.directory + "/tls")
            try daemon.shutDown()
            try daemon.start(["-H", "tcp://\(address)"] + authority.options)
            let look = "openssl s_client -connect \(address) </dev/null 2>/dev/null | openssl x509 -noout -serial"
            let before = try sh(look)
            #expect(before.succeeded && before.output.hasPrefix("serial="), "\(before.text)")
            try authority.issue("server", extensions: "subjectAltName=IP:127.0.0.1\n")
            let process = try #require(daemon.process)
            try process.send(.hup)
            #expect(try process.says("read again", within: Limit.command))
            let after = try sh(look)
            #expect(after.output.hasPrefix("serial=") && after.output != before.output, "\(after.text)")
            let events = try daemon.must("events", "--since", "1m", "--until", "0s", "--filter", "type=daemon")
            #expect(events.contains("reload"), "\(events)")
            // What cannot be used changes nothing.
            try File.write("no certificate\n", to: authority.path("server.pem"))
            try process.send(.hup)
            #expect(try process.says("stay as they were", within: Limit.command))
            #expect(try sh(look).output == after.output)
        }
    }

    @Test func whatWouldLetEverybodyInIsRefused() throws {
        let daemon = try Daemon()
        defer { #expect(throws: Never.self) { try daemon.cleanUp() } }
        let authority = try TestAuthority(in: daemon.directory + "/tls")
        let address = try InternetAddress.free()
        try daemon.mustNotStart(["-H", "tcp://0.0.0.0:\(address.port)"], saying: ["0.0.0.0", "--tlsverify"])
        let halves = ["--tls", "--tlscert", authority.path("server.pem"), "--tlskey", authority.path("server-key.pem")]
        try daemon.mustNotStart(["-H", "tcp://0.0.0.0:\(address.port)"] + halves, saying: ["client certificates"])
        try daemon.mustNotStart(["--tlsverify"], saying: ["--tlscacert is missing"])
        try daemon.mustNotStart(["--tlscert", authority.path("server.pem")], saying: ["tlscert", "without tls"])
        let tcp = ["-H", "tcp://\(address)", "--tls", "--tlskey", authority.path("server-key.pem"), "--tlscert"]
        try daemon.mustNotStart(tcp + [authority.path("none.pem")], saying: ["certificate", "none.pem"])
        try daemon.mustNotStart(tcp + [authority.path("server.ext")], saying: ["server.ext", "no PEM file"])
        try daemon.mustNotStart(tcp + [authority.path("cert.pem")], saying: ["do not go together"])
        try daemon.mustNotStart(["-H", "tcp://example.com:1"], saying: ["example.com", "numeric"])
        try daemon.mustNotStart(["-H", "tcp://127.0.0.1:70000"], saying: ["70000", "port"])
        try daemon.mustNotStart(["-H", "fd://"], saying: ["fd://", "none was passed"])
        let taken = try InternetSocket.listen(on: address)
        try daemon.mustNotStart(["-H", "tcp://\(address)"], saying: ["tcp://\(address)", "EADDRINUSE"])
        try taken.close()
    }

    /// As systemd starts it: the socket is there before the daemon, and stays when it ends.
    @Test func takesTheSocketsOfItsUnit() throws {
        try withDaemon { daemon in
            try daemon.shutDown()
            let path = daemon.directory + "/passed.sock"
            let listener = try UnixSocket.listen(at: path)
            let log = try File.open(daemon.directory + "/log", [.readWrite, .create], mode: 0o600)
            var request = SpawnRequest(
                "/bin/sh",
                [
                    "-c", "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=quell.socket exec \"$@\"", "sh",
                    try Programs.path("quelld"), "--data-root", daemon.dataRoot, "--run-root", daemon.runRoot, "-H",
                    "fd://", "--default-network", "none",
                ], environment: Programs.environment)
            request.descriptors = [
                DescriptorMapping(0, from: log.raw), DescriptorMapping(1, from: log.raw),
                DescriptorMapping(2, from: log.raw), DescriptorMapping(3, from: listener.raw),
            ]
            let process = try Spawn.start(request)
            // Who connects before it listens waits, and is served.
            let end = try daemon.quell("-H", "unix://" + path, "run", "--rm", Programs.image, "echo", "hello")
            #expect(end.output == "hello\n", "\(end.text)")
            try process.pidfd.send(.term)
            #expect(try process.pidfd.reap(by: MonotonicClock.now() + Limit.shutDown) == .code(0))
            #expect(try File.status(of: path) != nil, "the unit's socket was removed")
            try daemon.start()
        }
    }

    private func sh(_ script: String) throws -> Finished { try Programs.system("sh", ["-c", script]) }
}
