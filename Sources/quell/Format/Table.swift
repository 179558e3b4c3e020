/// Columns set as docker sets them: three spaces apart, ten wide at least, the last one ragged.
enum Table {
    static func text(_ rows: [[String]], minimum: Int = 10, gap: Int = 3) -> String {
        let rows = rows.map { $0.map(Printable.line) }
        var widths: [Int] = []
        for row in rows {
            // A cell is set by its column only if another follows it.
            for (index, cell) in row.dropLast().enumerated() {
                let width = max(minimum, displayWidth(cell) + gap)
                if index < widths.count { widths[index] = max(widths[index], width) } else { widths.append(width) }
            }
        }
        var text = ""
        for row in rows {
            for (index, cell) in row.enumerated() {
                text += cell
                guard index < row.count - 1 else { continue }
                for _ in displayWidth(cell)..<widths[index] { text += " " }
            }
            text += "\n"
        }
        return text
    }

    /// Unicode scalars: bytes that do not continue one.
    private static func displayWidth(_ text: String) -> Int {
        text.utf8.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    }
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

/// A list: what its columns are called, which are shown, and its rows. A table makes only the cells it shows.
struct Listing {
    /// Field names with their headings, in the order of the full table.
    let headings: KeyValuePairs<String, String>
    /// The fields the table shows.
    let columns: [String]
    private let indices: Range<Int>
    private let row: (Int) -> JSONValue
    private let cell: (Int, String) -> String

    init(headings: KeyValuePairs<String, String>, columns: [String], rows: [JSONValue]) {
        (self.headings, self.columns, indices) = (headings, columns, rows.indices)
        row = { rows[$0] }
        cell = { rows[$0][$1]?.goText ?? "" }
    }

    /// - Parameter field: the text of a field, by its name in `headings`.
    init<Item>(
        headings: KeyValuePairs<String, String>, columns: [String], items: [Item],
        field: @escaping (Item, String) -> String
    ) {
        (self.headings, self.columns, indices) = (headings, columns, items.indices)
        row = { index in
            .object(headings.map { JSONValue.Member($0.key, .string(field(items[index], $0.key))) })
        }
        cell = { field(items[$0], $1) }
    }

    func text(_ format: OutputFormat, heading: Bool = true) throws -> String {
        switch format {
        case .json: return indices.map { row($0).compact + "\n" }.joined()
        case .template(let template): return try indices.map { try template.render(row($0)) + "\n" }.joined()
        case .tableTemplate(let template):
            let lines = (heading ? [JSONValue.row(headings)] : []) + indices.map(row)
            return Table.text(try lines.map { line in cells(try template.render(line)) })
        case .table:
            let first = columns.map { column in headings.first { $0.key == column }?.value ?? column }
            return Table.text((heading ? [first] : []) + indices.map { index in columns.map { cell(index, $0) } })
        }
    }

    private func cells(_ line: String) -> [String] {
        line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
}
