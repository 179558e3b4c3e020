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
        if let usual = LogLine(usual: line) {
            self = usual
        } else {
            self.init(json: line)
        }
    }

    /// By anybody's hand.
    init?(json line: ArraySlice<UInt8>) {
        let form: Form
        do { form = try JSONDecoder().decode(Form.self, from: Data(line)) } catch { return nil }
        guard let log = form.log else { return nil }
        stream = form.stream == "stderr" ? .error : .output
        text = Array(log.utf8)
        time = form.time ?? ""
    }
}

extension LogLine {
    private static let head = Array(#"{"log":""#.utf8)
    private static let middles = [
        (Lifecycle.OutputStream.output, Array(#","stream":"stdout","time":""#.utf8)),
        (.error, Array(#","stream":"stderr","time":""#.utf8)),
    ]

    /// Just as the shim writes it, which is read many times faster than any JSON. Nil for everything else.
    init?(usual line: ArraySlice<UInt8>) {
        guard line.starts(with: LogLine.head), line.suffix(2).elementsEqual([34, 125]) else { return nil }
        var index = line.startIndex + LogLine.head.count
        var text: [UInt8] = []
        text.reserveCapacity(line.count)
        while index < line.endIndex, line[index] != 34 {
            if line[index] == 92 {
                guard let byte = LogLine.unescape(line[(index + 1)...], &index) else { return nil }
                text.append(byte)
            } else {
                text.append(line[index])
                index += 1
            }
        }
        let rest = line[min(index + 1, line.endIndex)...]
        guard let (stream, middle) = LogLine.middles.first(where: { rest.starts(with: $0.1) }) else { return nil }
        let time = rest.dropFirst(middle.count).dropLast(2)
        guard !time.contains(where: { $0 == 34 || $0 == 92 }) else { return nil }
        (self.stream, self.text, self.time) = (stream, text, String(decoding: time, as: UTF8.self))
    }

    /// What comes after a backslash; `index` is moved from the backslash past it.
    private static func unescape(_ rest: ArraySlice<UInt8>, _ index: inout Int) -> UInt8? {
        switch rest.first {
        case 34, 92: index += 2
        case 110, 114, 116: index += 2
        case 117:
            let digits = rest.dropFirst().prefix(4)
            guard digits.count == 4, digits.starts(with: [48, 48]),
                let byte = UInt8(String(decoding: digits.suffix(2), as: UTF8.self), radix: 16), byte < 0x80
            else { return nil }
            index += 6
            return byte
        default: return nil
        }
        switch rest.first {
        case 110: return 10
        case 114: return 13
        case 116: return 9
        default: return rest.first
        }
    }
}

/// Cuts a growing file into lines.
struct LineCutter: Sendable {
    /// A shim's lines are shorter by far: this is a damaged file, whose line is passed over.
    static let longest = 4 << 20

    private var rest: [UInt8] = []
    private var isOverlong = false

    /// The whole lines that these bytes complete, without their line feeds.
    mutating func add(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var from = rest.count
        rest += bytes
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        while let end = rest[from...].firstIndex(of: 10) {
            if !isOverlong { lines.append(rest[start..<end]) }
            isOverlong = false
            (start, from) = (end + 1, end + 1)
        }
        rest = Array(rest[start...])
        if rest.count > LineCutter.longest { (rest, isOverlong) = ([], true) }
        return lines
    }
}
