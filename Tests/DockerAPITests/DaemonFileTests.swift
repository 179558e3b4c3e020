import ArgumentParser
import Engine
import Lifecycle
import Linux
import Logging
import RegistryWire
import Testing

@testable import quelld

@Suite struct DaemonFileTests {
    @Test func readsWhatDaemonJsonHas() throws {
        let file = try parse(
            """
            {"data-root": "/a", "exec-root": "/b/", "hosts": ["unix:///c.sock"], "log-level": "warn", "labels": ["x=y"],
             "default-runtime": "mine", "runtimes": {"mine": {"path": "/opt/mine"}}, "live-restore": false,
             "shutdown-timeout": 7, "default-stop-unhandled": "kill", "kill-deadline": "3s", "disk-deadline": "4s", "default-shm-size": "32m",
             "default-network": "none", "overdue-after": {"start": "1m", "call": "2s"},
             "proxies": {"https-proxy": "http://me:secret@proxy:3128", "no-proxy": ".example.com"}}
            """)
        let settings = try Settings(file: file, overriddenBy: try QuelldCommand.parse([]))
        #expect(settings.dataRoot == "/a")
        #expect(settings.runRoot == "/b")
        #expect(settings.hosts == [.unix("/c.sock")])
        #expect(settings.logLevel == .warning)
        #expect(settings.labels == ["x=y"])
        #expect(settings.runtimes == ["mine": "/opt/mine"])
        #expect(settings.stopsContainersOnExit)
        #expect(settings.shutdownTimeout == .seconds(7))
        #expect(settings.unhandled == .kill)
        #expect(settings.killDeadline == .seconds(3))
        #expect(settings.defaultNetwork == .isolated)
        #expect(settings.diskDeadline == .seconds(4))
        #expect(settings.shmSize == 32 << 20)
        #expect(settings.expectations.start == .seconds(60) && settings.expectations.call == .seconds(2))
        #expect(settings.expectations.exec == JobExpectations().exec)
        #expect(settings.registries.proxies.https == "http://me:secret@proxy:3128")
        #expect(settings.registries.proxies.bypass == ".example.com")
    }

    @Test func theCommandLineWins() throws {
        let file = try parse(#"{"data-root": "/a", "hosts": ["unix:///c"], "debug": true}"#)
        let command = try QuelldCommand.parse(["--data-root", "/d", "-H", "unix:///e", "--log-level", "error"])
        let settings = try Settings(file: file, overriddenBy: command)
        #expect(settings.dataRoot == "/d")
        #expect(settings.hosts == [.unix("/e")])
        #expect(settings.logLevel == .error)
    }

    @Test func everythingHasADefault() throws {
        let settings = try Settings(file: DaemonFile(), overriddenBy: try QuelldCommand.parse(["--run-root", "/r"]))
        #expect(settings.hosts == [.unix("/r/quell.sock")])
        #expect(settings.pidFile == "/r/quelld.pid")
        #expect(settings.defaultRuntime == "crun")
        #expect(!settings.stopsContainersOnExit)
        #expect(settings.unhandled == .wait)
    }

    @Test func unknownKeysAreRefusedByName() {
        do {
            _ = try parse(#"{"userland-proxy": true, "bip": "", "debug": true}"#)
            Issue.record("unknown keys were taken")
        } catch {
            #expect(error.description == #"configuration file f: unknown keys "bip", "userland-proxy""#)
        }
    }

    @Test(arguments: [
        #"{"debug": "yes"}"#, "[]", "{", #"{"hosts": "unix:///x"}"#,
        #"{"proxies": {"http_proxy": ""}}"#,
    ])
    func brokenFilesAreRefused(text: String) {
        #expect(throws: DaemonError.self) { try parse(text) }
    }

    @Test(arguments: [
        #"{"data-root": "relative"}"#, #"{"hosts": ["tcp://0.0.0.0:2375"]}"#, #"{"log-level": "loud"}"#,
        #"{"shutdown-timeout": 0}"#, #"{"default-stop-unhandled": "maybe"}"#, #"{"kill-deadline": "soon"}"#,
        #"{"default-network": "app"}"#,
        #"{"default-shm-size": "64q"}"#, #"{"log-driver": "syslog"}"#, #"{"runtimes": {"x": {}}}"#,
        #"{"proxies": {"http-proxy": "https://proxy:3129"}}"#,
    ])
    func wrongValuesAreRefused(text: String) throws {
        let file = try parse(text)
        #expect(throws: DaemonError.self) { try Settings(file: file, overriddenBy: try QuelldCommand.parse([])) }
    }

    private func parse(_ text: String) throws(DaemonError) -> DaemonFile {
        try DaemonFile.parse(Array(text.utf8), from: "f")
    }
}

@Suite struct SocketFileTests {
    @Test func replacesAStaleSocketAndNoOther() throws {
        let directory = "/tmp/quell-socket-\(ProcessSelf.pid)-\(UInt32.random(in: 0...UInt32.max))"
        try File.makeDirectory(directory)
        defer { #expect(throws: Never.self) { try File.removeTree(directory) } }
        let path = directory + "/deep/sock"
        let (first, descriptor) = try SocketFile.listen(at: path, group: "no such group")
        #expect(try File.status(of: path)?.mode ?? 0 & 0o777 != 0)
        #expect(throws: DaemonError.self) { try SocketFile.listen(at: path, group: "no such group") }
        try OwnedDescriptor(adopting: descriptor).close()
        let (second, other) = try SocketFile.listen(at: path, group: "no such group")
        try first.remove()
        #expect(try File.status(of: path) != nil, "another daemon's socket was removed")
        try second.remove()
        #expect(try File.status(of: path) == nil)
        try OwnedDescriptor(adopting: other).close()
        try File.makeDirectory(path)
        #expect(throws: DaemonError.self) { try SocketFile.listen(at: path, group: "no such group") }
    }
}
