import APITypes
import Client
import Diagnosis
import Lifecycle
import Linux

/// Explanations for the command line: the daemon's, else what can be seen from here.
struct WhyLook: Sendable {
    private let client: QuellClient
    /// Where the daemon has its run-time files: beside its socket; where that is a TCP port, in the usual place.
    private let runRoot: String
    private let collector: Collector

    /// What a daemon may take that is well; then one looks without it.
    private static let patience = Duration.milliseconds(1500)

    private struct Impatience: Error, CustomStringConvertible {
        var description: String { "it did not answer within \(WhyLook.patience.shortText)" }
    }

    init(_ session: Session, runRoot: String?) {
        client = session.client
        let socket = session.client.endpoint.socketPath ?? "/run/quell/quell.sock"
        self.runRoot = runRoot ?? String(socket[..<(socket.lastIndex(of: "/") ?? socket.startIndex)])
        // This program, as it runs: the hidden word makes it a disposable child.
        collector = Collector(prober: ProbeRunner("/proc/self/exe", words: [Quell.probeWord]))
    }

    func process(_ pid: Int32) throws -> WhyReport {
        guard try Procfs.live.stat(of: pid) != nil else { throw Failure("no process has the number \(pid)") }
        return report(Subject(.process(pid), main: pid))
    }

    func cgroup(_ path: String) throws -> WhyReport {
        let group = Cgroup(path, on: try CgroupHost.detect())
        guard try group.exists() else { throw Failure("there is no control group \(path)") }
        return report(Subject(.cgroup(path), cgroups: [group]))
    }

    func container(_ name: String) async throws -> WhyReport {
        let failure: any Error
        do { return try await ask(name) } catch {
            // What the daemon says of the name is true. Only where none answers, one looks without it.
            if case ClientError.api = error { throw error }
            failure = error
        }
        guard let found = try WhyLook.find(name, in: runRoot) else {
            // Only a daemon knows this one: one that is slow is waited for as for any other call.
            if failure is Impatience { return try await client.explainContainer(name) }
            throw failure
        }
        var report = report(found)
        report.gaps.insert("quelld was not asked (\(failure)): the stop is explained by the defaults", at: 0)
        return report
    }

    private func report(_ subject: Subject) -> WhyReport { WhyReport(explain(collector.collect(subject))) }

    private func ask(_ name: String) async throws -> WhyReport {
        try await withThrowingTaskGroup(of: WhyReport.self) { group in
            group.addTask { [client] in try await client.explainContainer(name) }
            group.addTask {
                try await Task.sleep(for: WhyLook.patience)
                throw Impatience()
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    // MARK: containers without a daemon

    /// By name, id, or the beginning of an id, in what the engine left for the shims. Nil: none is there.
    private static func find(_ name: String, in runRoot: String) throws(SystemError) -> Subject? {
        let bundles = runRoot + "/c"
        guard try File.status(of: bundles) != nil else { return nil }
        for id in try File.list(bundles).map(\.name).sorted() {
            let known = try File.readIfPresent("\(bundles)/\(id)/name").map { String(decoding: $0, as: UTF8.self) }
            guard known == name || id.hasPrefix(name), let bytes = try File.readIfPresent("\(bundles)/\(id)/shim.conf")
            else { continue }
            var found = try subject(id, known ?? String(id.prefix(12)), bytes)
            found?.savedMounts = "\(bundles)/\(id)/mounts"
            return found
        }
        return nil
    }

    private static func subject(_ id: String, _ name: String, _ bytes: [UInt8]) throws(SystemError) -> Subject? {
        let configuration: ShimConfiguration
        do throws(WireError) { configuration = try ShimConfiguration(wireBytes: bytes) } catch {
            throw SystemError("read \(error) of", "shim.conf of \(id)", errno: 74)
        }
        let host = try CgroupHost.detect()
        let shims = try Cgroup("/" + configuration.shimCgroup, on: host).members()
        var subject = Subject(
            .container(id: id, name: name), cgroups: [Cgroup("/" + configuration.containerCgroup, on: host)])
        // Children of the shim: the main process and those of execs. An init that waits for its last children is no member
        // of its group any more.
        for pid in try Procfs.live.processes() {
            guard let stat = try Procfs.live.stat(of: pid), shims.contains(stat.parent), !shims.contains(pid) else {
                continue
            }
            subject.pids.append(pid)
            if try Procfs.live.status(of: pid)?.isNamespaceInit == true { subject.main = pid }
        }
        return subject
    }
}
