import Linux
import TestKit
import Testing

/// Every way to publish a port, as its users meet it.
@Suite(.serialized, .timeLimit(.minutes(3))) struct NetworkPortTests {
    @Test func addressRangeAndRandomPort() throws {
        try Networks.with { daemon in
            try daemon.runReady(
                "web", Networks.server,
                options: [
                    "--network", "bridge", "-p", "127.0.0.2:8080:80", "-p", "9000-9001:80-81", "-p", "80", "-p",
                    "9001-9005:80",
                ])
            #expect(try Networks.isServed(daemon, at: "127.0.0.2:8080"))
            #expect(try !Networks.isServed(daemon, at: "127.0.0.1:8080"), "at the address that was named, and no other")
            #expect(try Networks.isServed(daemon, at: "127.0.0.1:9000"))
            #expect(try daemon.must("port", "web", "81") == "0.0.0.0:9001")
            let places = try daemon.must("port", "web", "80").split(separator: "\n")
            #expect(places.contains("0.0.0.0:9002"), "the first of the range that is free: \(places)")
            #expect(places.count == 4, "\(places)")
            for place in places {
                let port = place.split(separator: ":")[1]
                let address = place.hasPrefix("127") ? "127.0.0.2" : "127.0.0.1"
                #expect(try Networks.isServed(daemon, at: "\(address):\(port)"), "\(place)")
            }
            let full = try daemon.quell(
                "run", "--rm", "--network", "bridge", "-p", "9000-9001:80", Programs.image, "true")
            #expect(!full.succeeded && full.errors.contains("9000-9001"), "\(full.text)")
            try daemon.must("stop", "web")
            try Networks.waitUntilGivenBack(daemon)
        }
    }

    /// Debian's busybox has nothing that answers datagrams: the server is a program of the host's in the container's network.
    @Test func datagrams() throws {
        try Networks.with { daemon in
            try daemon.runReady("dns", Scripts.handles, options: ["--network", "bridge", "-p", "8053:53/udp"])
            let script = """
                import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 53))
                while True: data, peer = s.recvfrom(100); s.sendto(data, peer)
                """
            let server = try RunningCommand(
                "/usr/bin/nsenter",
                ["--net=/proc/\(try daemon.inspect("dns", ".State.Pid"))/ns/net", "python3", "-c", script],
                environment: [])
            let ask = "exec 3<>/dev/udp/127.0.0.1/8053; echo asked >&3; timeout 1 head -n 1 <&3"
            try eventually("it answers", within: Limit.command) {
                try Networks.outside(daemon, "bash", "-c", ask).output == "asked\n"
            }
            _ = try server.finish(within: .zero)
            #expect(try daemon.must("port", "dns") == "53/udp -> 0.0.0.0:8053")
            // The same number over another transport is another port.
            try daemon.runReady("web", Networks.server, options: ["--network", "bridge", "-p", "8053:80"])
            #expect(try Networks.isServed(daemon, at: "127.0.0.1:8053"))
            let refused = try daemon.quell(
                "run", "--rm", "--network", "bridge", "-p", "8053:53/udp", Programs.image, "true")
            #expect(!refused.succeeded && refused.errors.contains("container dns"), "\(refused.text)")
            try daemon.must("rm", "-f", "dns", "web")
            try Networks.waitUntilGivenBack(daemon)
        }
    }
}
