import Lifecycle
import Linux
import TestKit

/// A real shim over a real bundle, and a client of it. Everything it makes is taken away again by `cleanUp`.
final class ShimUnderTest {
    let directory: String
    let id: String
    let configuration: ShimConfiguration
    private let shim: Pidfd
    private var shimStatus: Lifecycle.ExitStatus?
    let cgroup: Cgroup
    let shimCgroup: Cgroup
    private(set) var main: ShimClient

    /// A bundle from busybox with this command line; the shim is started, the container is not.
    init(
        _ command: [String], terminal: Bool = false, openStdin: Bool = false, pidNamespace: PIDNamespace = .own,
        log: LogConfiguration? = nil, mounts: [String] = [], runtime: String = "/usr/bin/crun",
        legacyCgroups: Bool = false, hook: String? = nil, disk: String? = nil
    ) throws {
        id = "quelltest" + String(UInt64.random(in: .min ... .max), radix: 16)
        directory = "/tmp/quell-shimtest-\(id)"
        let bundle = directory + "/b"
        try File.makeDirectories(bundle)
        try Bundle.write(
            command, to: bundle, id: id, terminal: terminal, pidNamespace: pidNamespace, mounts: mounts,
            hook: hook)
        let disk = disk ?? directory
        let log = log ?? LogConfiguration(path: disk + "/log", maximumSize: nil, maximumFiles: 1)
        configuration = ShimConfiguration(
            containerID: id, bundle: bundle, runtime: runtime, runtimeRoot: directory + "/crun",
            containerCgroup: "quell-shimtest/\(id)", shimCgroup: "quell-shimtest/shim-\(id)",
            socket: directory + "/shim.sock", exitRecord: disk + "/exit", log: log, terminal: terminal,
            openStdin: openStdin, stdinOnce: openStdin)
        let host = try legacyCgroups ? CgroupHost.legacyPart() : CgroupHost.detect()
        cgroup = Cgroup("/" + configuration.containerCgroup, on: host)
        shimCgroup = Cgroup("/" + configuration.shimCgroup, on: host)
        try File.open(directory + "/shim.conf", [.writeOnly, .create]).writeAll(configuration.wireBytes)
        shim = try ShimUnderTest.launch(directory, hiding: legacyCgroups ? CgroupHost.detect().hiddenFromRuntime : [])
        main = try ShimClient(configuration.socket)
    }

    private static func launch(_ directory: String, hiding hidden: [String]) throws -> Pidfd {
        let ready = try Pipe()
        let null = try File.open("/dev/null", .readWrite)
        let errors = try File.open(directory + "/shim.log", [.writeOnly, .create, .append])
        var request = SpawnRequest(try BuiltProduct.path("quell-shim"), [directory + "/shim.conf"])
        request.newSession = true
        request.hiddenMounts = hidden
        request.descriptors = [
            DescriptorMapping(0, from: null.raw), DescriptorMapping(1, from: errors.raw),
            DescriptorMapping(2, from: errors.raw), DescriptorMapping(3, from: ready.writing.raw),
        ]
        let spawned = try Spawn.start(request)
        try ready.writing.close()
        var set = PollSet()
        set.add(ready.reading.raw, .readable)
        guard try set.wait(until: .soon) > 0 else { throw HarnessError("the shim did not announce itself") }
        let word = String(decoding: try ready.reading.readAll(limit: 4096), as: UTF8.self)
        guard word == "R" else { throw HarnessError(word) }
        return spawned.takePidfd()
    }

    /// Starts the container and says hello; returns the main process's pid.
    @discardableResult
    func start() throws -> Int32 {
        _ = try main.call(.hello)
        guard case .started(let pid) = try main.call(.start) else { throw HarnessError("not started") }
        return pid
    }

    /// Another client of the same shim.
    func client() throws -> ShimClient { try ShimClient(configuration.socket) }

    /// Stops and returns the report or the finding, whatever comes first.
    func stop(_ order: StopOrder) throws -> StopUpdate {
        _ = try main.call(.stop(order))
        return try main.verdict()
    }

    func record() throws -> ExitRecord? { try record(at: configuration.exitRecord) }

