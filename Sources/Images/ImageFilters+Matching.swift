extension ImageFilters {
    func apply(to state: StoreState) throws(ImageError) -> [Image] {
        let before = try before.map { (name) throws(ImageError) in try state.record(name) }
        let since = try since.map { (name) throws(ImageError) in try state.record(name) }
        let images = state.records.values.map { state.image($0) }
        let parents = hidesParents ? Set(state.records.values.compactMap(\.parent)) : []
        return images.filter { image in
            if image.isDangling, parents.contains(image.id) { return false }
            if let dangling, dangling != image.isDangling { return false }
            if let before, !(image.order < before.order) { return false }
            if let since, !(since.order < image.order) { return false }
            if let until, image.createdAt >= until { return false }
            return matchesLabels(image) && matchesReferences(image)
        }.sorted { $1.order < $0.order }
    }

    private func matchesLabels(_ image: Image) -> Bool {
        func has(_ filter: String) -> Bool {
            let parts = filter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let value = image.labels[String(parts[0])] else { return false }
            return parts.count == 1 || value == parts[1]
        }
        return labels.allSatisfy(has) && !excludedLabels.contains(where: has)
    }

    private func matchesReferences(_ image: Image) -> Bool {
        references.isEmpty || (image.tags + image.digests).contains(where: shows)
    }

    /// Of an image that is listed, whether this name of it is: Docker leaves out those that were not asked for. A pattern may
    /// be over the familiar name with or without the tag.
    public func shows(_ name: ImageReference) -> Bool {
        references.isEmpty
            || references.contains { pattern in
                glob(pattern, name.familiar) || glob(pattern, name.familiarName) || glob(pattern, name.canonical)
            }
    }
}

extension Image {
    /// By age; images of the same second by id.
    var order: (Int64, Digest) { (createdAt, id) }
}

extension StoreState.Record {
    var order: (Int64, Digest) { (createdAt, id) }
}

/// Go's path.Match: `*` and `?` do not match `/`; `[a-z]`, `[^a]`; `\` takes the next character literally.
func glob(_ pattern: String, _ text: String) -> Bool { glob(Array(pattern)[...], Array(text)[...]) }

private func glob(_ pattern: ArraySlice<Character>, _ text: ArraySlice<Character>) -> Bool {
    // Iterative for `*`: go back to the last one only, so that a hostile pattern takes no exponential time.
    var (pattern, text) = (pattern, text)
    var star: (pattern: ArraySlice<Character>, text: ArraySlice<Character>)?
    while true {
        if pattern.first == "*" {
            pattern = pattern.dropFirst()
            star = (pattern, text)
            continue
        }
        if pattern.isEmpty && text.isEmpty { return true }
        if let next = text.first, let rest = matchOne(pattern, next) {
            (pattern, text) = (rest, text.dropFirst())
            continue
        }
        guard let last = star, let skipped = last.text.first, skipped != "/" else { return false }
        star = (last.pattern, last.text.dropFirst())
        (pattern, text) = (last.pattern, last.text.dropFirst())
    }
}

/// What is left of the pattern after its first element, if that matches; else nil.
private func matchOne(_ pattern: ArraySlice<Character>, _ character: Character) -> ArraySlice<Character>? {
    guard let first = pattern.first else { return nil }
    let rest = pattern.dropFirst()
    switch first {
    case "?": return character == "/" ? nil : rest
    case "\\": return rest.first == character ? rest.dropFirst() : nil
    case "[": return matchClass(rest, character)
    default: return first == character ? rest : nil
    }
}

private func matchClass(_ pattern: ArraySlice<Character>, _ character: Character) -> ArraySlice<Character>? {
    guard let close = pattern.dropFirst().firstIndex(of: "]"), character != "/" else { return nil }
    var members = pattern[..<close]
    let negated = members.first == "^"
    if negated { members = members.dropFirst() }
    var found = false
    while let low = members.first {
        members = members.dropFirst()
        if members.first == "-", let high = members.dropFirst().first {
            found = found || (low <= high && (low...high).contains(character))
            members = members.dropFirst(2)
        } else {
            found = found || low == character
        }
    }
    return found != negated ? pattern[pattern.index(after: close)...] : nil
}
