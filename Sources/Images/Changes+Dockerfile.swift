import Lifecycle

// `--change` of import and commit: the instructions of a Dockerfile that only touch the configuration.
extension ContainerDefaults {
    /// - Throws: `.invalid` naming the instruction and what is wrong with it.
    func applying(_ changes: [String]) throws(ImageError) -> ContainerDefaults {
        var defaults = self
        for change in changes { try defaults.apply(change) }
        return defaults
    }

    private mutating func apply(_ change: String) throws(ImageError) {
        let text = trimmed(change[...])
        let word = text.prefix { !$0.isWhitespace }
        let rest = trimmed(text.dropFirst(word.count))
        func fail(_ why: String) -> ImageError { .invalid("--change \"\(change)\": \(why)") }
        guard !rest.isEmpty else { throw fail("\(word.uppercased()) needs an argument") }
        switch word.uppercased() {
        case "CMD":
            cmd = command(rest)
            argsEscaped = nil
        case "ENTRYPOINT": entrypoint = command(rest)
        case "ENV":
            guard let pairs = pairs(rest) else { throw fail("ENV wants NAME=VALUE") }
            for (name, value) in pairs { setEnvironment(name, value) }
        case "LABEL":
            guard let pairs = pairs(rest) else { throw fail("LABEL wants KEY=VALUE") }
            labels = (labels ?? [:]).merging(pairs) { $1 }
        case "USER": user = String(rest)
        case "WORKDIR": workingDir = rest.hasPrefix("/") ? String(rest) : joined(workingDir ?? "/", rest)
        case "STOPSIGNAL":
            do throws(SignalError) { _ = try Signal(parsing: String(rest)) } catch { throw fail("\(error)") }
            stopSignal = String(rest)
        case "ONBUILD": onBuild = (onBuild ?? []) + [String(rest)]
        case "VOLUME":
            for path in jsonStrings(rest) ?? rest.split(whereSeparator: \.isWhitespace).map(String.init) {
                volumes = (volumes ?? [:]).merging([path: EmptyObject()]) { $1 }
            }
        case "EXPOSE":
            for port in rest.split(whereSeparator: \.isWhitespace) {
                guard let ports = expanded(port) else { throw fail("\(port) is no port (80, 53/udp, 7000-7010)") }
                exposedPorts = (exposedPorts ?? [:]).merging(ports.map { ($0, EmptyObject()) }) { $1 }
            }
        case "HEALTHCHECK":
            guard let check = Healthcheck(instruction: rest) else { throw fail("HEALTHCHECK wants NONE or CMD") }
            healthcheck = check
        case let other:
            throw fail(
                "\(other) is not a valid change: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER,"
                    + " VOLUME or WORKDIR")
        }
    }

    private mutating func setEnvironment(_ name: String, _ value: String) {
        var environment = env ?? []
        environment.removeAll { $0.hasPrefix(name + "=") }
        env = environment + [name + "=" + value]
    }

    /// Exec form as it is, shell form through a shell.
    private func command(_ text: Substring) -> [String] {
        jsonStrings(text) ?? (shell ?? ["/bin/sh", "-c"]) + [String(text)]
    }
}

extension ContainerDefaults.Healthcheck {
    /// `NONE`, or `[--interval=30s …] CMD command`.
    init?(instruction: Substring) {
        var rest = instruction
        self.init()
        if rest.uppercased() == "NONE" {
            test = ["NONE"]
            return
        }
        while rest.hasPrefix("--") {
            let word = rest.prefix { !$0.isWhitespace }
            rest = trimmed(rest.dropFirst(word.count))
            let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1)
            guard parts.count == 2, set(String(parts[0]), String(parts[1])) else { return nil }
        }
        guard rest.uppercased().hasPrefix("CMD"), rest.dropFirst(3).first?.isWhitespace == true else { return nil }
        rest = trimmed(rest.dropFirst(3))
        test = jsonStrings(rest).map { ["CMD"] + $0 } ?? ["CMD-SHELL", String(rest)]
    }

    private mutating func set(_ option: String, _ value: String) -> Bool {
        if option == "retries" {
            retries = Int(value)
            return retries != nil
        }
        guard let duration = goDuration(value) else { return false }
        switch option {
        case "interval": interval = duration
        case "timeout": timeout = duration
        case "start-period": startPeriod = duration
        case "start-interval": startInterval = duration
        default: return false
        }
        return true
    }
}

private func trimmed(_ text: Substring) -> Substring {
    var text = text
    while text.first?.isWhitespace == true { text = text.dropFirst() }
    while text.last?.isWhitespace == true { text = text.dropLast() }
    return text
}

private func jsonStrings(_ text: Substring) -> [String]? {
    guard text.first == "[" else { return nil }
    // As in a Dockerfile: a bracket that begins no list of strings begins a line for the shell.
    return try? decodeJSON([String].self, Array(text.utf8)).get()
}

/// `a=b "c d"='e f'`, or the old form `name the rest`. nil: neither.
private func pairs(_ text: Substring) -> [(String, String)]? {
    let words = quotedWords(text)
    guard let first = words.first else { return nil }
    if !first.contains("=") {
        let name = text.prefix { !$0.isWhitespace }
        let value = trimmed(text.dropFirst(name.count))
        return value.isEmpty ? nil : [(String(name), String(value))]
    }
    var pairs: [(String, String)] = []
    for word in words {
        guard let equals = word.firstIndex(of: "="), equals > word.startIndex else { return nil }
        pairs.append((String(word[..<equals]), String(word[word.index(after: equals)...])))
    }
    return pairs
}

/// Words, with quotes and backslashes taken away.
private func quotedWords(_ text: Substring) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var escaped = false
    for character in text {
        if escaped {
            word = (word ?? "") + String(character)
            escaped = false
        } else if character == "\\", quote != "'" {
            escaped = true
        } else if let open = quote {
            if character == open { quote = nil } else { word = (word ?? "") + String(character) }
        } else if character == "\"" || character == "'" {
            quote = character
            word = word ?? ""
        } else if character.isWhitespace {
            if let done = word { words.append(done) }
            word = nil
        } else {
            word = (word ?? "") + String(character)
        }
    }
    return words + (word.map { [$0] } ?? [])
}

private func joined(_ directory: String, _ path: Substring) -> String {
    (directory.hasSuffix("/") ? directory : directory + "/") + path
}

/// `80` → `80/tcp`; `7000-7001/udp` → both.
private func expanded(_ text: Substring) -> [String]? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    let transport = parts.count > 1 ? parts[1].lowercased() : "tcp"
    guard parts.count <= 2, ["tcp", "udp", "sctp"].contains(transport) else { return nil }
    let range = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
    guard range.count <= 2, let low = range.first ?? nil, let high = range.last ?? nil, low <= high else { return nil }
    return (low...high).map { "\($0)/\(transport)" }
}

/// Go's durations, such as `1m30s` and `1.5s`, in nanoseconds.
private func goDuration(_ text: String) -> Int64? {
    let units: [(String, Double)] = [("ms", 1e6), ("us", 1e3), ("ns", 1), ("h", 3600e9), ("m", 60e9), ("s", 1e9)]
    var rest = Substring(text)
    var total = 0.0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
        let number = rest.prefix { $0.isNumber || $0 == "." }
        rest = rest.dropFirst(number.count)
        guard let value = Double(number), let unit = units.first(where: { rest.hasPrefix($0.0) }) else { return nil }
        rest = rest.dropFirst(unit.0.count)
        total += value * unit.1
    }
    return total < 9e18 ? Int64(total) : nil
}
