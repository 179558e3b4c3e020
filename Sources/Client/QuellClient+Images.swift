public import APITypes

extension QuellClient {
    public func listImages(all: Bool = false, filters: Filters = [:]) async throws -> [ImageSummary] {
        try await value(
            Request(.get, ["images", "json"], query: .init(["all": all.ifTrue, "filters": try filters.encoded()])))
    }

    /// The answer of an inspection as the daemon wrote it.
    public func inspectImageJSON(_ image: String) async throws -> [UInt8] {
        try await bytes(Request(.get, ["images", image, "json"]))
    }

    public func imageHistory(_ image: String) async throws -> [ImageHistoryItem] {
        try await value(Request(.get, ["images", image, "history"]))
    }

    public func tagImage(_ image: String, repository: String, tag: String) async throws {
        try await perform(
            Request(.post, ["images", image, "tag"], query: [("repo", repository), ("tag", tag)]))
    }

    public func removeImage(_ image: String, force: Bool, noPrune: Bool) async throws -> [ImageDeleteItem] {
        try await value(
            Request(
                .delete, ["images", image], query: .init(["force": force.ifTrue, "noprune": noPrune.ifTrue]),
                deadlines: .transfer))
    }

    public func pruneImages(filters: Filters = [:]) async throws -> PruneReport {
        try await value(
            Request(.post, ["images", "prune"], query: .init(["filters": try filters.encoded()]), deadlines: .transfer))
    }

    /// Loads images from a docker-archive or an OCI archive, those for one platform if one is named; progress comes line by
    /// line.
    /// - Throws: `ClientError.api` also for an error inside the stream.
    public func loadImages(
        _ archive: any AsyncSequence<[UInt8], any Error> & Sendable, quiet: Bool, platform: ContentPlatform? = nil,
        _ progress: (ProgressLine) async throws -> Void
    ) async throws {
        let wish = try platform.map { String(decoding: try DockerJSON.encode($0), as: UTF8.self) }
        try await follow(
            Request(
                .post, ["images", "load"], query: .init(["quiet": quiet ? "1" : "0", "platform": wish]),
                body: .stream(archive, contentType: "application/x-tar"), deadlines: .streaming), progress)
    }

    /// Makes an image of one layer from a tar archive, plain or compressed.
    public func importImage(
        _ archive: any AsyncSequence<[UInt8], any Error> & Sendable, repository: String?, tag: String?,
        message: String?, changes: [String], platform: String?, _ progress: (ProgressLine) async throws -> Void
    ) async throws {
        let parameters: KeyValuePairs<String, String?> = [
            "fromSrc": "-", "repo": repository, "tag": tag, "message": message, "platform": platform,
        ]
        try await follow(
            Request(
                .post, ["images", "create"],
                query: .init(parameters) + changes.map { (name: "changes", value: $0) },
                body: .stream(archive, contentType: "application/x-tar"), deadlines: .streaming), progress)
    }

    func follow(_ request: Request, _ progress: (ProgressLine) async throws -> Void) async throws {
        try await lines(request, as: ProgressLine.self) { line in
            if let message = line.errorDetail?.message ?? line.error {
                throw ClientError.api(status: 500, message: message)
            }
            try await progress(line)
        }
    }

    /// Images as one tar archive.
    public func saveImages(_ images: [String], _ body: (ByteStream) async throws -> Void) async throws {
        let request = Request(
            .get, ["images", "get"], query: images.map { (name: "names", value: $0) }, deadlines: .transfer)
        try await exchange(request) { try await body(try await $0.checked().body) }
    }
}
