import Images
import Lifecycle
import Linux
import Synchronization
import TestKit

/// A store in a directory of its own, and what tests do with it.
final class StoreFixture: Sendable {
    let directory: TemporaryDirectory
    let store: ImageStore

    init(limits: ImageStore.Limits = .init()) throws {
        directory = try TemporaryDirectory("images")
        store = try StoreFixture.open(directory.path + "/images", limits: limits)
    }

    static func open(_ path: String, limits: ImageStore.Limits = .init()) throws -> ImageStore {
        var configuration = ImageStore.Configuration(directory: path, helper: try BuiltProduct.path("quell-unpack"))
        configuration.limits = limits
        configuration.deletesInBackground = false
        return try ImageStore(configuration)
    }

    func reopened() throws -> ImageStore { try StoreFixture.open(directory.path + "/images") }

    /// Writes a file and gives its path.
    func file(_ name: String, _ bytes: [UInt8]) throws -> String { try directory.file(name, bytes) }

    @discardableResult
    func importing(_ tar: [UInt8], as name: String?, changes: [String] = []) async throws -> Image {
        var request = ImportRequest()
        request.reference = name
        request.changes = changes
        return try await store.importRootfs(from: .path(try file("rootfs.tar", tar)), request)
    }

    /// Blobs, layers and temporary files of the store: tests compare them before and after a failure.
    func contents() throws -> [String] {
        let found = try run(
            "/usr/bin/find",
            [directory.path + "/images", "-mindepth", "2", "-not", "-path", "*/diff/*", "-printf", "%P\n"])
        return found.split(separator: "\n").map(String.init).filter { $0 != "blobs/sha256" }.sorted()
    }
}

/// Names of the extended attributes of a file.
func attributes(of path: String) throws -> [String] {
    let command = "tar -P --xattrs --xattrs-include='*' -cf - \(path) | grep -a -o 'SCHILY.xattr.[^=]*' || true"
    return try run("/bin/sh", ["-c", command]).split(separator: "\n").map {
        String($0.dropFirst("SCHILY.xattr.".count))
    }
}

func run(_ program: String, _ arguments: [String], in directory: String? = nil) throws -> String {
    let result = try Command.run(program, arguments, in: directory)
    guard result.status.isSuccess else {
        throw TestFailure("\(program) \(arguments): \(result.status): \(result.errors)")
    }
    return result.output
}

/// The error an operation must end in.
func failure(_ body: () async throws -> Void) async throws -> ImageError {
    do {
        try await body()
    } catch let error as ImageError {
        return error
    }
    throw TestFailure("no error was thrown")
}

/// Carries a source into a closure that could run more than once, but does not.
final class SourceBox: Sendable {
    private let source: Mutex<ArchiveSource?>

    init(_ source: consuming ArchiveSource) { self.source = Mutex(consume source) }

    func take() throws -> ArchiveSource {
        let taken = source.withLock { $0.take() }
        guard let taken else { throw TestFailure("the source was taken already") }
        return taken
    }
}

extension TemporaryDirectory {
    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = try File.open(self(name), [.writeOnly, .create, .truncate])
        try file.writeAll(bytes)
        return self(name)
    }
}

/// The same for a descriptor.
final class DescriptorBox: Sendable {
    private let descriptor: Mutex<OwnedDescriptor?>

    init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = Mutex(consume descriptor) }

    func take() throws -> OwnedDescriptor {
        let taken = descriptor.withLock { $0.take() }
        guard let taken else { throw TestFailure("the descriptor was taken already") }
        return taken
    }
}
