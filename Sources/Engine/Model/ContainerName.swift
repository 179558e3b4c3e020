/// Names of containers.
enum ContainerName {
    static func check(_ name: String) throws(EngineError) -> String {
        let bare = name.hasPrefix("/") ? String(name.dropFirst()) : name
        guard ObjectName.isValid(bare) else {
            throw .invalid("Invalid container name (\(bare)), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
        }
        return bare
    }

    /// `calm_otter`; from the third attempt on with a number.
    static func random(attempt: Int) -> String {
        let name = "\(adjectives.randomElement() ?? "calm")_\(animals.randomElement() ?? "otter")"
        return attempt < 3 ? name : name + String(Int.random(in: 10...99_999))
    }

    private static let adjectives = [
        "agile", "amber", "brave", "bright", "brisk", "calm", "candid", "clear", "clever", "cosy", "crisp", "daring",
        "eager", "early", "easy", "fair", "fast", "fine", "firm", "fond", "frank", "fresh", "gentle", "glad", "golden",
        "grand", "happy", "hardy", "honest", "humble", "jolly", "keen", "kind", "late", "light", "lively", "loyal",
        "lucid", "mellow", "merry", "mild", "modest", "neat", "nimble", "noble", "patient", "plain", "polite", "proud",
        "quick", "quiet", "rapid", "ready", "robust", "round", "serene", "sharp", "silent", "simple", "sleek", "smart",
        "smooth", "snug", "sober", "solid", "steady", "still", "sturdy", "subtle", "sunny", "swift", "tidy", "tough",
        "tranquil", "trusty", "vivid", "warm", "wary", "wise", "witty", "young", "zesty",
    ]
    private static let animals = [
        "adder", "alpaca", "badger", "beaver", "bison", "bittern", "boar", "bream", "buzzard", "carp", "civet", "cod",
        "condor", "coot", "crane", "cricket", "curlew", "deer", "dingo", "dolphin", "dormouse", "dove", "eagle", "eel",
        "egret", "elk", "falcon", "ferret", "finch", "fox", "gannet", "gecko", "gibbon", "goose", "grebe", "gull",
        "hare", "hawk", "heron", "hornet", "ibex", "ibis", "jackdaw", "jay", "kestrel", "kite", "lark", "lemur",
        "linnet", "lizard", "llama", "lynx", "magpie", "marten", "merlin", "mink", "mole", "moose", "newt", "ocelot",
        "osprey", "otter", "owl", "perch", "pike", "pipit", "plover", "puffin", "quail", "rabbit", "raven", "robin",
        "salmon", "seal", "shrew", "shrike", "skua", "snipe", "sparrow", "stoat", "stork", "swallow", "swan", "swift",
        "tapir", "teal", "tern", "thrush", "trout", "vole", "weasel", "whale", "wombat", "wren", "yak", "zebra",
    ]
}

/// Random identifiers, 64 hex digits.
enum Identifier {
    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let word = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - word.count) + word
        }.joined()
    }

    static func isWhole(_ text: some StringProtocol) -> Bool { text.utf8.count == 64 && isHex(text) }

    static func isHex(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
