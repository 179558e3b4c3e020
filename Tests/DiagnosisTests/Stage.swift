import Diagnosis
import Lifecycle
import Linux
import TestKit

/// Processes to be explained, and the looking at them.
enum Stage {
    static func collect(_ subject: Subject) throws -> Diagnosis.Evidence {
        Collector(prober: ProbeRunner(try BuiltProduct.path("quell-shim"))).collect(subject, until: limit)
    }

    /// Of one look.
    private static var limit: Instant {
        MonotonicClock.now() + Collector.usualLimit * slowness
    }

    static func start(_ arguments: [String], in cgroup: Cgroup? = nil) throws -> SpawnedProcess {
        var request = SpawnRequest("/bin/busybox", arguments)
        request.cgroups = try cgroup?.openDoors(.membership)
        let null = try File.open("/dev/null", .readWrite)
        request.descriptors = (0...2).map { DescriptorMapping(Int32($0), from: null.raw) }
        return try Spawn.start(request)
    }

    /// Looks until it is as wished: what was just started takes its time to get there.
    static func explain(_ subject: Subject, until isWished: (Explanation) -> Bool) throws -> Explanation {
        let collector = Collector(prober: ProbeRunner(try BuiltProduct.path("quell-shim")))
        var last: Explanation?
        do {
            try eventually("an explanation as wished") {
                let explanation = explained(collector.collect(subject, until: limit))
                last = explanation
                return isWished(explanation)
            }
        } catch {
            throw TestFailure("\(error); the last one: \(last.map { describe($0) } ?? "none")")
        }
        guard let last else { throw TestFailure("nothing was explained") }
        return last
    }

    /// What a look may take where the machine is busy; an emulated one (scripts/machine.sh) is slower by far.
    static let patience = Duration.seconds(4) * slowness
    /// What a look may take where nothing else is going on.
    static let promise = Duration.seconds(1) * slowness
    private static let slowness = BuiltProduct.isEmulated ? 10 : 1

    static func kernel(isAtLeast major: Int, _ minor: Int) throws -> Bool {
        let numbers = try Host.kernel().release.split { $0 == "." || $0 == "-" }.prefix(2).compactMap { Int($0) }
        return numbers.count == 2 && (numbers[0], numbers[1]) >= (major, minor)
    }

    /// Which process serves a FUSE connection is known (fdinfo of /dev/fuse).
    static var knowsServers: Bool {
        do { return try kernel(isAtLeast: 6, 11) } catch { return false }
    }

    static func release(_ subject: Subject, _ change: (inout ReleaseWishes) -> Void = { _ in }) throws -> ReleaseReport
    {
        var wishes = ReleaseWishes()
        change(&wishes)
        let release = Release(subject, wishes, prober: ProbeRunner(try BuiltProduct.path("quell-shim")))
        return release.run(until: MonotonicClock.now() + Release.usualLimit * slowness)
    }

    static func remedying(_ subject: Subject) throws -> Remedying {
        let prober = ProbeRunner(try BuiltProduct.path("quell-shim"))
        return Remedying(Collector(prober: prober).collect(subject), prober: prober)
    }

    private static func describe(_ explanation: Explanation) -> String {
        "outlook \(explanation.outlook), causes \(explanation.causes), gaps \(explanation.evidence.gaps)"
    }
}

extension ReleaseReport {
    func outcome(_ name: String) -> RemedyReport.Outcome? { remedies.first { $0.remedy.name == name }?.outcome }
}

private func explained(_ evidence: Diagnosis.Evidence) -> Explanation { explain(evidence) }
