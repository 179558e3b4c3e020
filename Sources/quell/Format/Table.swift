/// Columns set as docker sets them: three spaces apart, ten wide at least, the last one ragged.
enum Table {
    static func text(_ rows: [[String]], minimum: Int = 10, gap: Int = 3) -> String {
        var widths: [Int] = []
        for row in rows {
            // A cell is set by its column only if another follows it.
            for (index, cell) in row.dropLast().enumerated() {
                let width = max(minimum, displayWidth(cell) + gap)
                if index < widths.count { widths[index] = max(widths[index], width) } else { widths.append(width) }
            }
        }
        return rows.map { row in
            row.enumerated().map { index, cell in
                index == row.count - 1
                    ? cell : cell + String(repeating: " ", count: widths[index] - displayWidth(cell))
            }.joined() + "\n"
        }.joined()
    }

    private static func displayWidth(_ text: String) -> Int { text.unicodeScalars.count }
}

/// How a list is to be printed: `--format`, or nothing.
enum OutputFormat: Sendable {
    case table
    /// A template whose cells are separated by tabs.
    case tableTemplate(Template)
    case template(Template)
    case json

    init(parsing text: String?) throws {
        guard let text, text != "table", !text.isEmpty else {
            self = .table
            return
        }
        if text == "json" {
            self = .json
        } else if text.hasPrefix("table ") {
            self = .tableTemplate(try Template(parsing: OutputFormat.unescaped(String(text.dropFirst(6)))))
        } else {
            self = .template(try Template(parsing: OutputFormat.unescaped(text)))
        }
    }

    // In a shell's single quotes `\t` arrives as two letters.
    private static func unescaped(_ text: String) -> String {
        text.split(separator: "\\t", omittingEmptySubsequences: false).joined(separator: "\t")
            .split(separator: "\\n", omittingEmptySubsequences: false).joined(separator: "\n")
    }
}

/// A list: what its columns are called, which are shown, and its rows.
struct Listing: Sendable {
    /// Field names with their headings, in the order of the full table.
    let headings: KeyValuePairs<String, String>
    /// The fields the table shows.
    let columns: [String]
    let rows: [JSONValue]

    func text(_ format: OutputFormat, heading: Bool = true) throws -> String {
        switch format {
        case .json: return rows.map { $0.compact + "\n" }.joined()
        case .template(let template): return try rows.map { try template.render($0) + "\n" }.joined()
        case .tableTemplate(let template):
            let lines = (heading ? [JSONValue.row(headings)] : []) + rows
            return Table.text(try lines.map { line in cells(try template.render(line)) })
        case .table:
            let first = columns.map { column in headings.first { $0.key == column }?.value ?? column }
            return Table.text((heading ? [first] : []) + rows.map { row in columns.map { row[$0]?.goText ?? "" } })
        }
    }

    private func cells(_ line: String) -> [String] {
        line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
}
