/// The command line: `quell-unpack MODE [--option[=value]]... [DIRECTORY]`.
struct Arguments {
    let mode: String
    private var flags: Set<String> = []
    private var values: [String: String] = [:]
    private var directory: String?

    init(_ words: ArraySlice<String>) throws(Fault) {
        guard let mode = words.first else { throw Fault(.usage, Arguments.usage) }
        self.mode = mode
        for word in words.dropFirst() {
            if !word.hasPrefix("--") {
                guard directory == nil else { throw Fault(.usage, "one directory only: \(word)") }
                directory = word
            } else if let equals = word.firstIndex(of: "=") {
                values[String(word[word.index(word.startIndex, offsetBy: 2)..<equals])] =
                    String(word[word.index(after: equals)...])
            } else {
                flags.insert(String(word.dropFirst(2)))
            }
        }
    }

    static let usage = """
        quell-unpack is started by quelld. Modes: unpack, pack, list, decompress, status, probe. \
        quell-unpack unpack [--whiteouts=none|overlay|apply] [--echo] [--uncompressed] [--plain] \
        [--owner=UID:GID] [--keep-kinds] [--path=DIRECTORY] [--end-mark] [--write-back] [--sync] [--maximum-bytes=N] \
        [--maximum-entries=N] DIRECTORY
        """

    func has(_ flag: String) -> Bool { flags.contains(flag) }
    func value(_ name: String) -> String? { values[name] }

    func number(_ name: String, default standard: Int64) throws(Fault) -> Int64 {
        guard let text = values[name] else { return standard }
        guard let number = Int64(text), number >= 0 else { throw Fault(.usage, "--\(name): not a number: \(text)") }
        return number
    }

    /// The directory to be confined to.
    func root() throws(Fault) -> String {
        guard let directory else { throw Fault(.usage, "which directory? " + Arguments.usage) }
        return directory
    }
}
