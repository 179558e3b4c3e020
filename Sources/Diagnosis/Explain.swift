/// What the evidence means. Pure: the same evidence gives the same explanation.
public func explain(_ evidence: Evidence) -> Explanation {
    Explanation(evidence, outlook: StopOutlook(.unknown, signal: nil), causes: [], pressure: [])
}
