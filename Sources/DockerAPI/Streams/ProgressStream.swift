import APITypes
import Images
import NIOHTTP1

/// Progress of something long as Docker's stream of JSON lines. An error before the first line is an ordinary answer;
/// a later one is the last line.
struct ProgressStream: Sendable {
    let call: Call
    let quiet: Bool

    /// Runs `work`, which reports progress from any thread and gives the closing lines.
    func run(_ work: @escaping @Sendable (@escaping ImageProgressHandler) async throws -> [ProgressLine]) async throws {
        try await feed { feed in try await work { feed.send($0) } }
    }

    /// As `run`; `work` may also say lines of its own.
    func feed(_ work: @escaping @Sendable (ProgressFeed) async throws -> [ProgressLine]) async throws {
        let feed = ProgressFeed()
        let task = Task {
            defer { feed.finish() }
            return try await work(feed)
        }
        try await call.watched(alsoWhenStopping: false, leave: { task.cancel() }) {
            do {
                try await feed.forEach { lines in
                    guard !quiet else { return }
                    try await begin()
                    for line in lines { try await call.writeLine(line) }
                }
                let lines = try await task.value
                try await begin()
                for line in lines { try await call.writeLine(line) }
            } catch {
                task.cancel()
                try await tell(error)
            }
            try await call.exchange.endStream()
        }
    }

    private func begin() async throws {
        if call.exchange.isOpen { try await call.beginStream("application/json") }
    }

    private func tell(_ error: any Error) async throws {
        guard !call.exchange.isOpen, let failure = APIFailure(error) else { throw error }
        var line = ProgressLine()
        line.error = failure.message
        line.errorDetail = ProgressError()
        line.errorDetail?.code = Int(failure.status.code)
        line.errorDetail?.message = failure.message
        try await call.writeLine(line)
    }
}

extension ProgressLine {
    init(_ progress: ImageProgress) {
        self.init()
        id = progress.id
        status = progress.statusText
        guard progress.phase != .resolved else { return }
        progressDetail = ProgressDetail()
        guard progress.phase.isMeasured else { return }
        progressDetail?.current = Int(progress.current)
        progressDetail?.total = progress.total.map { Int($0) }
    }
}

extension ImageProgress {
    /// In Docker's words.
    fileprivate var statusText: String {
        switch phase {
        case .reading: "Reading archive"
        case .verifying: "Verifying Checksum"
        case .extracting: "Extracting"
        case .complete: "Complete"
        case .resolved: "Pulling from \(detail ?? "")"
        case .pulling: "Pulling fs layer"
        case .waiting: "Waiting"
        case .downloading: "Downloading"
        case .downloaded: "Download complete"
        case .pulled: "Pull complete"
        case .present: "Already exists"
        case .retrying: "Retrying in \(detail ?? "1") second\(detail == "1" ? "" : "s")"
        case .preparing: "Preparing"
        case .pushing: "Pushing"
        case .pushed: "Pushed"
        case .remote: "Layer already exists"
        case .mounted: "Mounted from \(detail ?? "")"
        }
    }
}

extension ImageProgress.Phase {
    /// It says how many bytes of how many.
    fileprivate var isMeasured: Bool {
        switch self {
        case .reading, .verifying, .extracting, .complete, .downloading, .pushing: true
        case .resolved, .pulling, .waiting, .downloaded, .pulled, .present, .retrying, .preparing, .pushed, .remote,
            .mounted:
            false
        }
    }
}
