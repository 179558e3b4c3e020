public import RegistryWire

/// `docker pull`.
public struct PullRequest: Sendable, Hashable {
    /// With a tag or a digest.
    public var reference: ImageReference
    /// `linux/arm64`, …; nil is this machine's.
    public var platform: String?
    public var credentials: RegistryCredentials?

    public init(reference: ImageReference) { self.reference = reference }
}

public struct PulledImage: Sendable, Hashable {
    public let image: Image
    /// What the tag stands for in the registry.
    public let digest: Digest
    /// The name stood for another image before, or for none.
    public let isNew: Bool
}

/// `docker push` of one tag.
public struct PushRequest: Sendable {
    public var reference: ImageReference
    public var credentials: RegistryCredentials?

    public init(reference: ImageReference) { self.reference = reference }
}

public struct PushedImage: Sendable, Hashable {
    /// Of the manifest, as the registry has it.
    public let digest: Digest
    /// Its bytes.
    public let size: Int64
}

/// What a registry says of a reference.
public struct RemoteImage: Sendable, Hashable {
    public let digest: Digest
    public let mediaType: String
    public let size: Int64
    public let platforms: [RegistryPlatform]
}
