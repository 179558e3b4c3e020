/// Credentials for a registry: the body of `POST /auth`, and in base64url the header `X-Registry-Auth`.
public struct AuthConfig: DockerObject {
    public var username: String?
    public var password: String?
    public var email: String?
    public var serveraddress: String?
    public var identitytoken: String?
    public var registrytoken: String?

    public init() {}
}

// Printed by mistake, it says nothing.
extension AuthConfig: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { "AuthConfig(…)" }
    public var debugDescription: String { description }
}

/// The answer of `POST /auth`.
public struct AuthResponse: DockerObject {
    public var status: String = ""
    /// To be kept instead of the password; empty where the registry gives none.
    public var identityToken: String = ""

    public init() {}

    enum CodingKeys: String, CodingKey {
        case status = "Status"
        case identityToken = "IdentityToken"
    }
}

/// What a registry says of an image.
public struct DistributionInspect: DockerObject, Hashable {
    public var descriptor = ContentDescriptor()
    public var platforms: [ContentPlatform] = []

    public init() {}

    enum CodingKeys: String, CodingKey {
        case descriptor = "Descriptor"
        case platforms = "Platforms"
    }
}

/// OCI image-spec, descriptor.md.
public struct ContentDescriptor: DockerObject, Hashable {
    public var mediaType: String = ""
    public var digest: String = ""
    public var size: Int = 0

    public init() {}
}

public struct ContentPlatform: DockerObject, Hashable {
    public var architecture: String = ""
    public var os: String = ""
    public var variant: String?

    public init() {}
}
