import Synchronization
import Testing

@testable import Engine
@testable import Images

@Suite(.timeLimit(.minutes(1))) struct SharedPullTests {
    private func request() throws -> PullRequest { PullRequest(reference: try ImageReference("app:1")) }

    @Test func whoAsksForTheSameJoins() async throws {
        let (pulls, request) = (SharedPulls(), try request())
        let calls = Mutex(0)
        let (isBegun, mayEnd) = (Promise<Void>(), Promise<Void>())
        let work: SharedPulls.Work = { (progress) throws(ImageError) in
            calls.withLock { $0 += 1 }
            isBegun.resolve(())
            await mayEnd.value()
            throw .notFound("app:1")
        }
        let first = Task { await outcome(pulls, request, work) }
        await isBegun.value()
        let second = Task { await outcome(pulls, request, work) }
        var other = request
        other.platform = "linux/arm64"
        let third = Task { [other] in await outcome(pulls, other, work) }
        while calls.withLock({ $0 }) < 2 { await Task.yield() }
        mayEnd.resolve(())
        for task in [first, second, third] { #expect(await task.value == .notFound("app:1")) }
        #expect(calls.withLock { $0 } == 2)
    }

    @Test func theLastWhoLeavesEndsIt() async throws {
        let (pulls, request) = (SharedPulls(), try request())
        let (isBegun, isCancelled) = (Promise<Void>(), Promise<Void>())
        let work: SharedPulls.Work = { (progress) throws(ImageError) in
            // Whoever joins sees what was shown before.
            progress(ImageProgress(phase: .waiting, id: "layer", current: 0, total: nil))
            isBegun.resolve(())
            let never = Promise<Bool>()
            _ = await never.value(orWhenCancelled: false)
            isCancelled.resolve(())
            throw .cancelled
        }
        let first = Task { await outcome(pulls, request, work) }
        await isBegun.value()
        let hasJoined = Promise<Void>()
        let second = Task { await outcome(pulls, request, work) { _ in hasJoined.resolve(()) } }
        await hasJoined.value()
        first.cancel()
        #expect(await first.value == .cancelled)
        #expect(isCancelled.current == nil)
        second.cancel()
        #expect(await second.value == .cancelled)
        await isCancelled.value()
    }

    /// The error it ended in.
    private func outcome(
        _ pulls: SharedPulls, _ request: PullRequest, _ work: @escaping SharedPulls.Work,
        _ progress: @escaping ImageProgressHandler = { _ in }
    ) async -> ImageError? {
        do throws(ImageError) {
            _ = try await pulls.pull(request, progress: progress, work)
            return nil
        } catch { return error }
    }
}
