/// A normalised image name by Docker's rules (distribution/reference): registry, repository, and a tag or a digest.
///
/// `busybox` is `docker.io/library/busybox:latest`; both print as `busybox:latest`.
public struct ImageReference: Hashable, Sendable, CustomStringConvertible, Comparable {
    /// `docker.io`, `localhost:5000`, …
    public let registry: String
    /// `library/busybox`, …
    public let repository: String
    public let tag: String?
    public let digest: Digest?

    /// Parses and normalises; a name without tag and digest gets the tag `latest`.
    /// - Throws: `.invalid` naming the part that is wrong and why.
    public init(_ text: String) throws(ImageError) {
        self = try ImageReference.parse(text, defaultTag: "latest")
    }

    /// Makes one from parts that are known to be good.
    init(registry: String, repository: String, tag: String?, digest: Digest?) {
        self.registry = registry
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// `docker.io/library/busybox:latest`
    public var canonical: String { "\(registry)/\(repository)" + suffix }
    /// As Docker shows it: `busybox:latest`, `user/app:1`, `quay.io/x/y:z`.
    public var familiar: String { familiarName + suffix }
    /// `familiar` without tag and digest.
    public var familiarName: String {
        guard registry == "docker.io" else { return "\(registry)/\(repository)" }
        let official = "library/"
        let rest = repository.dropFirst(official.count)
        return repository.hasPrefix(official) && !rest.contains("/") ? String(rest) : repository
    }
    public var description: String { familiar }

    private var suffix: String {
        (tag.map { ":" + $0 } ?? "") + (digest.map { "@" + $0.description } ?? "")
    }

    public static func < (left: ImageReference, right: ImageReference) -> Bool { left.canonical < right.canonical }
}
