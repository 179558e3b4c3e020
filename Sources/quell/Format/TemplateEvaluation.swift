extension Template {
    /// The text the template makes of a value.
    func render(_ value: JSONValue) throws(TemplateError) -> String {
        var evaluation = TemplateEvaluation(root: value)
        return try evaluation.render(nodes, value)
    }
}

private struct TemplateEvaluation {
    private var variables: [String: JSONValue]

    init(root: JSONValue) { variables = ["$": root] }

    mutating func render(_ nodes: [TemplateNode], _ dot: JSONValue) throws(TemplateError) -> String {
        var out = ""
        for node in nodes {
            switch node {
            case .text(let text): out += text
            case .output(let pipeline):
                let value = try evaluate(pipeline, dot)
                if pipeline.variables.isEmpty { out += value.goText } else { variables[pipeline.variables[0]] = value }
            case .branch(let branch, let pipeline, let body, let otherwise):
                let before = variables
                out += try render(branch, pipeline, body, otherwise, dot)
                variables = before
            }
        }
        return out
    }

    private mutating func render(
        _ branch: TemplateNode.Branch, _ pipeline: TemplatePipeline, _ body: [TemplateNode],
        _ otherwise: [TemplateNode], _ dot: JSONValue
    ) throws(TemplateError) -> String {
        let value = try evaluate(pipeline, dot)
        guard value.isTrue else { return try render(otherwise, dot) }
        if branch != .range, let name = pipeline.variables.first { variables[name] = value }
        switch branch {
        case .if: return try render(body, dot)
        case .with: return try render(body, value)
        case .range:
            var out = ""
            for (key, element) in try value.elements() {
                if let last = pipeline.variables.last { variables[last] = element }
                if pipeline.variables.count == 2 { variables[pipeline.variables[0]] = key }
                out += try render(body, element)
            }
            return out
        }
    }

    private func evaluate(_ pipeline: TemplatePipeline, _ dot: JSONValue) throws(TemplateError) -> JSONValue {
        var result: JSONValue?
        for command in pipeline.commands {
            var arguments: [JSONValue] = []
            for operand in command.dropFirst() { arguments.append(try evaluate(operand, dot)) }
            if let result { arguments.append(result) }
            if case .function(let name) = command[0] {
                result = try TemplateFunctions.call(name, arguments)
            } else {
                guard arguments.isEmpty else { throw TemplateError("\(command[0]) is no function") }
                result = try evaluate(command[0], dot)
            }
        }
        return result ?? .null
    }

    private func evaluate(_ operand: TemplateOperand, _ dot: JSONValue) throws(TemplateError) -> JSONValue {
        switch operand {
        case .fields(let path): return try dot.field(path)
        case .variable(let name, let path):
            guard let value = variables[name] else { throw TemplateError("undefined variable \(name)") }
            return try value.field(path)
        case .function(let name): return try TemplateFunctions.call(name, [])
        case .literal(let value): return value
        case .parenthesised(let pipeline, let path): return try evaluate(pipeline, dot).field(path)
        }
    }
}

extension JSONValue {
    /// Follows names through objects. A name nobody has is an error that tells the names there are.
    func field(_ path: [String]) throws(TemplateError) -> JSONValue {
        var value = self
        for name in path {
            guard case .object(let members) = value else {
                throw TemplateError("there is no field .\(name) in \(value.kind)")
            }
            // Docker's types say .ID where their JSON says Id.
            guard
                let member = members.first(where: { $0.key == name })
                    ?? members.first(where: { $0.key.lowercased() == name.lowercased() })
            else {
                throw TemplateError(
                    "there is no field .\(name); there are .\(members.map(\.key).joined(separator: ", ."))")
            }
            value = member.value
        }
        return value
    }

    var isTrue: Bool {
        switch self {
        case .null: false
        case .bool(let truth): truth
        case .number(let digits): Double(digits) != 0
        case .string(let text): !text.isEmpty
        case .array(let items): !items.isEmpty
        case .object(let members): !members.isEmpty
        }
    }

