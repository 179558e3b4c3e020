import Linux
public import RegistryWire

extension ImageStore {
    /// Fetches an image: what is here already is not fetched, what an earlier try has left is continued. A name that stood
    /// for another image moves.
    public func pull(_ request: PullRequest, progress: ImageProgressHandler? = nil) async throws(ImageError)
        -> PulledImage
    {
        let platform = try RegistryPlatform.parsing(request.platform)
        // A layer that is unpacked is not yet "pull complete".
        var shown: ImageProgressHandler?
        if let progress { shown = { event in if event.phase != .complete { progress(event) } } }
        return try await onOwnThread { [shown] (cancellation) throws(ImageError) in
            try Ingest.run(self, cancellation, shown) { (ingest) throws(ImageError) in
                try Pull(ingest: ingest, request: request, platform: platform).run()
            }
        }
    }

    /// Sends an image under a name it has.
    public func push(_ request: PushRequest, progress: ImageProgressHandler? = nil) async throws(ImageError)
        -> PushedImage
    {
        try await onOwnThread { (cancellation) throws(ImageError) in
            try Ingest.run(self, cancellation, progress) { (ingest) throws(ImageError) in
                try Push(ingest: ingest, request: request).run()
            }
        }
    }

    /// Whether a registry takes the credentials.
    /// - Returns: a token to be kept instead of the password, where the registry gives one.
    public func checkLogin(registry: String, _ credentials: RegistryCredentials) async throws(ImageError) -> String? {
        try await ask(.login, registry: registry, repository: "", "", credentials).identityToken
    }

    public func describe(_ reference: ImageReference, _ credentials: RegistryCredentials?) async throws(ImageError)
        -> RemoteImage
    {
        let outcome = try await ask(
            .describe, registry: reference.registry, repository: reference.repository, reference.remoteName, credentials
        )
        guard let digest = outcome.digest.flatMap({ Digest($0) }), let type = outcome.mediaType else {
            throw .system(operation: "describe", subject: reference.familiar, errno: 0)
        }
        return RemoteImage(
            digest: digest, mediaType: type, size: outcome.size ?? 0, platforms: outcome.platforms ?? [])
    }

    /// Of a repository.
    public func remoteTags(_ reference: ImageReference, _ credentials: RegistryCredentials?) async throws(ImageError)
        -> [ImageReference]
    {
        let outcome = try await ask(
            .tags, registry: reference.registry, repository: reference.repository, "", credentials)
        return try (outcome.tags ?? []).map { (tag) throws(ImageError) in
            try ImageReference("\(reference.registry)/\(reference.repository):\(tag)")
        }
    }

    private func ask(
        _ task: RegistryJob.Task, registry: String, repository: String, _ reference: String,
        _ credentials: RegistryCredentials?
    ) async throws(ImageError) -> RegistryEvent.Outcome {
        try await onOwnThread { (cancellation) throws(ImageError) in
            var job = self.registryJob(
                task, registry: registry, repository: repository, reference, work: self.layout.temporary)
            job.credentials = credentials
            let run = try RegistryRun(job, helper: self.configuration.registry.helper, cancellation) { _ in }
            defer { run.end() }
            return try run.outcome()
        }
    }

    func registryJob(
        _ task: RegistryJob.Task, registry: String, repository: String, _ reference: String, work: String
    ) -> RegistryJob {
        var job = RegistryJob(
            task: task, registry: registry, repository: repository, reference: reference, host: .host,
            ingest: layout.ingest, work: work)
        job.settings = configuration.registry.settings
        job.limits.layers = configuration.limits.layers
        job.limits.blobBytes = configuration.limits.unpackedBytes
        return job
    }
}

extension ImageReference {
    /// As the registry calls it.
    var remoteName: String { digest?.description ?? tag ?? "latest" }
    /// The same repository, by digest.
    func at(_ digest: Digest) -> ImageReference {
        ImageReference(registry: registry, repository: repository, tag: nil, digest: digest)
    }
}

extension RegistryPlatform {
    /// This machine.
    static var host: RegistryPlatform { RegistryPlatform(os: "linux", architecture: Platform.architecture) }

    /// Whether an image that says so is for this platform; what is not said fits everything.
    func suits(_ os: String?, _ architecture: String?, _ variant: String?) -> Bool {
        func same(_ own: String?, _ other: String?) -> Bool {
            guard let own, let other, !other.isEmpty else { return true }
            return own == other
        }
        return same(self.os, os) && same(self.architecture, architecture) && same(self.variant, variant)
    }

    func suits(_ image: ImageConfiguration) -> Bool { suits(image.os, image.architecture, image.variant) }

    /// What may stand alone: Go's names for machines that Linux runs on, and others' for the same.
    private static let architectures: Set = [
        "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le",
        "riscv64",
        "s390x", "aarch64", "armel", "armhf", "i386", "x86_64", "x86-64",
    ]

    /// nil for nil and for an empty text.
    static func parsing(_ text: String?) throws(ImageError) -> RegistryPlatform? {
        guard let text, !text.isEmpty else { return nil }
        let parts = text.lowercased().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { (48...57).contains($0) || (97...122).contains($0) || $0 == 95 || $0 == 45 }
        }
        guard isPlain, (1...3).contains(parts.count) else {
            throw .invalid("platform \"\(text)\": expected OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT")
        }
        if parts.count == 1 {
            if parts[0] == "linux" { return .host }
            guard architectures.contains(parts[0]) else {
                throw .invalid("invalid platform \"\(text)\": unknown operating system or architecture")
            }
            return RegistryPlatform(os: "linux", architecture: parts[0])
        }
        guard parts[0] == "linux" else {
            throw .invalid("platform \"\(text)\": only images for linux can be used here")
        }
        return RegistryPlatform(os: parts[0], architecture: parts[1], variant: parts.count > 2 ? parts[2] : nil)
    }
}
