import Images
import Synchronization

/// Pulls under way. Whoever asks for one that is under way already joins it; it is given up when the last who waited left.
final class SharedPulls: Sendable {
    typealias Work = @Sendable (@escaping ImageProgressHandler) async throws(ImageError) -> PulledImage

    private let pulls = Mutex<[PullRequest: SharedPull]>([:])

    /// The outcome of `work`, or of the same work that is under way.
    func pull(
        _ request: PullRequest, progress: @escaping ImageProgressHandler, _ work: @escaping Work
    ) async throws(ImageError) -> PulledImage {
        let waiter = SharedPull.Waiter(progress)
        let (pull, number) = pulls.withLock { pulls in
            if let pull = pulls[request], let number = pull.join(waiter) { return (pull, number) }
            let pull = SharedPull()
            pulls[request] = pull
            return (pull, pull.join(waiter) ?? 0)
        }
        pull.begin(work) { [weak self, weak pull] in
            guard let self, let pull else { return }
            self.pulls.withLock { pulls in if pulls[request] === pull { pulls[request] = nil } }
        }
        let result = await waiter.outcome.value(orWhenCancelled: .failure(.cancelled))
        pull.leave(number)
        return try result.get()
    }
}

final class SharedPull: Sendable {
    struct Waiter: Sendable {
        let progress: ImageProgressHandler
        let outcome = Promise<Result<PulledImage, ImageError>>()

        init(_ progress: @escaping ImageProgressHandler) { self.progress = progress }
    }

    private struct State {
        var waiters: [Int: Waiter] = [:]
        var next = 0
        var task: Task<Void, Never>?
        var hasBegun = false
        var isOver = false
        /// What each layer did last, in the order of their appearance, for those who come later.
        var shown: [ImageProgress] = []
    }
    private let state = Mutex(State())

    /// nil: it is over.
    func join(_ waiter: Waiter) -> Int? {
        let (number, shown) = state.withLock { state -> (Int?, [ImageProgress]) in
            guard !state.isOver else { return (nil, []) }
            state.next += 1
            state.waiters[state.next] = waiter
            return (state.next, state.shown)
        }
        for progress in shown { waiter.progress(progress) }
        return number
    }

    /// Once; the task is nobody's child, since whoever began it may leave first.
    func begin(_ work: @escaping SharedPulls.Work, _ ended: @escaping @Sendable () -> Void) {
        let isFirst = state.withLock { state in
            defer { state.hasBegun = true }
            return !state.hasBegun
        }
        guard isFirst else { return }
        let task = Task.detached { [self] in
            let result: Result<PulledImage, ImageError>
            do throws(ImageError) { result = .success(try await work { self.show($0) }) } catch {
                result = .failure(error)
            }
            let waiters = state.withLock { state in
                state.isOver = true
                return Array(state.waiters.values)
            }
            ended()
            for waiter in waiters { waiter.outcome.resolve(result) }
        }
        let isUnwanted = state.withLock { state in
            state.task = task
            return state.isOver && state.waiters.isEmpty
        }
        if isUnwanted { task.cancel() }
    }

    /// The last who leaves ends it.
    func leave(_ number: Int) {
        let task = state.withLock { state -> Task<Void, Never>? in
            state.waiters[number] = nil
            guard state.waiters.isEmpty, !state.isOver else { return nil }
            state.isOver = true
            return state.task
        }
        task?.cancel()
    }

    private func show(_ progress: ImageProgress) {
        let waiters = state.withLock { state in
            if let index = state.shown.firstIndex(where: { $0.id == progress.id }) {
                state.shown[index] = progress
            } else {
                state.shown.append(progress)
            }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.progress(progress) }
    }
}
