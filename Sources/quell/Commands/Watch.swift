import APITypes
import Client
import Lifecycle
import Linux

enum WatchCommand: Command {
    static let about = About(
        "watch", "Watch stops, stuck containers and whatever takes too long, until Ctrl-C",
        details: """
            On a terminal a live view; elsewhere a line per happening. It goes on over a restart of quelld.
            """,
        examples: [
            ("quell watch", "what is being stopped, and what hangs?"),
            ("quell watch --format json", "an object per line, for a program"),
        ])
    static let options: [any OptionSpec] = [Shared.format]
    static let operands = Operands.none

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let format = try arguments.format()
        // Fails at once where there is no daemon to watch.
        let first = try await session.client.jobs()
        let watch = Watch(session: session, view: try WatchView(session, format), client: session.client)
        return try await watch.run(first)
    }
}

/// Follows the daemon: its events as they come, its jobs once a second.
private struct Watch: Sendable {
    let session: Session
    let view: WatchView
    let client: QuellClient

    private enum Happening: Sendable {
        case event(EventMessage)
        case jobs(JobList, stuck: [ContainerSummary])
        case redraw
        case lost(ClientError)
        case failed(any Error)
        case interrupted
    }

    private static let pace = Duration.seconds(1)
    private static let redraw = Duration.milliseconds(200)

    func run(_ first: JobList) async throws -> Int32 {
        let (happenings, feed) = AsyncStream.makeStream(of: Happening.self)
        let tasks = [
            Task { await interruption(feed) }, Task { await followEvents(feed) }, Task { await followJobs(feed) },
            Task { await redrawing(feed) },
        ]
        defer { for task in tasks { task.cancel() } }
        var board = WatchBoard()
        try view.begin(first, &board)
        for await happening in happenings {
            switch happening {
            case .event(let event): try view.show(event, &board)
            case .jobs(let list, let stuck): try view.show(list.jobs, stuck, &board)
            case .redraw: try view.redraw(board)
            case .lost(let error): try view.lost(error, &board)
            case .failed(let error): throw error
            case .interrupted:
                try view.end(board)
                return 0
            }
        }
        return 0
    }

    private func interruption(_ feed: AsyncStream<Happening>.Continuation) async {
        for await _ in SignalHub.shared.subscribe([.int, .term, .hup]) {
            feed.yield(.interrupted)
            return
        }
    }

    private func redrawing(_ feed: AsyncStream<Happening>.Continuation) async {
        guard view.isLive else { return }
        while !Task.isCancelled {
            feed.yield(.redraw)
            // Cancelled: the loop ends.
            try? await Task.sleep(for: Watch.redraw)
        }
    }

    /// From now on without a gap: after a loss, from the last event that was seen.
    private func followEvents(_ feed: AsyncStream<Happening>.Continuation) async {
        var last: Int?
        await following(feed) {
            let since = last.map { WatchBoard.stamp($0 + 1) }
            try await client.events(since: since, until: nil) { event in
                last = event.timeNano
                feed.yield(.event(event))
            }
        }
    }

    private func followJobs(_ feed: AsyncStream<Happening>.Continuation) async {
        await following(feed) {
            while !Task.isCancelled {
                let jobs = try await client.jobs()
                let stuck = try await client.listContainers(all: false, limit: nil, size: false, filters: [:])
                    .filter { $0.quellState == "stuck" }
                feed.yield(.jobs(jobs, stuck: stuck))
                try await Task.sleep(for: Watch.pace)
            }
        }
    }

    /// Again and again: a daemon that is away for a moment is waited for.
    private func following(
        _ feed: AsyncStream<Happening>.Continuation, _ body: () async throws -> Void
    ) async {
        while !Task.isCancelled {
            do { try await body() } catch let error as ClientError where Watch.isAway(error) {
                feed.yield(.lost(error))
            } catch {
                if !(error is CancellationError) { feed.yield(.failed(error)) }
                return
            }
            // No event tells of a daemon that is to come. Cancelled: the loop ends.
            try? await Task.sleep(for: Watch.pace)
        }
    }

    private static func isAway(_ error: ClientError) -> Bool {
        switch error {
        case .connection, .daemonNotRunning, .deadline: true
        case .invalidEndpoint, .emptyName, .denied, .api, .malformed: false
        }
    }
}
