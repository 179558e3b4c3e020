/// A template in the part of Go's language that docker's users write: fields, pipelines, calls, `if`, `range`, `with`,
/// variables, comments, and trimming by `{{-` and `-}}`.
struct Template: Sendable {
    let nodes: [TemplateNode]

    init(parsing text: String) throws(TemplateError) {
        var parser = TemplateParser(try TemplateLexer.cut(text))
        nodes = try parser.document()
    }
}

/// A template that cannot be read or followed.
struct TemplateError: Error, Hashable, CustomStringConvertible {
    let fault: String
    init(_ fault: String) { self.fault = fault }
    var description: String { "template: \(fault)" }
}

indirect enum TemplateNode: Hashable, Sendable {
    case text(String)
    case output(TemplatePipeline)
    case branch(Branch, pipeline: TemplatePipeline, body: [TemplateNode], otherwise: [TemplateNode])

    enum Branch: String, Sendable { case `if`, range, with }
}

/// Commands, each given the result of the one before as its last argument; the result may be kept in variables.
struct TemplatePipeline: Hashable, Sendable {
    var variables: [String]
    var commands: [[TemplateOperand]]
}

indirect enum TemplateOperand: Hashable, Sendable {
    /// `.A.B`
    case fields([String])
    /// `$x.A`
    case variable(String, [String])
    case function(String)
    case literal(JSONValue)
    case parenthesised(TemplatePipeline, [String])
}

/// Cuts a template into text and actions, and actions into words.
enum TemplateLexer {
    enum Piece: Hashable { case text(String), action([String]) }

    static func cut(_ template: String) throws(TemplateError) -> [Piece] {
        var pieces: [Piece] = []
        var rest = template[...]
        while let open = rest.firstRange(of: "{{") {
            var text = rest[..<open.lowerBound]
            rest = rest[open.upperBound...]
            if rest.hasPrefix("- ") {
                while text.last?.isWhitespace == true { text.removeLast() }
                rest = rest.dropFirst()
            }
            if !text.isEmpty { pieces.append(.text(String(text))) }
            guard let (action, after) = endOfAction(rest) else { throw TemplateError("an action without }}") }
            var inner = action
            rest = after
            if inner.hasSuffix(" -") {
                inner = inner.dropLast()
                rest = rest.drop { $0.isWhitespace }
            }
            if inner.drop(while: { $0.isWhitespace }).hasPrefix("/*") { continue }
            pieces.append(.action(try words(inner)))
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        return pieces
    }

    // Braces inside quotes do not end an action.
    private static func endOfAction(_ text: Substring) -> (Substring, Substring)? {
        var index = text.startIndex
        var quote: Character?
        while index < text.endIndex {
            let letter = text[index]
            if let open = quote {
                if letter == "\\" && open == "\"" { index = text.index(after: index) }
                if letter == open { quote = nil }
            } else if letter == "\"" || letter == "`" {
                quote = letter
            } else if text[index...].hasPrefix("}}") {
                return (text[..<index], text[text.index(index, offsetBy: 2)...])
            }
            guard index < text.endIndex else { return nil }
            index = text.index(after: index)
        }
        return nil
    }

    private static func words(_ action: Substring) throws(TemplateError) -> [String] {
        var words: [String] = []
        var rest = action[...]
        while let letter = rest.first {
            if letter.isWhitespace {
                rest.removeFirst()
            } else if letter == "\"" || letter == "`" {
                words.append(try quoted(&rest, letter))
            } else if letter == "|" || letter == "(" || letter == ")" || letter == "," {
                words.append(String(rest.removeFirst()))
            } else if rest.hasPrefix(":=") {
                words.append(":=")
                rest = rest.dropFirst(2)
            } else {
                let word = rest.prefix { !$0.isWhitespace && !"|(),\"`".contains($0) && $0 != ":" }
                guard !word.isEmpty else { throw TemplateError("unexpected \"\(letter)\"") }
                words.append(String(word))
                rest = rest.dropFirst(word.count)
            }
        }
        return words
    }

    // The word keeps its opening quote, to be known as a string.
    private static func quoted(_ rest: inout Substring, _ quote: Character) throws(TemplateError) -> String {
        rest.removeFirst()
        var text = ""
        while let letter = rest.popFirst() {
            if letter == quote { return "\"" + text }
            guard letter == "\\", quote == "\"", let escaped = rest.popFirst() else {
                text.append(letter)
                continue
            }
            switch escaped {
            case "n": text.append("\n")
            case "t": text.append("\t")
            case "r": text.append("\r")
            default: text.append(escaped)
            }
        }
        throw TemplateError("a quote is not closed")
    }
}

private struct TemplateParser {
    private var pieces: ArraySlice<TemplateLexer.Piece>

