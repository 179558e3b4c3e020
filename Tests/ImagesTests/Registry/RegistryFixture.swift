import Images
import Linux
import RegistryWire
import Synchronization
import TestKit
import Testing

/// A store that reaches registries by the real helper.
struct RegistryStore {
    let directory: TemporaryDirectory
    let store: ImageStore

    init(_ change: (inout RegistrySettings) -> Void = { _ in }, limits: ImageStore.Limits = .init()) throws {
        directory = try TemporaryDirectory("registry")
        store = try RegistryStore.open(directory.path + "/images", change, limits: limits)
    }

    static func open(
        _ path: String, _ change: (inout RegistrySettings) -> Void = { _ in }, limits: ImageStore.Limits = .init()
    ) throws -> ImageStore {
        var configuration = ImageStore.Configuration(directory: path, helper: try BuiltProduct.path("quell-unpack"))
        configuration.registry.helper = try BuiltProduct.path("quell-registry")
        configuration.registry.settings.certificates = path + "/no-certificates"
        change(&configuration.registry.settings)
        configuration.limits = limits
        configuration.deletesInBackground = false
        return try ImageStore(configuration)
    }

    func pull(
        _ name: String, platform: String? = nil, _ credentials: RegistryCredentials? = nil,
        _ progress: ImageProgressHandler? = nil
    ) async throws -> PulledImage {
        var request = PullRequest(reference: try ImageReference(name))
        (request.platform, request.credentials) = (platform, credentials)
        return try await store.pull(request, progress: progress)
    }

    func push(_ name: String, _ credentials: RegistryCredentials? = nil, _ progress: ImageProgressHandler? = nil)
        async throws -> PushedImage
    {
        var request = PushRequest(reference: try ImageReference(name))
        request.credentials = credentials
        return try await store.push(request, progress: progress)
    }

    /// What is in the store but its index.
    func contents() throws -> [String] {
        let found = try run(
            "/usr/bin/find",
            [directory.path + "/images", "-mindepth", "2", "-not", "-path", "*/diff/*", "-printf", "%P\n"])
        return found.split(separator: "\n").map(String.init).filter { $0 != "blobs/sha256" }.sorted()
    }
}

func fault(_ body: () async throws -> Void) async throws -> RegistryFault {
    let error = try await failure(body)
    guard case .registry(let fault) = error else { throw TestFailure("another error: \(error)") }
    return fault
}

/// A layer with one file of so many bytes that do not repeat.
func layer(_ name: String, bytes count: Int = 100) -> [UInt8] {
    var state: UInt64 = UInt64(count) &+ 88_172_645_463_325_252
    let data = (0..<count).map { _ -> UInt8 in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state)
    }
    return Tar { $0.add(name, .file, data) }.bytes
}

/// Notes what comes from any thread.
final class ProgressLog: Sendable {
    private let noted = Mutex<[ImageProgress]>([])
    func note(_ progress: ImageProgress) { noted.withLock { $0.append(progress) } }
    var phases: Set<ImageProgress.Phase> { Set(noted.withLock { $0 }.map(\.phase)) }
    func has(_ phase: ImageProgress.Phase, _ id: String) -> Bool {
        noted.withLock { $0 }.contains { $0.phase == phase && $0.id == id }
    }
}
