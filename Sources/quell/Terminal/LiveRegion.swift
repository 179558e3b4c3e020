import Linux
import Synchronization

/// Lines at the bottom of a terminal that are drawn again and again. Draws nothing elsewhere.
final class LiveRegion: Sendable {
    private let output: Output
    private let drawn = Mutex(0)

    init(_ output: Output) { self.output = output }

    /// Replaces what was drawn before. Lines are cut at the width of the terminal.
    func draw(_ lines: [String]) throws {
        guard output.isTerminal else { return }
        let (height, width) = output.size ?? (24, 80)
        var shown = Array(lines.prefix(max(1, height - 2)))
        if shown.count < lines.count { shown[shown.count - 1] = "… and \(lines.count - shown.count + 1) more" }
        let text = shown.map { String(Printable.line($0).prefix(max(1, width - 1))) + "\n" }.joined()
        try drawn.withLock { count in
            try output.write(Array((LiveRegion.erasing(count) + text).utf8))
            count = shown.count
        }
    }

    /// Takes the lines away.
    func clear() throws {
        guard output.isTerminal else { return }
        try drawn.withLock { count in
            if count > 0 { try output.write(Array(LiveRegion.erasing(count).utf8)) }
            count = 0
        }
    }

    // To the first drawn line, then everything below away (ECMA-48 CPL and ED).
    private static func erasing(_ count: Int) -> String { count == 0 ? "" : "\u{1B}[\(count)F\u{1B}[J" }
}