    init(_ pieces: [TemplateLexer.Piece]) { self.pieces = pieces[...] }

    mutating func document() throws(TemplateError) -> [TemplateNode] {
        let (nodes, end) = try nodes()
        guard end.isEmpty else { throw TemplateError("{{\(end.joined(separator: " "))}} without a beginning") }
        return nodes
    }

    /// Nodes up to `end` or `else`, whose words are returned; empty at the end of the text.
    private mutating func nodes() throws(TemplateError) -> ([TemplateNode], [String]) {
        var nodes: [TemplateNode] = []
        while let piece = pieces.popFirst() {
            switch piece {
            case .text(let text): nodes.append(.text(text))
            case .action(let words) where words.first == "end" || words.first == "else": return (nodes, words)
            case .action(let words):
                if let branch = TemplateNode.Branch(rawValue: words.first ?? "") {
                    nodes.append(try self.branch(branch, words.dropFirst()))
                } else {
                    nodes.append(.output(try pipeline(words)))
                }
            }
        }
        return (nodes, [])
    }

    private mutating func branch(
        _ branch: TemplateNode.Branch, _ words: ArraySlice<String>
    ) throws(TemplateError) -> TemplateNode {
        let condition = try pipeline(Array(words))
        let (body, end) = try nodes()
        var otherwise: [TemplateNode] = []
        if end.first == "else" {
            if end.count > 1 {
                guard let next = TemplateNode.Branch(rawValue: end[1]) else { throw TemplateError("else \(end[1])") }
                otherwise = [try self.branch(next, end.dropFirst(2))]
                return .branch(branch, pipeline: condition, body: body, otherwise: otherwise)
            }
            let (rest, closing) = try nodes()
            guard closing.first == "end" else { throw TemplateError("{{else}} without {{end}}") }
            otherwise = rest
        } else if end.isEmpty {
            throw TemplateError("{{\(branch.rawValue)}} without {{end}}")
        }
        return .branch(branch, pipeline: condition, body: body, otherwise: otherwise)
    }

    private func pipeline(_ words: [String]) throws(TemplateError) -> TemplatePipeline {
        var words = words[...]
        var variables: [String] = []
        if let assignment = words.firstIndex(of: ":=") {
            variables = words[..<assignment].filter { $0 != "," }
            guard variables.allSatisfy({ $0.hasPrefix("$") && $0.count > 1 }) else {
                throw TemplateError(":= without a variable")
            }
            guard !variables.isEmpty else { throw TemplateError(":= without a variable") }
            words = words[(assignment + 1)...]
        }
        let commands = try self.commands(&words, closedBy: nil)
        return TemplatePipeline(variables: variables, commands: commands)
    }

    private func commands(
        _ words: inout ArraySlice<String>, closedBy closing: String?
    ) throws(TemplateError) -> [[TemplateOperand]] {
        var commands: [[TemplateOperand]] = [[]]
        while let word = words.popFirst() {
            if word == closing { return try checked(commands) }
            if word == "|" {
                commands.append([])
            } else {
                commands[commands.count - 1].append(try operand(word, &words))
            }
        }
        guard closing == nil else { throw TemplateError("a parenthesis is not closed") }
        return try checked(commands)
    }

    private func checked(_ commands: [[TemplateOperand]]) throws(TemplateError) -> [[TemplateOperand]] {
        guard commands.allSatisfy({ !$0.isEmpty }) else { throw TemplateError("an empty command") }
        return commands
    }

    private func operand(_ word: String, _ words: inout ArraySlice<String>) throws(TemplateError) -> TemplateOperand {
        if word == "(" {
            let inner = TemplatePipeline(variables: [], commands: try commands(&words, closedBy: ")"))
            guard let fields = words.first, fields.hasPrefix("."), fields.count > 1 else {
                return .parenthesised(inner, [])
            }
            words.removeFirst()
            return .parenthesised(inner, path(fields))
        }
        if word.hasPrefix("\"") { return .literal(.string(String(word.dropFirst()))) }
        if word.hasPrefix(".") { return .fields(path(word)) }
        if word.hasPrefix("$") {
            let parts = word.split(separator: ".").map(String.init)
            return .variable(parts[0], Array(parts.dropFirst()))
        }
        switch word {
        case "true", "false": return .literal(.bool(word == "true"))
        case "nil": return .literal(.null)
        case _ where Double(word) != nil: return .literal(.number(word))
        case _ where word.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }): return .function(word)
        default: throw TemplateError("unexpected \"\(word)\"")
        }
    }

    private func path(_ word: String) -> [String] { word.split(separator: ".").map(String.init) }
}
