/// `[host[:port]/]path[:tag]` taken apart at the tag.
struct ImageName: Hashable, Sendable {
    let repository: String
    /// nil where none was given.
    let tag: String?

    init(_ text: String) {
        let slash = text.lastIndex(of: "/") ?? text.startIndex
        if let colon = text[slash...].lastIndex(of: ":") {
            (repository, tag) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
        } else {
            (repository, tag) = (text, nil)
        }
    }
}

/// `sha256:` taken away and twelve digits left.
func shortID(_ id: String, full: Bool = false) -> String {
    if full { return id }
    let digits = id.hasPrefix("sha256:") ? id.dropFirst(7) : id[...]
    return String(digits.prefix(12))
}
