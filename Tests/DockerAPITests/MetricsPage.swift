import Testing

/// A page in Prometheus' text format 0.0.4, read strictly: what Prometheus would refuse is refused.
struct MetricsPage {
    struct Fault: Error, CustomStringConvertible {
        let description: String
        init(_ line: some StringProtocol, _ what: String) { description = "\(what): \(line)" }
    }

    struct Sample: Hashable {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    private(set) var samples: [Sample] = []
    /// Type by family.
    private(set) var types: [String: String] = [:]

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Fault(text.suffix(20), "the last line does not end") }
        var helped: Set<String> = []
        var current = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("# HELP ") {
                current = String(line.split(separator: " ", maxSplits: 3)[2])
                guard helped.insert(current).inserted else { throw Fault(line, "a family twice") }
            } else if line.hasPrefix("# TYPE ") {
                let words = line.split(separator: " ")
                guard words.count == 4, words[2] == current, ["counter", "gauge", "histogram"].contains(words[3]) else {
                    throw Fault(line, "a type out of place")
                }
                types[current] = String(words[3])
            } else {
                let sample = try MetricsPage.sample(line)
                guard family(of: sample) == current else { throw Fault(line, "a sample behind another family") }
                guard !samples.contains(where: { $0.name == sample.name && $0.labels == sample.labels }) else {
                    throw Fault(line, "a series twice")
                }
                samples.append(sample)
            }
        }
        try checkHistograms()
    }

    private func family(of sample: Sample) -> String {
        for suffix in ["_bucket", "_sum", "_count"] where sample.name.hasSuffix(suffix) {
            let family = String(sample.name.dropLast(suffix.count))
            if types[family] == "histogram" { return family }
        }
        return sample.name
    }

    /// `name{label="value",…} number`
    private static func sample(_ line: Substring) throws -> Sample {
        var rest = line
        func isName(_ character: Character) -> Bool {
            character.isASCII && (character.isLetter || character.isNumber || character == "_" || character == ":")
        }
        let name = rest.prefix(while: isName)
        guard let first = name.first, !first.isNumber else { throw Fault(line, "no name") }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                let label = rest.prefix(while: isName)
                rest = rest.dropFirst(label.count)
                guard !label.isEmpty, rest.hasPrefix("=\"") else { throw Fault(line, "a label") }
                rest = rest.dropFirst(2)
                labels[String(label)] = try value(&rest, line)
                if rest.first == "," { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        guard rest.first == " ", let number = Double(rest.dropFirst() == "+Inf" ? "inf" : rest.dropFirst()) else {
            throw Fault(line, "no number")
        }
        return Sample(name: String(name), labels: labels, value: number)
    }

    private static func value(_ rest: inout Substring, _ line: Substring) throws -> String {
        var text = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return text
            case "\\":
                switch rest.popFirst() {
                case "n": text += "\n"
                case "\\": text += "\\"
                case "\"": text += "\""
                default: throw Fault(line, "an escape")
                }
            default: text.append(character)
            }
        }
        throw Fault(line, "a value without an end")
    }

    /// Buckets grow with their bounds, and the last one has everything.
    private func checkHistograms() throws {
        for (family, type) in types where type == "histogram" {
            let buckets = samples.filter { $0.name == family + "_bucket" }
            for (labels, series) in Dictionary(grouping: buckets, by: { $0.labels.filter { $0.key != "le" } }) {
                let bounds = series.map { $0.labels["le"].flatMap { Double($0 == "+Inf" ? "inf" : $0) } ?? .nan }
                let values = series.map(\.value)
                guard zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }), bounds.last == .infinity,
                    zip(values, values.dropFirst()).allSatisfy({ $0 <= $1 }),
                    values.last == value(family + "_count", labels), value(family + "_sum", labels) != nil
                else { throw Fault("\(labels)", "the histogram \(family)") }
            }
        }
    }

    /// Of the series with exactly these labels.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }
}
