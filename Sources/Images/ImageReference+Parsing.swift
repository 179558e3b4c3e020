// The grammar of github.com/distribution/reference, as Docker applies it.
extension ImageReference {
    /// - Parameter defaultTag: given to a name without tag and digest; nil leaves it without.
    static func parse(_ text: String, defaultTag: String?) throws(ImageError) -> ImageReference {
        var rest = Substring(text)
        let digest = try takeDigest(&rest, text)
        let tag = try takeTag(&rest, text)
        guard !rest.isEmpty else { throw .invalid("invalid reference format: \"\(text)\" has no name") }
        if Digest(hex: String(rest)) != nil {
            throw .invalid("invalid repository name (\(rest)), cannot specify 64-byte hexadecimal strings")
        }
        let (registry, repository) = splitRegistry(rest)
        try checkRegistry(registry, text)
        try checkRepository(repository, text)
        guard registry.utf8.count + 1 + repository.utf8.count <= 255 else {
            throw .invalid("invalid reference format: repository name must not be more than 255 characters")
        }
        return ImageReference(
            registry: registry, repository: repository, tag: tag ?? (digest == nil ? defaultTag : nil), digest: digest)
    }

    /// Whether `text` names a repository only, without tag or digest.
    static func isNameOnly(_ text: String) -> Bool {
        // What cannot be read names nothing; why, is for those who want to use it as a name.
        guard let parsed = try? parse(text, defaultTag: nil) else { return false }
        return parsed.tag == nil && parsed.digest == nil
    }

    /// Whether `text` is a well-formed name of a repository, without tag or digest.
    public static func namesRepository(_ text: String) -> Bool { isNameOnly(text) }

    /// The registry that clients mean by a server's address: `https://index.docker.io/v1/`, `localhost:5000`.
    public static func registry(ofServer address: String) throws(ImageError) -> String {
        var host = Substring(address)
        for scheme in ["https://", "http://"] where host.hasPrefix(scheme) { host = host.dropFirst(scheme.count) }
        host = host.prefix { $0 != "/" }
        guard !host.isEmpty, !["index.docker.io", "registry-1.docker.io", "docker.io"].contains(host) else {
            return "docker.io"
        }
        try checkRegistry(String(host), address)
        return String(host)
    }

    private static func takeDigest(_ rest: inout Substring, _ text: String) throws(ImageError) -> Digest? {
        guard let at = rest.firstIndex(of: "@") else { return nil }
        let digest = rest[rest.index(after: at)...]
        guard let parsed = Digest(digest) else {
            throw .invalid("invalid reference format: \"\(digest)\" is not sha256: and 64 hexadecimal digits")
        }
        rest = rest[..<at]
        return parsed
    }

    private static func takeTag(_ rest: inout Substring, _ text: String) throws(ImageError) -> String? {
        guard let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") else { return nil }
        let tag = rest[rest.index(after: colon)...]
        let isTag =
            (1...128).contains(tag.utf8.count) && tag.utf8.allSatisfy { isWord($0) || $0 == dot || $0 == dash }
            && tag.utf8.first.map(isWord) == true
        guard isTag else {
            throw .invalid("invalid reference format: \"\(tag)\" is not a tag (letters, digits, _ . -; at most 128)")
        }
        rest = rest[..<colon]
        return String(tag)
    }

    /// The first part is a registry if it looks like a host; otherwise it belongs to Docker Hub's name.
    private static func splitRegistry(_ name: Substring) -> (String, String) {
        var registry = "docker.io"
        var repository = String(name)
        if let slash = name.firstIndex(of: "/") {
            let first = name[..<slash]
            let isHost =
                first.contains(".") || first.contains(":") || first == "localhost"
                || first != Substring(first.lowercased())
            if isHost {
                registry = first == "index.docker.io" ? "docker.io" : String(first)
                repository = String(name[name.index(after: slash)...])
            }
        }
        if registry == "docker.io", !repository.contains("/") { repository = "library/" + repository }
        return (registry, repository)
    }

    private static func checkRegistry(_ registry: String, _ text: String) throws(ImageError) {
        let fault = ImageError.invalid(
            "invalid reference format: \"\(registry)\" in \"\(text)\" is not a registry's host")
        var host = Substring(registry)
        if host.hasPrefix("[") {  // IPv6
            guard let close = host.firstIndex(of: "]") else { throw fault }
            let address = host[host.index(after: host.startIndex)..<close]
            guard !address.isEmpty, address.utf8.allSatisfy({ isHex($0) || $0 == colon }) else { throw fault }
            host = host[host.index(after: close)...]
            guard host.isEmpty || isPort(host.dropFirst(), after: host.first) else { throw fault }
            return
        }
        if let colon = host.firstIndex(of: ":") {
            guard isPort(host[host.index(after: colon)...], after: ":") else { throw fault }
            host = host[..<colon]
        }
        for label in host.split(separator: ".", omittingEmptySubsequences: false) {
            guard let first = label.utf8.first, let last = label.utf8.last, isAlphanumeric(first), isAlphanumeric(last),
                label.utf8.allSatisfy({ isAlphanumeric($0) || $0 == dash })
            else { throw fault }
        }
    }

    private static func isPort(_ text: Substring, after separator: Character?) -> Bool {
        separator == ":" && !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
    }

    private static func checkRepository(_ repository: String, _ text: String) throws(ImageError) {
        guard repository == repository.lowercased() else {
            throw .invalid("invalid reference format: repository name (\(repository)) must be lowercase")
        }
        for component in repository.split(separator: "/", omittingEmptySubsequences: false) {
            guard isComponent(component) else {
                throw .invalid(
                    "invalid reference format: \"\(component)\" in \"\(text)\" is not part of a repository's name")
            }
        }
    }

    /// `[a-z0-9]+` joined by one of `.`, `_`, `__`, or any number of `-`.
    private static func isComponent(_ component: Substring) -> Bool {
        var separator: [UInt8] = []
        var hasWord = false
        for byte in component.utf8 {
            if (48...57).contains(byte) || (97...122).contains(byte) {
                let joins =
                    separator.isEmpty || separator == [dot] || separator == [underscore]
                    || separator == [underscore, underscore] || separator.allSatisfy { $0 == dash }
                guard joins, hasWord || separator.isEmpty else { return false }
                separator = []
                hasWord = true
            } else {
                guard [dot, underscore, dash].contains(byte) else { return false }
                separator.append(byte)
            }
        }
        return hasWord && separator.isEmpty
    }
}

private let dot = UInt8(ascii: ".")
private let dash = UInt8(ascii: "-")
private let underscore = UInt8(ascii: "_")
private let colon = UInt8(ascii: ":")

private func isAlphanumeric(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
}
private func isWord(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || byte == underscore }
private func isHex(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte)
}
