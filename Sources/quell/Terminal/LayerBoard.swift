import APITypes
import Lifecycle
import Linux

/// What moves between here and a registry: a line with a bar for each layer on a terminal, elsewhere a line for each step.
struct LayerBoard {
    private let output: Output
    private let region: LiveRegion
    private let quiet: Bool
    private var order: [String] = []
    private var lines: [String: ProgressLine] = [:]
    private var drawn = Instant(sinceBoot: .zero)
    private static let redraw = Duration.milliseconds(80)

    init(_ output: Output, quiet: Bool) {
        (self.output, self.quiet) = (output, quiet)
        region = LiveRegion(output)
    }

    mutating func show(_ line: ProgressLine) throws {
        guard !quiet, let status = line.status else { return }
        // The first line names the tag; it is no layer.
        guard let id = line.id, line.progressDetail != nil else {
            try settle()
            return try output.write((line.id.map { $0 + ": " } ?? "") + status + "\n")
        }
        guard output.isTerminal else {
            // Bars are for terminals; of a step that begins or ends one line is enough.
            let isNew = lines.updateValue(line, forKey: id)?.status != status
            if isNew { try output.write("\(id): \(status)\n") }
            return
        }
        if lines.updateValue(line, forKey: id) == nil { order.append(id) }
        let now = MonotonicClock.now()
        guard now - drawn >= LayerBoard.redraw else { return }
        drawn = now
        try draw()
    }

    /// What was drawn stays as it is now; what follows comes below.
    mutating func settle() throws {
        guard output.isTerminal, !order.isEmpty else { return }
        try region.clear()
        try output.write(order.compactMap { lines[$0].map(LayerBoard.text) }.map { $0 + "\n" }.joined())
        (order, lines) = ([], [:])
    }

    private func draw() throws { try region.draw(order.compactMap { lines[$0].map(LayerBoard.text) }) }

    static func text(_ line: ProgressLine) -> String {
        let head = "\(line.id ?? ""): \(line.status ?? "")"
        guard let current = line.progressDetail?.current, let total = line.progressDetail?.total, total > 0,
            current < total
        else { return head }
        let filled = min(30, current * 30 / total)
        let bar = String(repeating: "=", count: filled) + ">"
        return
            "\(head) [\(bar)\(String(repeating: " ", count: 31 - bar.count))] \(humanSize(current))/\(humanSize(total))"
    }
}
