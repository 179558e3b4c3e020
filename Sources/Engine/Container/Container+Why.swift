import Diagnosis
import Lifecycle
import Logging

// Why a stop is stuck, found out before its verdict is told.

extension Container {
    /// The verdict follows when it is known why, within a second or two; it is due then in any case (`verdictDue`).
    func explainStuck(_ finding: StuckFinding) {
        let number = run
        Task {
            var finding = finding
            finding.cause = await stuckCause()
            // It may have ended meanwhile, and even have been started again.
            guard number == run, machine.state == .stuck else { return }
            self.finding = finding
            state.verdict = Verdict.line(name, .stuck(finding))
            record()
            var attributes = ["tasks": "\(finding.tasks.count)"]
            if let cause = finding.cause { attributes["reason"] = cause.reason }
            post("stuck", attributes)
            resolveStopWaiters(.stuck(finding))
        }
    }

    /// For a stop that an earlier engine found stuck: its shim knows what is alive, and not why.
    func recallCause() {
        let number = run
        Task {
            let cause = await stuckCause()
            guard number == run, finding != nil else { return }
            finding?.cause = cause
            publish()
        }
    }

    /// Nil: nothing was found, or there was no time to look.
    func stuckCause() async -> StuckCause? {
        do throws(EngineError) {
            let explanation = try await core.explain(try core.subject(snapshot))
            core.noteReasons(explanation.causes, of: snapshot)
            return StuckCause(explanation, container: name)
        } catch {
            core.logger.warning("container \(id): \(error)")
            return nil
        }
    }
}

extension StuckCause {
    /// Nil where nothing holds up a KILL.
    init?(_ explanation: Explanation, container: String) {
        guard let cause = explanation.causes.first(where: { $0.certainty != .harmless }) else { return nil }
        let commands = explanation.remedies.filter(\.frees).map { remedy in
            "quell release" + (explanation.option(for: remedy).map { " \($0)" } ?? "") + " \(container)"
        }
        self.init(
            reason: cause.reason.rawValue, summary: cause.summary,
            remedies: commands.reduce(into: []) { if !$0.contains($1) { $0.append($1) } })
    }
}
