// Options are parsed by a small parser of our own: docker's command lines must work unchanged, and the public parsers
// for Swift refuse or misread some of them (`--entrypoint=`, `--rm=false`, `run IMAGE cmd ---`).

/// What the shell may complete.
enum Completion: Hashable, Sendable {
    case none, files, directories, containers, runningContainers, images, volumes
    /// A path in a container, or here.
    case copyPlaces
    case words([String])
}

/// Why the text of an option cannot be used.
struct ValueFault: Error, Hashable {
    let fault: String
    /// The form that works: `a size such as 512m or 2g`.
    let expected: String

    init(_ fault: String, expected: String) { (self.fault, self.expected) = (fault, expected) }
}

/// An option as the command line knows it.
protocol OptionSpec: Sendable {
    /// Without dashes.
    var name: String { get }
    var short: Character? { get }
    /// Other long names that mean the same.
    var aliases: [String] { get }
    /// What stands for the value in help; nil for a flag.
    var placeholder: String? { get }
    var help: String { get }
    var completion: Completion { get }
    func check(_ text: String) throws(ValueFault)
}

/// A switch: `--rm`, `--sig-proxy=false`.
struct Flag: OptionSpec {
    let name: String
    let short: Character?
    let aliases: [String]
    let help: String
    let standard: Bool
    let placeholder: String? = nil
    let completion = Completion.none

    init(
        _ name: String, short: Character? = nil, aliases: [String] = [], default standard: Bool = false, _ help: String
    ) {
        (self.name, self.short, self.aliases, self.standard, self.help) = (name, short, aliases, standard, help)
    }

    static func parse(_ text: String) throws(ValueFault) -> Bool {
        switch text.lowercased() {
        case "1", "t", "true": return true
        case "0", "f", "false": return false
        default: throw ValueFault("it is no truth value", expected: "true or false")
        }
    }

    func check(_ text: String) throws(ValueFault) { _ = try Flag.parse(text) }
}

/// An option with a value, which is `Value` made of its text.
struct ValueOption<Value, Counting>: OptionSpec {
    let name: String
    let short: Character?
    let aliases: [String]
    let placeholder: String?
    let help: String
    let completion: Completion
    let parse: @Sendable (String) throws(ValueFault) -> Value

    init(
        _ name: String, short: Character? = nil, aliases: [String] = [], _ placeholder: String, _ help: String,
        completion: Completion = .none, parse: @escaping @Sendable (String) throws(ValueFault) -> Value
    ) {
        (self.name, self.short, self.aliases, self.placeholder) = (name, short, aliases, placeholder)
        (self.help, self.completion, self.parse) = (help, completion, parse)
    }

    func check(_ text: String) throws(ValueFault) { _ = try parse(text) }
}

/// What counts of an option that is given several times.
enum LastCounts {}
enum EveryoneCounts {}

/// The last one given counts.
typealias Option<Value> = ValueOption<Value, LastCounts>
/// May be given many times; every value counts, in order.
typealias Repeated<Value> = ValueOption<Value, EveryoneCounts>

extension ValueOption where Value == String {
    init(
        _ name: String, short: Character? = nil, aliases: [String] = [], _ placeholder: String, _ help: String,
        completion: Completion = .none
    ) {
        self.init(name, short: short, aliases: aliases, placeholder, help, completion: completion) { $0 }
    }
}

extension ValueOption where Value == Int {
    init(
        _ name: String, short: Character? = nil, aliases: [String] = [], _ placeholder: String, _ help: String,
        in range: ClosedRange<Int>
    ) {
        self.init(name, short: short, aliases: aliases, placeholder, help) { (text) throws(ValueFault) in
            let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
            guard let number = Int(text) else { throw ValueFault("it is no whole number", expected: expected) }
            guard range.contains(number) else { throw ValueFault("it is out of range", expected: expected) }
            return number
        }
    }
}
