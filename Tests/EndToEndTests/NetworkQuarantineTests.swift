import Linux
import TestKit
import Testing

/// What cannot be killed keeps neither its ports nor its addresses.
@Suite(.serialized, .timeLimit(.minutes(3))) struct NetworkQuarantineTests {
    private static let options = ["--network", "app", "--ip", "10.9.0.7", "-p", "8080:80"]

    @Test func portsAndAddressesAreFreeAtOnce() throws {
        try Networks.with { daemon in
            try daemon.must("network", "create", "--subnet", "10.9.0.0/16", "app")
            let hung = try HungFileSystem()
            defer { #expect(throws: Never.self) { try hung.abort() } }
            let doomed = try daemon.must(
                [
                    "run", "-d", "--name", "doomed", "--label", "quell.stop.kill-deadline=500ms", "-v",
                    hung.path + ":/hung",
                ]
                    + Self.options + [Programs.image, "sh", "-c", "cat /hung/file & wait"])
            try hung.waitUntilRead()
            try daemon.must("rm", "--quarantine", "doomed")
            try daemon.runReady("doomed", Networks.server, options: Self.options)
            #expect(try Networks.isServed(daemon, at: "127.0.0.1:8080"))
            #expect(try Networks.isServed(daemon, at: "10.9.0.7"))
            #expect(try !daemon.must("network", "inspect", "app").contains(doomed))

            // What is left of it stays so over a restart, and its late end takes nothing from its successor.
            let keeper = try Keeper(of: try #require(daemon.process?.pid))
            try daemon.crash()
            daemon.host = keeper.host
            try daemon.start()
            try hung.abort()
            try eventually("it is removed", within: Limit.command) { try !daemon.quell("inspect", doomed).succeeded }
            #expect(try Networks.isServed(daemon, at: "127.0.0.1:8080"))
            try daemon.must("rm", "-f", "doomed")
            try Networks.waitUntilGivenBack(daemon)
            try daemon.shutDown()
            try keeper.end()
        }
    }
}
