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
        let (events, reports) = AsyncStream<ImageProgress>.makeStream(bufferingPolicy: .bufferingNewest(64))
        let task = Task {
            defer { reports.finish() }
            return try await work { progress in reports.yield(progress) }
        }
        try await call.watched(alsoWhenStopping: false, leave: { task.cancel() }) {
            do {
                try await relay(events)
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

    private func relay(_ events: AsyncStream<ImageProgress>) async throws {
        for await event in events where !quiet {
            try await begin()
            try await call.writeLine(ProgressLine(event))
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
        status = progress.phase.text
        progressDetail = ProgressDetail()
        progressDetail?.current = Int(progress.current)
        progressDetail?.total = progress.total.map { Int($0) }
    }
}

extension ImageProgress.Phase {
    /// In Docker's words.
    fileprivate var text: String {
        switch self {
        case .reading: "Reading archive"
        case .verifying: "Verifying Checksum"
        case .extracting: "Extracting"
        case .writing: "Writing"
        case .complete: "Complete"
        }
    }
}
