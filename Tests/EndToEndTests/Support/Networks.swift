import Lifecycle
import Linux
import TestKit
import Testing

/// Daemons in a network of their own, and what there is to see in it.
enum Networks {
    /// Serves `hello` on port 80.
    static let server = """
        trap 'kill $!; exit 0' TERM; mkdir -p /w; echo hello > /w/index.html
        busybox httpd -f -p 80 -h /w & while ! busybox wget -qO /dev/null http://127.0.0.1/ 2>/dev/null; do sleep 0.05; done; echo ready; wait $!
        """

    static func with(_ body: (Daemon) throws -> Void) throws {
        try withDaemon(prepare: { $0.host = .withItsOwnNetwork }, body)
    }

    /// From the daemon's host.
    static func outside(_ daemon: Daemon, _ arguments: String...) throws -> Finished {
        let pid = try #require(daemon.process?.pid)
        return try Programs.system("nsenter", ["--net=/proc/\(pid)/ns/net"] + arguments)
    }

    static func isServed(_ daemon: Daemon, at place: String) throws -> Bool {
        // A static busybox cannot use the host's resolver, not even for an address.
        let target = place.contains(":") ? place.replacing(":", with: "/") : "\(place)/80"
        let fetch = "exec 3<>/dev/tcp/\(target) && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3"
        return try outside(daemon, "timeout", "2", "bash", "-c", fetch).output.hasSuffix("hello\n")
    }

    /// Nothing on the host, nothing on record.
    static func waitUntilGivenBack(_ daemon: Daemon) throws {
        try eventually("everything is given back", within: Limit.command) {
            let links = try outside(daemon, "ip", "-br", "link").output
            let rules = try outside(daemon, "iptables-save").output
            let records = try ["net", "netns"].flatMap { try File.list("\(daemon.runRoot)/\($0)") }
            let leases = try File.list("\(daemon.runRoot)/leases").flatMap { network in
                try File.list("\(daemon.runRoot)/leases/\(network.name)").map(\.name).filter { $0.contains(".") }
            }.filter { !$0.hasPrefix("last") }
            return !links.contains("veth") && !rules.contains("CNI-DN-") && records.isEmpty && leases.isEmpty
        }
    }
}

/// Keeps the network of a daemon that dies.
final class Keeper {
    private let process: RunningCommand

    init(of pid: Int32) throws {
        process = try RunningCommand(
            "/usr/bin/nsenter", ["--net=/proc/\(pid)/ns/net", "busybox", "sleep", "300"], environment: [])
        let child = process.pid
        try eventually("it is there") { try Procfs.live.status(of: child)?.name == "busybox" }
    }

    var host: Host { Host.inNetwork(of: process.pid) }

    func end() throws { _ = try process.finish(within: .zero) }
}
