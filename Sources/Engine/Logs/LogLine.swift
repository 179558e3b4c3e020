import FoundationEssentials
import Lifecycle

/// A line of a json-file log.
struct LogLine: Hashable, Sendable {
    var stream: Lifecycle.OutputStream
    /// Without a line feed where the container wrote none (a part of a long line, or the last).
    var text: [UInt8]
    var time: String

    private struct Form: Decodable {
        var log: String?
        var stream: String?
        var time: String?
    }

    /// Nil for a line that is cut off or damaged: a reader passes over it.
    init?(parsing line: ArraySlice<UInt8>) {
        let form: Form
        do { form = try JSONDecoder().decode(Form.self, from: Data(line)) } catch { return nil }
        guard let log = form.log else { return nil }
        stream = form.stream == "stderr" ? .error : .output
        text = Array(log.utf8)
        time = form.time ?? ""
    }
}

/// Cuts a growing file into lines.
struct LineCutter: Sendable {
    private var rest: [UInt8] = []

    /// The whole lines that these bytes complete, without their line feeds.
    mutating func add(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        rest += bytes
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        while let end = rest[start...].firstIndex(of: 10) {
            lines.append(rest[start..<end])
            start = end + 1
        }
        rest = Array(rest[start...])
        return lines
    }
}
