import Lifecycle
import Synchronization

/// Lets so many in at once; the others wait, first come first.
final class Gate: Sendable {
    private struct State {
        var inside = 0
        var waiting: [Promise<Bool>] = []
    }

    let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    /// How many are in.
    var inside: Int { state.withLock { $0.inside } }

    /// Being inside: until `leave`, or until nobody holds it any more.
    final class Place: Sendable {
        private let gate: Gate
        private let isLeft = Mutex(false)

        fileprivate init(_ gate: Gate) { self.gate = gate }
        deinit { leave() }

        func leave() {
            let isFirst = isLeft.withLock { left in
                defer { left = true }
                return !left
            }
            if isFirst { gate.leave() }
        }
    }

    /// Nil when no place was free by then.
    func enter(within patience: Duration) async -> Place? { await isIn(within: patience) ? Place(self) : nil }

    private func isIn(within patience: Duration) async -> Bool {
        let place: Promise<Bool>? = state.withLock { state in
            if state.inside < limit {
                state.inside += 1
                return nil
            }
            let place = Promise<Bool>()
            state.waiting.append(place)
            return place
        }
        guard let place else { return true }
        let timer = Task {
            // Cancelled: it is in.
            do { try await Task.sleep(for: patience) } catch { return }
            place.resolve(false)
        }
        let isIn = await Job.wait(on: .gate) { await place.value() }
        timer.cancel()
        if !isIn { state.withLock { state in state.waiting.removeAll { $0 === place } } }
        return isIn
    }

    /// The place goes to the one that has waited longest.
    private func leave() {
        while true {
            let next: Promise<Bool>? = state.withLock { state in
                if state.waiting.isEmpty {
                    state.inside -= 1
                    return nil
                }
                return state.waiting.removeFirst()
            }
            guard let next else { return }
            // One whose patience has ended meanwhile has no use for it.
            if next.resolve(true) { return }
        }
    }
}