    func elements() throws(TemplateError) -> [(JSONValue, JSONValue)] {
        switch self {
        case .array(let items): items.enumerated().map { (.int($0), $1) }
        case .object(let members): members.sorted { $0.key < $1.key }.map { (.string($0.key), $0.value) }
        case .null: []
        case .bool, .number, .string: throw TemplateError("range over \(kind)")
        }
    }

    var kind: String {
        switch self {
        case .null: "nothing"
        case .bool: "a truth value"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// As Go prints it with %v.
    var goText: String {
        switch self {
        case .null: "<no value>"
        case .bool(let truth): "\(truth)"
        case .number(let digits): digits
        case .string(let text): text
        case .array(let items): "[" + items.map(\.goText).joined(separator: " ") + "]"
        case .object(let members):
            "map[" + members.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.goText)" }.joined(separator: " ")
                + "]"
        }
    }
}

/// Docker's and Go's functions.
enum TemplateFunctions {
    static func call(_ name: String, _ arguments: [JSONValue]) throws(TemplateError) -> JSONValue {
        switch name {
        case "json": return .string(try one(name, arguments).compact)
        case "upper": return .string(try one(name, arguments).goText.uppercased())
        case "lower": return .string(try one(name, arguments).goText.lowercased())
        case "title":
            let words = try one(name, arguments).goText.split(separator: " ", omittingEmptySubsequences: false)
            return .string(words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined(separator: " "))
        case "len": return .int(try length(try one(name, arguments)))
        case "print": return .string(arguments.map(\.goText).joined())
        case "println": return .string(arguments.map(\.goText).joined(separator: " ") + "\n")
        case "printf": return .string(try printf(arguments))
        case "join": return try join(arguments)
        case "split": return try split(arguments)
        case "truncate": return try truncate(arguments)
        case "pad": return try pad(arguments)
        case "index": return try index(arguments)
        case "not": return .bool(!(try one(name, arguments).isTrue))
        case "and": return try some(name, arguments).first { !$0.isTrue } ?? arguments[arguments.count - 1]
        case "or": return try some(name, arguments).first { $0.isTrue } ?? arguments[arguments.count - 1]
        case "eq":
            guard arguments.count > 1 else { throw TemplateError("eq needs two arguments") }
            return .bool(arguments.dropFirst().contains { $0.goText == arguments[0].goText })
        case "ne", "lt", "le", "gt", "ge": return try compare(name, arguments)
        default: throw TemplateError("function \"\(name)\" not defined")
        }
    }

    private static func one(_ name: String, _ arguments: [JSONValue]) throws(TemplateError) -> JSONValue {
        guard arguments.count == 1 else { throw TemplateError("\(name) takes one argument, not \(arguments.count)") }
        return arguments[0]
    }

    private static func some(_ name: String, _ arguments: [JSONValue]) throws(TemplateError) -> [JSONValue] {
        guard !arguments.isEmpty else { throw TemplateError("\(name) needs arguments") }
        return arguments
    }

    private static func two(_ name: String, _ arguments: [JSONValue]) throws(TemplateError) -> (JSONValue, JSONValue) {
        guard arguments.count == 2 else { throw TemplateError("\(name) takes two arguments, not \(arguments.count)") }
        return (arguments[0], arguments[1])
    }

    private static func length(_ value: JSONValue) throws(TemplateError) -> Int {
        switch value {
        case .string(let text): text.utf8.count
        case .array(let items): items.count
        case .object(let members): members.count
        case .null: 0
        case .bool, .number: throw TemplateError("len of \(value.kind)")
        }
    }

    private static func join(_ arguments: [JSONValue]) throws(TemplateError) -> JSONValue {
        let (list, separator) = try two("join", arguments)
        return .string(try list.elements().map(\.1.goText).joined(separator: separator.goText))
    }

