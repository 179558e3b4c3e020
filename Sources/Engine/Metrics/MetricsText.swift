/// Writes metrics as Prometheus reads them: its text format, version 0.0.4.
///
///     var text = MetricsText()
///     text.family("quell_containers", .gauge, "Containers by state.")
///     text.sample(["state": "running"], 3)
public struct MetricsText: Sendable {
    public enum Kind: String, Sendable { case counter, gauge, histogram }

    /// Labels, in the order in which they are written.
    public typealias Labels = KeyValuePairs<String, String>

    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    public private(set) var text = ""
    private var name = ""

    public init() {}

    /// Samples that follow are of this family. Its name appears once in a page, with all its samples behind it.
    public mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        text += "# HELP \(name) \(MetricsText.escapedHelp(help))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    public mutating func sample(_ value: Double) { sample([:], value) }

    public mutating func sample(_ value: some BinaryInteger) { sample([:], value) }

    public mutating func sample(_ labels: Labels, _ value: Double) {
        line(name, labels.map { ($0.key, $0.value) }, MetricsText.number(value))
    }

    public mutating func sample(_ labels: Labels, _ value: some BinaryInteger) {
        line(name, labels.map { ($0.key, $0.value) }, "\(value)")
    }

    public mutating func samples(_ labels: Labels, _ histogram: Histogram) {
        let own = labels.map { ($0.key, $0.value) }
        var sum: UInt64 = 0
        for (bound, count) in zip(histogram.bounds, histogram.counts) {
            sum += count
            line("\(name)_bucket", own + [("le", MetricsText.number(bound))], "\(sum)")
        }
        line("\(name)_bucket", own + [("le", "+Inf")], "\(histogram.count)")
        line("\(name)_sum", own, MetricsText.number(histogram.sum))
        line("\(name)_count", own, "\(histogram.count)")
    }

    private mutating func line(_ name: String, _ labels: [(String, String)], _ value: String) {
        text += name
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.0)=\"\(MetricsText.escapedLabel($0.1))\"" }
            text += "{" + pairs.joined(separator: ",") + "}"
        }
        text += " \(value)\n"
    }

    /// As Go reads numbers; whole ones without a fraction.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if value == value.rounded(), value.magnitude < 1e15 { return "\(Int64(value))" }
        return "\(value)"
    }

    /// Backslash, quotation mark and line feed are escaped; nothing else is.
    static func escapedLabel(_ text: String) -> String { escaped(text, quotes: true) }

    static func escapedHelp(_ text: String) -> String { escaped(text, quotes: false) }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        // By scalars: CR and LF would be one character.
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
