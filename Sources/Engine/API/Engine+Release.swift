public import APITypes
import Diagnosis
import Lifecycle
import Linux
import Logging

extension Engine {
    /// Frees what hangs: what is safe, and what was asked for. Within some seconds, whatever hangs; what it did is told to the
    /// log and as an event. `.invalid` for numbers that no process has.
    public func releaseContainer(
        _ reference: String, _ request: ReleaseRequest
    ) async throws(EngineError) -> ReleaseResult {
        let named = (request.detachTracer ?? []) + (request.killTracer ?? []) + (request.killParent ?? [])
        for pid in named where Int32(exactly: pid) ?? 0 <= 0 {
            throw .invalid("invalid pid \(pid)")
        }
        let container = try core.container(reference)
        return try await container.release(ReleaseWishes(request))
    }
}

extension Container {
    func release(_ wishes: ReleaseWishes) async throws(EngineError) -> ReleaseResult {
        let began = MonotonicClock.now()
        // The supervisor has to know that it is paused no longer: a thaw behind its back would not be told to anybody.
        let wasPaused = machine.state == .paused && !wishes.isDryRun
        if wasPaused {
            do throws(EngineError) { try await unpause() } catch {
                // Its supervisor does not answer: the freezers are thawed by hand.
                core.logger.warning("release of \(name): \(error)")
            }
        }
        let report = try await core.release(try core.subject(snapshot), wishes)
        let result = ReleaseResult(report, elapsed: MonotonicClock.now() - began) { [core] path in
            core.containerName(ofCgroup: path)
        }
        tell(report, wasPaused: wasPaused)
        return result
    }

    /// One event for all of it; a dry run, and one that found nothing to do, is none.
    private func tell(_ report: ReleaseReport, wasPaused: Bool) {
        var done = report.remedies.filter { $0.outcome == .done }.map { $0.remedy.name }
        if wasPaused { done.insert("unpause", at: 0) }
        let failed = report.remedies.filter { [.refused, .failed, .unfinished].contains($0.outcome) }
        guard !report.isDryRun, !done.isEmpty || !failed.isEmpty else { return }
        let changes = report.remedies.flatMap(\.changes)
        for failure in failed {
            core.logger.warning(
                "release of \(name): \(failure.remedy.name) \(failure.outcome.rawValue): \(failure.detail)")
        }
        core.logger.notice("release of \(name): \((done + changes).joined(separator: "; "))")
        var attributes = ["freed": "\(report.freed.count)", "held": "\(report.held.count)"]
        if !done.isEmpty { attributes["done"] = done.joined(separator: ",") }
        if !changes.isEmpty { attributes["changes"] = changes.joined(separator: "; ") }
        if let reason = report.explanation.reason { attributes["reason"] = reason.rawValue }
        if !failed.isEmpty { attributes["failed"] = failed.map(\.remedy.name).joined(separator: ",") }
        post("release", attributes)
    }
}

extension EngineCore {
    /// On a thread of its own. What may hang does so in a disposable child.
    func release(_ subject: Subject, _ wishes: ReleaseWishes) async throws(EngineError) -> ReleaseReport {
        let release = Release(subject, wishes, prober: prober)
        let limit = Release.usualLimit * 2
        return try await Blocking.run("releasing \(subject.title)", within: limit, on: reactor, .diagnosis) {
            () throws(EngineError) in release.run()
        }
    }

    /// `/quell/ID` or below.
    func containerName(ofCgroup path: String) -> String? {
        guard path.hasPrefix(cgroupParent + "/") else { return nil }
        let id = path.dropFirst(cgroupParent.count + 1).prefix { $0 != "/" }
        return registry.withID(String(id))?.snapshot.name
    }
}
