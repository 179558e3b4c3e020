import Linux
import TestKit
import Testing

@Suite struct NetworkNamespaceTests {
    @Test func isMadeHeldAndGone() throws {
        let path = "/tmp/quell-netns-\(ProcessSelf.pid)-\(UInt32.random(in: 0...UInt32.max))"
        try NetworkNamespace.make(at: path)
        do {
            let seen = try Command.run(
                "/usr/bin/nsenter", ["--net=\(path)", "cat", "/proc/net/dev", "/proc/net/if_inet6"]
            ).output
            #expect(seen.contains("lo:") && !seen.contains("eth0"), "\(seen)")
            #expect(seen.contains("00000000000000000000000000000001"), "its loopback is up: \(seen)")
        } catch {
            try NetworkNamespace.remove(at: path)
            throw error
        }
        try NetworkNamespace.remove(at: path)
        #expect(try File.status(of: path) == nil)
        try NetworkNamespace.remove(at: path)
    }

    @Test func portsAreHeld() throws {
        let first = try HeldPort([127, 0, 0, 1], port: 0, .tcp)
        #expect(first.number > 0)
        do {
            _ = try HeldPort([127, 0, 0, 1], port: first.number, .tcp)
            Issue.record("it was bound twice")
        } catch { #expect(error.errno == 98) }
        let other = try HeldPort([127, 0, 0, 1], port: first.number, .udp)
        #expect(other.number == first.number)
        let six = try HeldPort(Array(repeating: 0, count: 15) + [1], port: 0, .udp)
        #expect(six.number > 0)
    }

    @Test func removingABridgeThatIsNotThere() throws { try NetworkNamespace.removeBridge("quell-nobody") }
}
