import Linux
import Logging

/// One line of text on stderr for each event: time, level, message, then the particulars as `key=value`.
struct StderrLog: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(level: Logger.Level) { logLevel = level }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let particulars = metadata.merging(event.metadata ?? [:]) { _, own in own }
        var line = "\(WallTime.now().rfc3339) \(event.level) \(StderrLog.oneLine("\(event.message)"))"
        for (key, value) in particulars.sorted(by: { $0.key < $1.key }) {
            line += " \(key)=\(StderrLog.quoted("\(value)"))"
        }
        // Where stderr is closed there is nobody to tell.
        try? Descriptor.writeAll(2, Array((line + "\n").utf8))
    }

    private static func oneLine(_ text: String) -> String {
        text.contains(where: \.isNewline) ? text.split(whereSeparator: \.isNewline).joined(separator: "\\n") : text
    }

    private static func quoted(_ text: String) -> String {
        let text = oneLine(text)
        guard text.isEmpty || text.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"") + "\""
    }
}
