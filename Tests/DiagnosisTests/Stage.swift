import Diagnosis
import Lifecycle
import Linux
import TestKit

/// Processes to be explained, and the looking at them.
enum Stage {
    static func collect(_ subject: Subject) throws -> Diagnosis.Evidence {
        Collector(prober: ProbeRunner(try BuiltProduct.path("quell-shim"))).collect(subject)
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
                let explanation = explained(collector.collect(subject))
                last = explanation
                return isWished(explanation)
            }
        } catch {
            throw TestFailure("\(error); the last one: \(last.map { describe($0) } ?? "none")")
        }
        guard let last else { throw TestFailure("nothing was explained") }
        return last
    }

    private static func describe(_ explanation: Explanation) -> String {
        "outlook \(explanation.outlook), causes \(explanation.causes), gaps \(explanation.evidence.gaps)"
    }
}

private func explained(_ evidence: Diagnosis.Evidence) -> Explanation { explain(evidence) }
