import FoundationEssentials
import Testing

/// An object of `quell stop --format json`, as a program of the user's would read it.
struct StopVerdict: Decodable {
    struct Task: Decodable {
        var pid: Int
        var tid: Int
        var comm: String
        var state: String
        var wchan: String?
        var sigkillPending: Bool
    }
    struct Finding: Decodable {
        var tasks: [Task]
        var message: String
    }

    var id: String
    var name: String
    var verdict: String
    var exitCode: Int?
    var signal: String?
    var rung: String?
    var how: String?
    var elapsedMs: Int
    var finding: Finding?

    /// The objects of an output with one a line.
    static func parse(_ output: String) throws -> [StopVerdict] {
        try output.split(separator: "\n").map { try JSONDecoder().decode(StopVerdict.self, from: Data($0.utf8)) }
    }

    /// The only one.
    static func one(_ end: Finished) throws -> StopVerdict {
        let all = try parse(end.output)
        return try #require(all.count == 1 ? all.first : nil, "one object expected: \(end.text)")
    }
}
