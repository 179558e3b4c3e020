/// Text that is shown as it is. Names, commands and process titles are a container's own; written to a terminal they
/// could move the cursor, change its title or type into it.
enum Printable {
    /// Control characters as Go's `%q` writes them, the new line and the tab aside.
    static func text(_ text: String) -> String { shown(text) { $0 == "\n" || $0 == "\t" } }

    /// A single line, or a cell.
    static func line(_ text: String) -> String { shown(text) { _ in false } }

    private static func shown(_ text: String, except isKept: (Unicode.Scalar) -> Bool) -> String {
        // Mostly there is nothing to show. C1 controls and the marks of direction are C2 and E2 in UTF-8.
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0xC2 || $0 == 0xE2 }) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if isKept(scalar) || !isControl(scalar) {
                result.append(scalar)
            } else {
                result.append(contentsOf: escape(scalar).unicodeScalars)
            }
        }
        return String(result)
    }

    /// C0, DEL, C1, and what turns the direction of the text that follows.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069: true
        case _: false
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        case _:
            let (prefix, width) = scalar.value < 0x80 ? ("\\x", 2) : ("\\u", 4)
            let digits = String(scalar.value, radix: 16)
            return prefix + String(repeating: "0", count: width - digits.count) + digits
        }
    }
}
