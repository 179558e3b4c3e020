public import Linux

// Tars out of, and into, a root file system: `docker export` and `docker cp`. The root is a mounted rootfs, or
// /proc/<pid>/root, where a running container's volumes show too.
extension ImageStore {
    /// Tar of a whole root file system, without what is mounted in it. `output` is closed at the end.
    public func export(root: String, to output: consuming OwnedDescriptor) async throws(ImageError) {
        try await pack(root, [], ArchiveOutput(output))
    }

    /// Follows symbolic links in all but the last component, inside the root.
    /// - Throws: `.noSuchPath`.
    public func status(root: String, path: String) async throws(ImageError) -> PathStatus {
        try await onOwnThread { (cancellation) throws(ImageError) in
            var output: [UInt8] = []
            let job = HelperJob(
                helper: self.configuration.helper, arguments: ["status", "--path=" + path, root], archive: root,
                cancellation: cancellation)
            _ = try job.run(onOutput: { (bytes) throws(ImageError) in output += bytes })
            let fields = output.split(separator: 0, omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
            guard fields.count == 7, let mode = UInt32(fields[0]), let size = Int64(fields[1]),
                let seconds = Int64(fields[2]), let nanoseconds = Int64(fields[3])
            else { throw .system(operation: "status of", subject: path, errno: 0) }
            return PathStatus(
                name: fields[4], size: size, mode: mode, modified: seconds, modifiedNanoseconds: nanoseconds,
                linkTarget: fields[5])
        }
    }

    /// Tar of the file or directory at `path`, its names beginning with the last component of `path`: `./` if that is
    /// `.`, or the root. `output` is closed at the end.
    /// - Throws: `.noSuchPath`.
    public func copyOut(root: String, path: String, to output: consuming OwnedDescriptor) async throws(ImageError) {
        try await pack(root, ["--path=" + path], ArchiveOutput(output))
    }

    /// Unpacks a tar (plain or compressed) into a directory of the root.
    /// - Throws: `.noSuchPath`; `.conflict` if it is no directory, or a kind would change; `.badArchive`.
    public func copyIn(_ request: CopyInRequest, from source: consuming ArchiveSource) async throws(ImageError) {
        let input = try await ArchiveInput.opening(source)
        try await onOwnThread { (cancellation) throws(ImageError) in
            var arguments = ["unpack", "--path=" + request.path]
            if request.keepsKinds { arguments.append("--keep-kinds") }
            if !request.keepsOwners { arguments.append("--owner=\(request.user):\(request.group)") }
            let job = HelperJob(
                helper: self.configuration.helper, arguments: arguments + [request.root], archive: input.name,
                cancellation: cancellation)
            _ = try job.run(moving: input)
        }
    }

    private func pack(_ root: String, _ options: [String], _ output: ArchiveOutput) async throws(ImageError) {
        try await onOwnThread { (cancellation) throws(ImageError) in
            let job = HelperJob(
                helper: self.configuration.helper, arguments: ["pack"] + options + [root], archive: root,
                cancellation: cancellation)
            _ = try job.run(into: output)
        }
    }
}
