import Engine
import NIOCore
import NIOHTTP1
import Synchronization

extension API {
    var metricsRoutes: [Route] { [Route(.GET, "/metrics", showMetrics)] }

    /// For Prometheus. Waits for nothing that can hang, but for an event loop, and for that a second.
    private func showMetrics(_ call: Call) async throws {
        var text = MetricsText()
        await engine.writeMetrics(to: &text)
        metrics.write(to: &text)
        let loops = await metrics.lags()
        text.family(
            "quell_http_loop_lag_seconds", .gauge,
            "What an event loop of the API took to answer this scrape; at most 1.")
        for (index, lag) in loops.enumerated() { text.sample(["loop": "\(index)"], lag.seconds) }
        try await call.exchange.answer(
            .ok, headers: ["Content-Type": MetricsText.contentType], body: ByteBuffer(string: text.text))
    }
}

/// What the API has answered, and how soon.
final class APIMetrics: Sendable {
    private struct Key: Hashable, Comparable {
        var route: String
        /// `2xx`; `none` where the client left before the answer.
        var code: String

        static func < (left: Key, right: Key) -> Bool { (left.route, left.code) < (right.route, right.code) }
    }

    private struct State {
        var answers: [Key: Histogram] = [:]
        var delays = Histogram(bounds: Histogram.delays)
    }

    private let state = Mutex(State())
    private let group: any EventLoopGroup
    private static let pace = TimeAmount.seconds(5)
    private static let lagLimit = Duration.seconds(1)

    /// Looks every five seconds how late each loop is.
    init(group: any EventLoopGroup) {
        self.group = group
        for loop in group.makeIterator() { watch(loop) }
    }

    private func watch(_ loop: any EventLoop) {
        let due = NIODeadline.now() + APIMetrics.pace
        loop.scheduleTask(deadline: due) { [weak self] in
            let late = NIODeadline.now() - due
            self?.state.withLock { $0.delays.record(.nanoseconds(late.nanoseconds)) }
            self?.watch(loop)
        }
    }

    /// From the head of the request to the head of the answer.
    func record(_ route: String, _ status: HTTPResponseStatus?, after duration: Duration) {
        let code = status.map { "\($0.code / 100)xx" } ?? "none"
        state.withLock { state in
            state.answers[Key(route: route, code: code), default: Histogram(bounds: Histogram.calls)].record(duration)
        }
    }

    func write(to text: inout MetricsText) {
        let (answers, delays) = state.withLock { ($0.answers, $0.delays) }
        text.family(
            "quell_api_duration_seconds", .histogram, "Calls by route and status class, until their answer began.")
        for (key, histogram) in answers.sorted(by: { $0.key < $1.key }) {
            text.samples(["route": key.route, "code": key.code], histogram)
        }
        text.family(
            "quell_http_loop_delay_seconds", .histogram,
            "How late the event loops of the API were, looked at every 5 s.")
        text.samples([:], delays)
    }

    /// Of each loop, now.
    func lags() async -> [Duration] {
        await withTaskGroup(of: (Int, Duration).self) { tasks in
            for (index, loop) in group.makeIterator().enumerated() {
                tasks.addTask {
                    (index, await LoopProbe.lag(within: APIMetrics.lagLimit) { done in loop.execute(done) })
                }
            }
            var lags: [(Int, Duration)] = []
            for await lag in tasks { lags.append(lag) }
            return lags.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
