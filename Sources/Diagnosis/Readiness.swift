public import Lifecycle
internal import Linux

/// How a container would take a stop, in a word, and what would make it better. Pure.
public struct Readiness: Hashable, Sendable {
    /// The raw values are shown, and part of the JSON documents.
    public enum Word: String, Hashable, Sendable, CaseIterable {
        /// The main process gets the signal, and does something with it.
        case graceful
        /// The main process does not get it; processes below it that handle it do.
        case forwarded
        /// The main process is a shell that handles it when its foreground command has ended.
        case late
        /// The main process ignores it on purpose: the whole grace period passes.
        case ignored
        /// Nobody handles it: an ordinary process ends by it, PID 1 never gets it.
        case defaultAction = "default-action"
        /// The ladder begins with KILL.
        case kill
        case unknown
    }
    public enum Severity: String, Hashable, Sendable, CaseIterable {
        /// It will hurt.
        case problem
        /// It may.
        case warning
        /// Good to know.
        case note
    }
    public var word: Word
    /// One sentence without a full stop.
    public var message: String
    /// Nil: nothing is wrong.
    public var severity: Severity?
    /// One line.
    public var cure: String?

    public init(_ outlook: StopOutlook, plan: StopPlan, main: String) {
        let signal = outlook.signal.map { "\($0)" } ?? "the signal"
        let others = outlook.recipients.prefix(3).map(\.comm).joined(separator: ", ")
        switch outlook.expectation {
        case .graceful: self.init(.graceful, "\(main) gets \(signal) and handles it")
        case .forwarded:
            self.init(
                .forwarded, "\(main) is PID 1 without a handler for \(signal): it is sent to \(others) instead", .note,
                cure: "exec form: CMD [\"app\"], or exec app in the script; then docker and Kubernetes stop it as well")
        case .late:
            self.init(
                .late, "\(main) is a shell that traps \(signal), but only when its foreground command has ended",
                .problem, cure: "trap and wait: app & wait $! in place of app; or exec app")
        case .ignored:
            self.init(
                .ignored, "\(main) ignores \(signal): \(Readiness.wholeGrace(plan))", .problem,
                cure: "another STOPSIGNAL (--stop-signal) that it does not ignore, or a handler for \(signal)")
        case .defaultAction: self.init(.defaultAction, "the default action of \(signal) ends \(main)")
        case .unhandled: self.init(unhandled: signal, plan, main)
        case .kill: self.init(.kill, "its ladder begins with KILL: it gets no chance to end by itself", .note)
        case .gone, .unknown: self.init(.unknown, "its main process could not be looked at")
        }
    }

    private init(_ word: Word, _ message: String, _ severity: Severity? = nil, cure: String? = nil) {
        (self.word, self.message, self.severity, self.cure) = (word, message, severity, cure)
    }

    private init(unhandled signal: String, _ plan: StopPlan, _ main: String) {
        let fact = "\(main) is PID 1 without a handler for \(signal), and nobody below it has one"
        let cure = "--init, which passes signals on; or a handler in \(main)"
        switch plan.unhandled {
        case .wait: self.init(.defaultAction, "\(fact): \(Readiness.wholeGrace(plan))", .problem, cure: cure)
        case .kill: self.init(.defaultAction, "\(fact): it is killed at once", .warning, cure: cure)
        }
    }

    private static func wholeGrace(_ plan: StopPlan) -> String {
        guard let grace = plan.ladder.totalGrace else { return "a stop of it does not end" }
        return "every stop takes the whole \(grace.shortText) and ends with KILL"
    }
}

/// What a look at a container for its readiness gives.
public struct ReadinessLook: Hashable, Sendable {
    public var readiness: Readiness
    /// The name of the main process.
    public var main: String
    /// The kernel started it a moment ago: handlers may still be installed.
    public var isFresh: Bool

    public init(readiness: Readiness, main: String, isFresh: Bool) {
        (self.readiness, self.main, self.isFresh) = (readiness, main, isFresh)
    }
}

extension Collector {
    /// Reads far less than `collect`: a few files of /proc that cannot hang, no disposable child, no second sample.
    public func readiness(of subject: Subject, until deadline: Instant) -> ReadinessLook {
        let look = Look(subject, Procfs(), NoProber(), deadline)
        look.lookAtProcesses()
        look.lookAtTasks()
        return ReadinessLook(look.evidence)
    }
}

extension ReadinessLook {
    init(_ evidence: Evidence) {
        let main = evidence.main
        self.main = main?.comm ?? ""
        readiness = Readiness(StopOutlook(evidence), plan: evidence.subject.plan, main: self.main)
        isFresh = main?.age.map { $0 < .seconds(3) } ?? false
    }
}

/// For looks that need no child.
private struct NoProber: Prober {
    var hanging: Int { 0 }
    func output(of words: [String], until deadline: Instant) -> ProbeResult? { nil }
}
