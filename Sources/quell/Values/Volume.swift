/// `-v`: `/path` (anonymous volume), `name:/path[:options]` or `/host/path:/path[:options]`.
enum VolumeArgument: Hashable, Sendable {
    case anonymous(String)
    /// As HostConfig.Binds has it.
    case bind(String)

    private static let expected = "[SOURCE:]/TARGET[:OPTIONS], such as data:/var/lib/db or /srv:/srv:ro"
    private static let modes: Set<String> = [
        "ro", "rw", "z", "Z", "nocopy", "copy", "consistent", "cached", "delegated", "shared", "rshared", "slave",
        "rslave", "private", "rprivate",
    ]

    init(parsing text: String) throws(ValueFault) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count) else {
            throw ValueFault("too many colons", expected: VolumeArgument.expected)
        }
        let target = parts.count == 1 ? parts[0] : parts[1]
        guard target.hasPrefix("/") else {
            throw ValueFault(
                "the path in the container, \"\(target)\", is not absolute", expected: VolumeArgument.expected)
        }
        guard parts.count > 1 else {
            self = .anonymous(target)
            return
        }
        guard !parts[0].isEmpty else { throw ValueFault("the source is empty", expected: VolumeArgument.expected) }
        guard target != "/" else { throw ValueFault("the target cannot be /", expected: VolumeArgument.expected) }
        let modes = parts.count == 3 ? parts[2].split(separator: ",").map(String.init) : []
        if let unknown = modes.first(where: { !VolumeArgument.modes.contains($0) }) {
            throw ValueFault("unknown option \"\(unknown)\"", expected: VolumeArgument.expected)
        }
        self = .bind(text)
    }

    /// With a relative host path made absolute.
    func resolved(in directory: String) -> VolumeArgument {
        guard case .bind(let text) = self, text.hasPrefix("."), let colon = text.firstIndex(of: ":") else {
            return self
        }
        return .bind(absolutePath(String(text[..<colon]), in: directory) + text[colon...])
    }
}

/// The path from the root, without `.` and `..`; links are not looked at.
func absolutePath(_ path: String, in directory: String) -> String {
    var parts: [Substring] = []
    for part in (path.hasPrefix("/") ? path : "\(directory)/\(path)").split(separator: "/") where part != "." {
        if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
}
