/// What a release found, did and changed.
public struct ReleaseReport: Hashable, Sendable {
    /// Before anything was done.
    public var explanation: Explanation
    /// In the order they were tried; those that were not asked for last.
    public var remedies: [RemedyReport]
    /// Tasks that hung before, and have gone on or are gone.
    public var freed: [TaskEvidence]
    /// Tasks that hung before and still do.
    public var held: [TaskEvidence]
    /// Whether anything of the subject is still alive; nil: not to be read.
    public var isPopulated: Bool?
    public var isDryRun: Bool

    public init(_ explanation: Explanation, isDryRun: Bool) {
        self.explanation = explanation
        self.isDryRun = isDryRun
        (remedies, freed, held) = ([], [], [])
    }

    /// Something was done.
    public var hasActed: Bool { remedies.contains { $0.outcome == .done } }
    /// Something was done that lets go of what hangs.
    var hasFreed: Bool { remedies.contains { $0.outcome == .done && $0.remedy.frees } }
    /// Something was asked for and could not be done.
    public var hasFailed: Bool {
        remedies.contains {
            switch $0.outcome {
            case .refused, .failed, .unfinished: true
            case .done, .wouldDo, .nothingToDo, .needsOption: false
            }
        }
    }
}
