/// Lists of `NAME=value`.
enum Environment {
    /// Sets or replaces a variable; a bare `NAME` removes it.
    static func set(_ entry: String, in list: inout [String]) {
        guard let name = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).first else {
            return
        }
        let isBare = !entry.contains("=")
        if let index = list.firstIndex(where: { $0.hasPrefix(name + "=") }) {
            if isBare { list.remove(at: index) } else { list[index] = entry }
        } else if !isBare {
            list.append(entry)
        }
    }

    /// `over` laid over `under`. A bare name in `over` is kept, so that it still removes an engine default later.
    static func merge(_ under: [String], _ over: [String]) -> [String] {
        var list = under
        for entry in over {
            set(entry, in: &list)
            if !entry.contains("=") { list.append(entry) }
        }
        return list
    }
}
