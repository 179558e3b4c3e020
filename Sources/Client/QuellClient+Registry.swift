public import APITypes
internal import FoundationEssentials

extension QuellClient {
    /// Fetches an image from its registry; progress comes line by line.
    /// - Parameters:
    ///   - repository: with its registry, without a tag.
    ///   - tag: a tag or a digest; nil: every tag.
    /// - Throws: `ClientError.api` also for an error inside the stream.
    public func pullImage(
        _ repository: String, tag: String?, platform: String?, auth: AuthConfig?,
        _ progress: (ProgressLine) async throws -> Void
    ) async throws {
        var request = Request(
            .post, ["images", "create"],
            query: .init(["fromImage": repository, "tag": tag, "platform": platform]), deadlines: .streaming)
        try request.authorize(auth)
        try await follow(request, progress)
    }

    /// Sends an image to its registry. Without a tag: every tag of the repository.
    public func pushImage(
        _ repository: String, tag: String?, auth: AuthConfig?, _ progress: (ProgressLine) async throws -> Void
    ) async throws {
        var request = Request(
            .post, ["images", repository, "push"], query: .init(["tag": tag]), deadlines: .streaming)
        try request.authorize(auth ?? AuthConfig())
        try await follow(request, progress)
    }

    /// Asks the registry whether it takes the credentials.
    public func checkLogin(_ auth: AuthConfig) async throws -> AuthResponse {
        try await value(Request(.post, ["auth"], body: .encoding(auth), deadlines: .transfer))
    }
}

extension Request {
    /// `X-Registry-Auth`, in base64url.
    fileprivate mutating func authorize(_ auth: AuthConfig?) throws {
        guard let auth else { return }
        let text = try DockerJSON.encode(auth).base64EncodedString()
        let safe = String(text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
        headers.append((name: "X-Registry-Auth", value: safe))
    }
}
