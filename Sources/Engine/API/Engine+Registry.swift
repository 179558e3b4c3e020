public import Images
import Lifecycle
public import RegistryWire

// Images from and to registries.
extension Engine {
    /// Fetches an image; joins a pull of the same under way. It is given up when all who waited were cancelled.
    public func pullImage(_ request: PullRequest, progress: @escaping ImageProgressHandler) async throws(ImageError)
        -> PulledImage
    {
        try await Job.wait(on: .registry) { () async throws(ImageError) in
            try await core.pulls.pull(request, progress: progress) { [self] (progress) throws(ImageError) in
                let pulled = try await images.pull(request, progress: progress)
                noteImageEvent(
                    action: "pull", id: request.reference.familiar, name: request.reference.familiarName)
                return pulled
            }
        }
    }

    public func pushImage(_ request: PushRequest, progress: @escaping ImageProgressHandler) async throws(ImageError)
        -> PushedImage
    {
        let pushed = try await Job.wait(on: .registry) { () async throws(ImageError) in
            try await images.push(request, progress: progress)
        }
        noteImageEvent(action: "push", id: request.reference.familiar, name: request.reference.familiarName)
        return pushed
    }

    /// The tags that images here have in a repository.
    public func tags(of repository: ImageReference) throws(ImageError) -> [ImageReference] {
        try images.images().flatMap(\.tags).filter {
            $0.registry == repository.registry && $0.repository == repository.repository
        }.sorted()
    }

    public func remoteTags(_ repository: ImageReference, _ credentials: RegistryCredentials?) async throws(ImageError)
        -> [ImageReference]
    {
        try await Job.wait(on: .registry) { () async throws(ImageError) in
            try await images.remoteTags(repository, credentials)
        }
    }

    /// - Returns: a token to be kept instead of the password, where the registry gives one.
    public func checkLogin(registry: String, _ credentials: RegistryCredentials) async throws(ImageError) -> String? {
        try await Job.wait(on: .registry) { () async throws(ImageError) in
            try await images.checkLogin(registry: registry, credentials)
        }
    }

    public func describeRemote(_ reference: ImageReference, _ credentials: RegistryCredentials?)
        async throws(ImageError) -> RemoteImage
    {
        try await Job.wait(on: .registry) { () async throws(ImageError) in
            try await images.describe(reference, credentials)
        }
    }
}
