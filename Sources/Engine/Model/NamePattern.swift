/// A regular expression as Docker's filters by name have them, in the part of Go's syntax that names call for: text, `.`,
/// `[a-z]`, `[^a-z]`, `\d \w \s`, `( )`, `|`, `* + ?`, `^` and `$`.
///
/// It is run as a set of states, one pass over the name: no pattern takes longer than its length times the name's.
struct NamePattern: Sendable {
    private enum Step: Sendable {
        case byte(Set<UInt8>)
        case start
        case end
        /// Goes on at each of these at once.
        case split([Int])
        case found
    }

    /// Longer ones are no filters of names.
    static let longest = 1024

    private let steps: [Step]

    /// Nil where it is none, or has what is not known here.
    init?(_ text: String) {
        guard text.utf8.count <= NamePattern.longest else { return nil }
        var parser = Parser(Array(text.utf8))
        guard let node = parser.alternatives(depth: 0), parser.isAtEnd else { return nil }
        var program = Program()
        program.add(node)
        program.steps.append(.found)
        steps = program.steps
    }

    /// Whether some part of the text fits.
    func matches(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        var current: Set<Int> = []
        for position in 0...bytes.count {
            // A match may begin at any place.
            enter(0, position, bytes.count, &current)
            if current.contains(steps.count - 1) { return true }
            guard position < bytes.count else { break }
            var next: Set<Int> = []
            for index in current {
                guard case .byte(let set) = steps[index], set.contains(bytes[position]) else { continue }
                enter(index + 1, position + 1, bytes.count, &next)
            }
            current = next
        }
        return current.contains(steps.count - 1)
    }

    /// Follows what takes no byte.
    private func enter(_ first: Int, _ position: Int, _ count: Int, _ states: inout Set<Int>) {
        var waiting = [first]
        while let index = waiting.popLast() {
            guard states.insert(index).inserted else { continue }
            switch steps[index] {
            case .byte, .found: break
            case .start: if position == 0 { waiting.append(index + 1) }
            case .end: if position == count { waiting.append(index + 1) }
            case .split(let targets): waiting += targets
            }
        }
    }

    // MARK: reading

    private indirect enum Node {
        case byte(Set<UInt8>)
        case start
        case end
        case sequence([Node])
        case either([Node])
        /// `least` is 0 or 1.
        case repeated(Node, least: Int, unbounded: Bool)
    }

    private struct Program {
        var steps: [Step] = []

        mutating func add(_ node: Node) {
            switch node {
            case .byte(let set): steps.append(.byte(set))
            case .start: steps.append(.start)
            case .end: steps.append(.end)
            case .sequence(let nodes): for node in nodes { add(node) }
            case .either(let nodes): addEither(nodes)
            case .repeated(let node, let least, let unbounded): addRepeated(node, least, unbounded)
            }
        }

        private mutating func addEither(_ nodes: [Node]) {
            let fork = steps.count
            steps.append(.split([]))
            var (starts, ends): ([Int], [Int]) = ([], [])
            for node in nodes {
                starts.append(steps.count)
                add(node)
                ends.append(steps.count)
                steps.append(.split([]))
            }
            steps[fork] = .split(starts)
            for end in ends { steps[end] = .split([steps.count]) }
        }

        private mutating func addRepeated(_ node: Node, _ least: Int, _ unbounded: Bool) {
            let fork = steps.count
            if least == 0 { steps.append(.split([])) }
            let body = steps.count
            add(node)
            if unbounded { steps.append(.split([body, steps.count + 1])) }
            if least == 0 { steps[fork] = .split([body, steps.count]) }
        }
    }

    private struct Parser {
        private let bytes: [UInt8]
        private var position = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { position == bytes.count }
        private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func alternatives(depth: Int) -> Node? {
            guard depth < 32 else { return nil }
            var list: [Node] = []
            repeat {
                guard let sequence = sequence(depth) else { return nil }
                list.append(sequence)
            } while take("|")
            return list.count == 1 ? list[0] : .either(list)
        }

        private mutating func sequence(_ depth: Int) -> Node? {
            var list: [Node] = []
            while let byte = next, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
                guard let atom = atom(depth) else { return nil }
                list.append(repeated(atom))
            }
            return .sequence(list)
        }

        private mutating func repeated(_ node: Node) -> Node {
            if take("*") { return .repeated(node, least: 0, unbounded: true) }
            if take("+") { return .repeated(node, least: 1, unbounded: true) }
            if take("?") { return .repeated(node, least: 0, unbounded: false) }
            return node
        }

        private mutating func atom(_ depth: Int) -> Node? {
            guard let byte = next else { return nil }
            position += 1
            switch byte {
            case UInt8(ascii: "^"): return .start
            case UInt8(ascii: "$"): return .end
            case UInt8(ascii: "."): return .byte(Set(0...255).subtracting([UInt8(ascii: "\n")]))
            case UInt8(ascii: "["): return list().map { .byte($0) }
            case UInt8(ascii: "\\"): return escape().map { .byte($0) }
            case UInt8(ascii: "("):
                // Groups with flags or names are not known.
                guard next != UInt8(ascii: "?"), let inner = alternatives(depth: depth + 1), take(")") else {
                    return nil
                }
                return inner
            case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"): return nil
            default: return .byte([byte])
            }
        }

        /// `[a-z_]`, behind its bracket.
        private mutating func list() -> Set<UInt8>? {
            let isNegated = take("^")
            var set: Set<UInt8> = []
            var isFirst = true
            while let byte = next, byte != UInt8(ascii: "]") || isFirst {
                isFirst = false
                position += 1
                if byte == UInt8(ascii: "\\") {
                    guard let escaped = escape() else { return nil }
                    set.formUnion(escaped)
                } else if next == UInt8(ascii: "-"), position + 1 < bytes.count,
                    bytes[position + 1] != UInt8(ascii: "]")
                {
                    let last = bytes[position + 1]
                    guard byte <= last else { return nil }
                    set.formUnion(byte...last)
                    position += 2
                } else {
                    set.insert(byte)
                }
            }
            guard take("]") else { return nil }
            return isNegated ? Set(0...255).subtracting(set) : set
        }

        /// Behind its backslash.
        private mutating func escape() -> Set<UInt8>? {
            guard let byte = next else { return nil }
            position += 1
            let digits = Set(UInt8(ascii: "0")...UInt8(ascii: "9"))
            let letters = Set(UInt8(ascii: "a")...UInt8(ascii: "z")).union(UInt8(ascii: "A")...UInt8(ascii: "Z"))
            switch byte {
            case UInt8(ascii: "d"): return digits
            case UInt8(ascii: "w"): return digits.union(letters).union([UInt8(ascii: "_")])
            case UInt8(ascii: "s"): return [9, 10, 12, 13, 32]
            default: return digits.union(letters).contains(byte) ? nil : [byte]
            }
        }

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard next == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }
    }
}
