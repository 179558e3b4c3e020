public import APITypes
internal import FoundationEssentials

extension QuellClient {
    static let statHeader = "X-Docker-Container-Path-Stat"

    /// What a path inside a container is.
    public func statPath(in container: String, _ path: String) async throws -> PathStat {
        let request = Request(.head, ["containers", container, "archive"], query: [("path", path)])
        return try await exchange(request) { response in
            guard response.status != 404 else {
                throw ClientError.api(status: 404, message: "no such path: \(container):\(path)")
            }
            return try pathStat(try await response.checked())
        }
    }

    /// A file or directory of a container as a tar archive.
    public func getArchive<Value>(
        of container: String, _ path: String, _ body: (PathStat, ByteStream) async throws -> Value
    ) async throws -> Value {
        let request = Request(
            .get, ["containers", container, "archive"], query: [("path", path)], deadlines: .transfer)
        return try await exchange(request) { response in
            let response = try await response.checked()
            return try await body(try pathStat(response), response.body)
        }
    }

    /// Unpacks a tar archive into a directory of a container.
    public func putArchive(
        into container: String, _ path: String, copyUIDGID: Bool = false,
        archive: any AsyncSequence<[UInt8], any Error> & Sendable
    ) async throws {
        try await perform(
            Request(
                .put, ["containers", container, "archive"],
                query: .init([
                    "path": path, "noOverwriteDirNonDir": "true", "copyUIDGID": copyUIDGID ? "true" : nil,
                ]), body: .stream(archive, contentType: "application/x-tar"), deadlines: .transfer))
    }

    /// The whole root file system of a container as a tar archive.
    public func exportContainer(_ container: String, _ body: (ByteStream) async throws -> Void) async throws {
        try await exchange(Request(.get, ["containers", container, "export"], deadlines: .transfer)) {
            try await body(try await $0.checked().body)
        }
    }

    private func pathStat(_ response: Response) throws -> PathStat {
        guard let header = response.header(QuellClient.statHeader), let json = Data(base64Encoded: header) else {
            throw ClientError.malformed(call: response.call, reason: "header \(QuellClient.statHeader) is missing")
        }
        return try decode(PathStat.self, from: Array(json), call: response.call)
    }
}