    /// What the shim left in the run root.
    func lateRecord() throws -> ExitRecord? { try record(at: configuration.lateExitRecord) }

    private func record(at path: String) throws -> ExitRecord? {
        try File.readIfPresent(path).flatMap { ExitRecord(text: String(decoding: $0, as: UTF8.self)) }
    }

    func logText() throws -> String {
        String(decoding: try File.readIfPresent(configuration.log?.path ?? "", limit: 64 << 20) ?? [], as: UTF8.self)
    }

    /// Waits until the log holds the text in its first 256 KB; all of it may be more than is good to read.
    func awaitLog(_ text: String) throws {
        let path = configuration.log?.path ?? ""
        try await_("\"\(text)\" in the log") {
            guard try File.status(of: path) != nil else { return false }
            var buffer = [UInt8](repeating: 0, count: 256 << 10)
            guard case .bytes(let count) = try File.open(path, .readOnly).read(into: &buffer) else { return false }
            return String(decoding: buffer[..<count], as: UTF8.self).containsText(text)
        }
    }

    var shimPid: Int32 { shim.pid }

    /// The process that writes log and record.
    func writerPid() throws -> Int32 {
        let others = try shimCgroup.members().filter { $0 != shim.pid }
        guard others.count == 1, try Procfs.status(of: others[0]).name == "quell-writer" else {
            throw HarnessError("no writer, or several: \(others)")
        }
        return others[0]
    }

    /// Waits for the shim's own end; nil when it lives on.
    func shimEnd() throws -> Lifecycle.ExitStatus? {
        if shimStatus == nil { shimStatus = try shim.reap(by: .soon) }
        return shimStatus
    }

    /// Kills what is left, reaps the shim, removes cgroups and files. Throws when something cannot be removed.
    func cleanUp() throws {
        try cgroup.kill()
        try await_("the cgroup to empty") { try !cgroup.isPopulated() }
        main.close()
        if try shimEnd() == nil {
            try shim.send(.kill)
            _ = try shimEnd()
        }
        try cgroup.remove()
        // What a runtime started before it entered the container's group.
        try await_("the shim's cgroup to empty") { try !shimCgroup.isPopulated() }
        try shimCgroup.remove()
        try Cgroup("/quell-shimtest", on: cgroup.host).removeIfEmpty()
        try File.removeTree(directory)
    }
}

struct HarnessError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension Instant {
    /// Far enough for a loaded machine, near enough for a test that fails.
    static var soon: Instant { MonotonicClock.now() + usualPatience * 3 / 2 }
}

/// Looks until it is so: for facts the kernel has no event for.
func await_(_ what: String, _ isSo: () throws -> Bool) throws {
    let deadline = Instant.soon
    var set = PollSet()
    while try !isSo() {
        guard MonotonicClock.now() < deadline else { throw HarnessError("waited in vain for \(what)") }
        _ = try set.wait(until: MonotonicClock.now() + .milliseconds(5))
    }
}

/// Runs the body and cleans up whatever happens.
func withShim(_ shim: ShimUnderTest, _ body: (ShimUnderTest) throws -> Void) throws {
    do {
        try body(shim)
    } catch {
        try shim.cleanUp()
        throw error
    }
    try shim.cleanUp()
}

extension String {
    func containsText(_ text: String) -> Bool {
        let (whole, part) = (Array(utf8), Array(text.utf8))
        guard whole.count >= part.count else { return false }
        return (0...(whole.count - part.count)).contains { whole[$0...].starts(with: part) }
    }
}

extension CgroupHost {
    static var hasV1: Bool {
        do { return try !detect().controllers.isEmpty } catch { return false }
    }

    /// This host as one without cgroup2: what a shim sees in a mount namespace where that is unmounted.
    static func legacyPart() throws -> CgroupHost {
        let mounts = try Procfs.mountinfo().filter { $0.type != "cgroup2" }
        guard let host = CgroupHost(mountinfo: mounts) else { throw HarnessError("no v1 hierarchy") }
        return host
    }
}

extension Cgroup {
    /// Another test may still be in it.
    func removeIfEmpty() throws {
        do throws(SystemError) { try remove() } catch {
            guard error.errno == 16 || error.errno == 39 else { throw error }
        }
    }
}
