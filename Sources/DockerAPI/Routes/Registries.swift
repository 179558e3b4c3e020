import APITypes
import Engine
import FoundationEssentials
import Images
import NIOHTTP1
import RegistryWire

// Images from and to registries.
extension API {
    var registryRoutes: [Route] {
        [
            Route(.POST, "/images/{name...}/push", pushImage),
            Route(.POST, "/auth", checkLogin),
            Route(.GET, "/distribution/{name...}/json", describeRemote),
        ]
    }

    /// `POST /images/create?fromImage=`. Without a tag all tags of the repository, as in Docker.
    func pullImage(_ name: String, _ call: Call) async throws {
        let credentials = try call.registryCredentials(isRequired: false)
        let platform = call.query.string("platform")
        let wanted = try ImageReference.pulling(name, tag: call.query.string("tag"))
        let progress = ProgressStream(call: call, quiet: false)
        try await progress.feed { feed in
            guard case .all(let repository) = wanted else {
                return try await pull(wanted.reference, platform, credentials, feed)
            }
            let tags = try await engine.remoteTags(repository, credentials)
            guard !tags.isEmpty else { throw APIFailure(.notFound, "\(repository.familiarName) has no tags") }
            for tag in tags {
                for line in try await pull(tag, platform, credentials, feed) { feed.send(line) }
            }
            return []
        }
    }

    private func pull(
        _ reference: ImageReference, _ platform: String?, _ credentials: RegistryCredentials?, _ feed: ProgressFeed
    ) async throws -> [ProgressLine] {
        var request = PullRequest(reference: reference)
        (request.platform, request.credentials) = (platform, credentials)
        let pulled = try await engine.pullImage(request) { feed.send($0) }
        let outcome = pulled.isNew ? "Downloaded newer image" : "Image is up to date"
        return ["Digest: \(pulled.digest)", "Status: \(outcome) for \(reference.familiar)"].map { text in
            var line = ProgressLine()
            line.status = text
            return line
        }
    }

    /// Without a tag all tags that are here.
    private func pushImage(_ call: Call) async throws {
        let name = try call.parameter("name")
        let credentials = try call.registryCredentials(isRequired: true)
        let tagged = call.query.string("tag").map { "\(name):\($0)" } ?? name
        let reference = try ImageReference(tagged)
        guard reference.digest == nil else { throw APIFailure.invalid("cannot push a digest reference") }
        let here = try engine.tags(of: reference)
        let isForAll = tagged == name && ImageReference.namesRepository(name)
        let references = isForAll ? here : here.filter { $0 == reference }
        guard !references.isEmpty else {
            throw APIFailure(
                .notFound, "An image does not exist locally with the tag: \(reference.familiarName)")
        }
        // An image is sent for the one platform it has here.
        if let platform = try call.platform(since: 46) {
            for reference in references {
                try platform.check(try engine.images.image(reference.familiar), named: reference.familiar)
            }
        }
        let progress = ProgressStream(call: call, quiet: false)
        try await progress.feed { feed in
            feed.say("The push refers to repository [\(reference.registry)/\(reference.repository)]")
            var closing: [ProgressLine] = []
            for reference in references {
                for line in closing { feed.send(line) }
                closing = try await push(reference, credentials, feed)
            }
            return closing
        }
    }

    private func push(_ reference: ImageReference, _ credentials: RegistryCredentials?, _ feed: ProgressFeed)
        async throws -> [ProgressLine]
    {
        var request = PushRequest(reference: reference)
        request.credentials = credentials
        let pushed = try await engine.pushImage(request) { feed.send($0) }
        let tag = reference.tag ?? ""
        var said = ProgressLine()
        said.status = "\(tag): digest: \(pushed.digest) size: \(pushed.size)"
        var fact = ProgressAux()
        (fact.tag, fact.digest, fact.size) = (tag, pushed.digest.description, Int(pushed.size))
        var told = ProgressLine()
        (told.progressDetail, told.aux) = (ProgressDetail(), fact)
        return [said, told]
    }

    private func checkLogin(_ call: Call) async throws {
        let config = try await call.json(AuthConfig.self)
        guard let credentials = config.credentials else {
            throw APIFailure.invalid("no username and password, and no token, to log in with")
        }
        let registry = try ImageReference.registry(ofServer: config.serveraddress ?? "")
        var response = AuthResponse()
        response.identityToken = try await engine.checkLogin(registry: registry, credentials) ?? ""
        response.status = "Login Succeeded"
        try await call.answer(.ok, json: response)
    }

    private func describeRemote(_ call: Call) async throws {
        let reference = try ImageReference(try call.parameter("name"))
        let found = try await engine.describeRemote(reference, try call.registryCredentials(isRequired: false))
        var answer = DistributionInspect()
        answer.descriptor.mediaType = found.mediaType
        answer.descriptor.digest = found.digest.description
        answer.descriptor.size = Int(found.size)
        answer.platforms = found.platforms.map { platform in
            var shown = ContentPlatform()
            (shown.os, shown.architecture, shown.variant) = (platform.os, platform.architecture, platform.variant)
            return shown
        }
        try await call.answer(.ok, json: answer)
    }
}

/// What a pull is about.
private enum Wanted {
    case one(ImageReference)
    /// Every tag of the repository.
    case all(ImageReference)

    var reference: ImageReference {
        switch self {
        case .one(let reference), .all(let reference): reference
        }
    }
}

extension ImageReference {
    /// `fromImage` and `tag`, which may also be a digest.
    fileprivate static func pulling(_ name: String, tag: String?) throws(ImageError) -> Wanted {
        guard let tag else {
            return namesRepository(name) ? .all(try ImageReference(name)) : .one(try ImageReference(name))
        }
        return .one(try ImageReference(name + (tag.contains(":") ? "@" : ":") + tag))
    }
}

extension AuthConfig {
    /// nil where there is nothing in it.
    var credentials: RegistryCredentials? {
        func given(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }
        let credentials = RegistryCredentials(
            username: given(username), password: given(password), identityToken: given(identitytoken),
            registryToken: given(registrytoken))
        return credentials == RegistryCredentials() ? nil : credentials
    }
}

extension Call {
    /// Of `X-Registry-Auth`. As in Docker a pull makes do with a header that cannot be read, a push does not.
    fileprivate func registryCredentials(isRequired: Bool) throws(APIFailure) -> RegistryCredentials? {
        guard let text = exchange.head.headers.first(name: "x-registry-auth"), !text.isEmpty else { return nil }
        var base64 = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }.prefix { $0 != "=" })
        base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        // What is wrong with it is not told: it may hold a password.
        if let data = Data(base64Encoded: base64), let config = try? DockerJSON.decode(AuthConfig.self, from: data) {
            return config.credentials
        }
        guard isRequired else { return nil }
        throw APIFailure.invalid("invalid X-Registry-Auth header: it is not JSON in base64url")
    }
}
