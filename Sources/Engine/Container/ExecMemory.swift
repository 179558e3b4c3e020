import APITypes
import Lifecycle

/// Which execs a container still knows: those whose end somebody may yet ask for, and not more than fit into a bounded
/// space.
enum ExecMemory {
    /// An end is remembered this long...
    static let span = Duration.seconds(300)
    /// ... and the last ones longer.
    static let lasting = 64
    /// Of the ended, and of those that were never started.
    static let most = 1024
    /// Likewise: what they were asked to run, in bytes. The newest stays, however large.
    static let weight = 16 << 20

    /// Nothing that is being started, or runs.
    static func toForget(_ records: some Collection<ExecRecord>, at now: Instant) -> [String] {
        var (created, ended): ([ExecRecord], [ExecRecord]) = ([], [])
        for record in records {
            switch record.phase {
            case .created: created.append(record)
            case .exited: ended.append(record)
            case .starting, .running: break
            }
        }
        created.sort { $0.number > $1.number }
        ended.sort { ($0.endedAt, $0.number) > ($1.endedAt, $1.number) }
        return excess(created) { _, _ in true }
            + excess(ended) { index, record in index < lasting || now - record.endedAt < span }
    }

    private static func excess(_ newestFirst: [ExecRecord], keeping: (Int, ExecRecord) -> Bool) -> [String] {
        var sum = 0
        var forgotten: [String] = []
        for (index, record) in newestFirst.enumerated() {
            sum += record.weight
            let fits = index < most && (index == 0 || sum <= weight)
            if !fits || !keeping(index, record) { forgotten.append(record.id) }
        }
        return forgotten
    }
}

extension ExecRecord {
    /// About what it takes in memory.
    var weight: Int {
        ((request.cmd ?? []) + (request.env ?? [])).reduce(256) { $0 + $1.utf8.count + 32 }
    }
}