    private static func split(_ arguments: [JSONValue]) throws(TemplateError) -> JSONValue {
        let (text, separator) = try two("split", arguments)
        guard !separator.goText.isEmpty else { return .array(text.goText.map { .string(String($0)) }) }
        return .array(
            text.goText.split(separator: separator.goText, omittingEmptySubsequences: false).map { .string(String($0)) }
        )
    }

    private static func truncate(_ arguments: [JSONValue]) throws(TemplateError) -> JSONValue {
        let (text, count) = try two("truncate", arguments)
        guard let count = Int(count.goText), count >= 0 else { throw TemplateError("truncate needs a length") }
        return .string(String(text.goText.prefix(count)))
    }

    private static func pad(_ arguments: [JSONValue]) throws(TemplateError) -> JSONValue {
        guard arguments.count == 3, let before = Int(arguments[1].goText), let after = Int(arguments[2].goText),
            max(before, after) <= widest
        else { throw TemplateError("pad takes a text and two numbers up to \(widest)") }
        guard !arguments[0].goText.isEmpty else { return .string("") }
        return .string(
            String(repeating: " ", count: max(0, before)) + arguments[0].goText
                + String(repeating: " ", count: max(0, after)))
    }

    /// A key that an object does not have gives nothing, as with Go's maps of strings.
    private static func index(_ arguments: [JSONValue]) throws(TemplateError) -> JSONValue {
        var value = try some("index", arguments)[0]
        for key in arguments.dropFirst() {
            switch value {
            case .object: value = value[key.goText] ?? .string("")
            case .array(let items):
                guard let position = Int(key.goText), items.indices.contains(position) else {
                    throw TemplateError("index out of range: \(key.goText)")
                }
                value = items[position]
            case .null: return .string("")
            case .bool, .number, .string: throw TemplateError("index of \(value.kind)")
            }
        }
        return value
    }

    private static func compare(_ name: String, _ arguments: [JSONValue]) throws(TemplateError) -> JSONValue {
        let (first, second) = try two(name, arguments)
        if name == "ne" { return .bool(first.goText != second.goText) }
        let order: Int
        if let left = Double(first.goText), let right = Double(second.goText) {
            order = left < right ? -1 : left > right ? 1 : 0
        } else {
            order = first.goText < second.goText ? -1 : first.goText > second.goText ? 1 : 0
        }
        switch name {
        case "lt": return .bool(order < 0)
        case "le": return .bool(order <= 0)
        case "gt": return .bool(order > 0)
        default: return .bool(order >= 0)
        }
    }

    /// Blanks in a row; Go's own bound.
    private static let widest = 1_000_000

    /// `%s`, `%v`, `%d`, `%q`, `%t`, `%%`, with a width.
    private static func printf(_ arguments: [JSONValue]) throws(TemplateError) -> String {
        var values = try some("printf", arguments).dropFirst()
        var rest = arguments[0].goText[...]
        var out = ""
        while let letter = rest.popFirst() {
            guard letter == "%" else {
                out.append(letter)
                continue
            }
            let flags = rest.prefix { $0.isNumber || $0 == "-" }
            rest = rest.dropFirst(flags.count)
            guard let width = flags.isEmpty ? 0 : Int(flags), (-widest...widest).contains(width) else {
                throw TemplateError("printf: bad width %\(flags)")
            }
            guard let verb = rest.popFirst() else { throw TemplateError("printf: % at the end") }
            if verb == "%" {
                out.append("%")
                continue
            }
            guard "svdqt".contains(verb) else { throw TemplateError("printf: unknown verb %\(verb)") }
            guard let value = values.popFirst() else { throw TemplateError("printf: no argument for %\(verb)") }
            let text = verb == "q" ? JSONValue.quoted(value.goText) : value.goText
            let fill = String(repeating: " ", count: max(0, abs(width) - text.count))
            out += width < 0 ? text + fill : fill + text
        }
        return out
    }
}
