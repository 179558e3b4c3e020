/// The texts of `--help`.
enum Help {
    static let width = 100

    static func text(of command: any Command.Type, path: [String]) -> String {
        let about = command.about
        let line = path.joined(separator: " ")
        var parts = ["Usage: \(line) [OPTIONS]" + (about.usage.isEmpty ? "" : " \(about.usage)"), about.summary + "."]
        if let details = about.details { parts.append(wrap(details, indent: 0)) }
        // `images` is another name of `image ls`, but not of `list`.
        if !about.aliases.isEmpty, path.last == about.name {
            let prefix = path.dropLast().joined(separator: " ")
            parts.append("Aliases: " + about.aliases.map { "\(prefix) \($0)" }.joined(separator: ", "))
        }
        parts.append(table("Options:", (command.options + [Global.deadline]).sorted { $0.name < $1.name }.map(row)))
        parts.append(examples(about.examples))
        return parts.joined(separator: "\n\n") + "\n"
    }

    static func text(of about: About, _ nodes: [CommandNode], path: [String]) -> String {
        let line = path.joined(separator: " ")
        let usage = path.count == 1 ? "Usage: \(line) [OPTIONS] COMMAND" : "Usage: \(line) COMMAND"
        var parts = [usage, about.summary + "."]
        if let details = about.details { parts.append(wrap(details, indent: 0)) }
        let groups = nodes.filter { if case .group = $0 { true } else { false } }
        let commands = nodes.filter { if case .group = $0 { false } else { true } }
        if path.count == 1 {
            parts.append(table("Management commands:", groups.map { ($0.name, $0.summary) }))
        }
        parts.append(table("Commands:", commands.map { ($0.name, $0.summary) }))
        if path.count == 1 { parts.append(table("Options:", Global.options.map(row))) }
        parts.append(examples(about.examples))
        parts.append("Run '\(line) COMMAND --help' for more about a command.")
        return parts.joined(separator: "\n\n") + "\n"
    }

    private static func row(_ option: any OptionSpec) -> (String, String) {
        let short = option.short.map { "-\($0), " } ?? "    "
        return (short + "--\(option.name)" + (option.placeholder.map { " \($0)" } ?? ""), option.help)
    }

    private static func table(_ title: String, _ rows: [(String, String)]) -> String {
        let left = min(34, (rows.map(\.0.count).max() ?? 0)) + 2
        let lines = rows.map { name, text in
            let gap =
                name.count + 2 > left
                ? "\n" + String(repeating: " ", count: left + 2) : String(repeating: " ", count: left - name.count)
            return "  " + name + gap + wrap(text, indent: left + 2)
        }
        return ([title] + lines).joined(separator: "\n")
    }

    private static func examples(_ examples: [(line: String, what: String)]) -> String {
        (["Examples:"] + examples.map { "  $ \($0.line)\n      \($0.what)" }).joined(separator: "\n")
    }

    private static func wrap(_ text: String, indent: Int) -> String {
        var lines: [String] = []
        for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
            var line = ""
            for word in paragraph.split(separator: " ") {
                if !line.isEmpty && line.count + word.count + 1 > width - indent {
                    lines.append(line)
                    line = ""
                }
                line += (line.isEmpty ? "" : " ") + word
            }
            lines.append(line)
        }
        return lines.joined(separator: "\n" + String(repeating: " ", count: indent))
    }
}
