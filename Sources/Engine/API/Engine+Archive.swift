public import APITypes
import Images
import Lifecycle
import Linux

/// What is put into a container's file system.
public struct ArchivePut: Sendable {
    public var path: String
    public var noOverwriteDirNonDir = false
    public var copyUIDGID = false
    public init(path: String) { self.path = path }
}

extension Engine {
    /// Differences from the image; needs no mount and no running container.
    public func containerChanges(_ reference: String) async throws(EngineError) -> [ChangeItem] {
        let container = try core.container(reference)
        guard let image = Digest(container.snapshot.document.imageID) else { return [] }
        do {
            let changes = try await Job.wait(on: .helper) { () async throws(ImageError) in
                try await core.images.changes(of: image, container: container.paths.data)
            }
            return changes.map { change in
                var item = ChangeItem()
                (item.path, item.kind) = (change.path, change.kind.rawValue)
                return item
            }
        } catch { throw EngineError(error) }
    }

    /// The whole root file system as tar.
    public func exportContainer(_ reference: String) async throws(EngineError) -> ByteStream {
        let container = try core.container(reference)
        let rootfs = try await Rootfs.borrow(container)
        await container.post("export")
        return try ArchiveStream.make(core) { [images = core.images] output async throws(ImageError) in
            try await images.export(root: rootfs.path, to: output)
        } after: {
            await rootfs.giveBack()
        }
    }

    public func statPath(in reference: String, _ path: String) async throws(EngineError) -> PathStat {
        let rootfs = try await Rootfs.borrow(try core.container(reference), seesMounts: true)
        let found = Promise<Result<PathStat, EngineError>>()
        let look = Task { [images = core.images] in
            do throws(ImageError) {
                found.resolve(.success(PathStat(try await images.status(root: rootfs.path, path: path))))
            } catch { found.resolve(.failure(.archive(error, path, reference))) }
        }
        // What hangs is the helper's to suffer: cancelling kills it.
        let timer = core.reactor.after(.seconds(30)) {
            found.resolve(.failure(.timedOut("looking at \(path) in container \(reference) took longer than 30s")))
            look.cancel()
        }
        let result = await Job.wait(on: .helper) { await found.value() }
        core.reactor.cancel(timer)
        await rootfs.giveBack()
        return try result.get()
    }

    /// A tar of the file or directory, its names beginning with the last part of `path`.
    public func getArchive(of reference: String, _ path: String) async throws(EngineError) -> (PathStat, ByteStream) {
        let status = try await statPath(in: reference, path)
        let container = try core.container(reference)
        let rootfs = try await Rootfs.borrow(container, seesMounts: true)
        await container.post("archive-path")
        let stream = try ArchiveStream.make(core) { [images = core.images] output async throws(ImageError) in
            try await images.copyOut(root: rootfs.path, path: path, to: output)
        } after: {
            await rootfs.giveBack()
        }
        return (status, stream)
    }

    /// `source` gives the tar, plain or compressed.
    public func putArchive(into reference: String, _ put: ArchivePut, source: ByteStream) async throws(EngineError) {
        let container = try core.container(reference)
        try container.snapshot.document.checkWritable(put.path)
        let rootfs = try await Rootfs.borrow(container, seesMounts: true)
        let result = await Result.of { () async throws(EngineError) in
            let request = try await container.copyIn(put, root: rootfs.path)
            try await Job.wait(on: .helper) { () async throws(EngineError) in
                try await ArchiveStream.feed(core, source) { [images = core.images] input async throws(ImageError) in
                    try await images.copyIn(request, from: .stream(input, name: "request body"))
                }
            }
        }
        await rootfs.giveBack()
        do throws(EngineError) { try result.get() } catch {
            if case .notFound = error { throw .notFound(kind: "path", name: "\(put.path) in container \(reference)") }
            throw error
        }
        await container.post("extract-to-dir")
    }
}

extension Result where Failure == EngineError, Success: Sendable {
    static func of(_ body: () async throws(EngineError) -> Success) async -> Result {
        do throws(EngineError) { return .success(try await body()) } catch { return .failure(error) }
    }
}

extension EngineError {
    fileprivate static func archive(_ error: ImageError, _ path: String, _ reference: String) -> EngineError {
        if case .noSuchPath = error { return .notFound(kind: "path", name: "\(path) in container \(reference)") }
        return EngineError(error)
    }
}

extension ContainerDocument {
    /// What lies there in a container that runs: the innermost mount, or the root file system.
    fileprivate func checkWritable(_ path: String) throws(EngineError) {
        let innermost = mounts.filter { $0.covers(path) }.max { $0.target.utf8.count < $1.target.utf8.count }
        switch innermost?.readOnly {
        case true?: throw .forbidden("mounted volume is marked read-only (\(innermost?.target ?? ""))")
        case false?: break
        case nil: if host.readonlyRootfs { throw .forbidden("container rootfs is marked read-only") }
        }
    }
}

extension Container {
    /// Owners are those of the archive; with `copyUIDGID` everything belongs to the user the container runs as, where it
    /// names one. So does Docker, which looks the name up on the host.
    fileprivate func copyIn(_ put: ArchivePut, root: String) async throws(EngineError) -> CopyInRequest {
        var request = CopyInRequest(root: root, path: put.path)
        request.keepsKinds = put.noOverwriteDirNonDir
        if put.copyUIDGID, let name = document.config.user, !name.isEmpty {
            let user = try await lookUp(name, adding: [], in: paths.rootfs)
            (request.keepsOwners, request.user, request.group) = (false, user.uid, user.gid)
        }
        return request
    }
}

extension PathStat {
    fileprivate init(_ status: PathStatus) {
        self.init()
        (name, size, linkTarget) = (status.name, Int(status.size), status.linkTarget)
        mtime = Timestamp(seconds: Int(status.modified), nanoseconds: Int(status.modifiedNanoseconds)).description
        // Go's os.FileMode: permissions, and the kind in its high bits.
        var bits = Int(status.mode & 0o777)
        if status.mode & 0o4000 != 0 { bits |= 1 << 23 }
        if status.mode & 0o2000 != 0 { bits |= 1 << 22 }
        if status.mode & 0o1000 != 0 { bits |= 1 << 20 }
        switch status.mode & 0o170000 {
        case 0o040000: bits |= 1 << 31
        case 0o120000: bits |= 1 << 27
        case 0o060000: bits |= 1 << 26
        case 0o020000: bits |= 1 << 26 | 1 << 21
        case 0o010000: bits |= 1 << 25
        case 0o140000: bits |= 1 << 24
        default: break
        }
        mode = bits
    }
}
