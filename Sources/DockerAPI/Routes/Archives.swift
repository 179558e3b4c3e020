import APITypes
import Engine
import FoundationEssentials
import NIOCore
import NIOHTTP1

extension API {
    var archiveRoutes: [Route] {
        [
            Route(.GET, "/containers/{id}/export") { call in
                try await stream(try await engine.exportContainer(try call.id), "application/octet-stream", [:], call)
            },
            Route(.HEAD, "/containers/{id}/archive") { call in
                let status = try await engine.statPath(in: try call.id, try call.archivePath)
                try await call.exchange.answer(.ok, headers: try status.header)
            },
            Route(.GET, "/containers/{id}/archive") { call in
                let (status, tar) = try await engine.getArchive(of: try call.id, try call.archivePath)
                try await stream(tar, "application/x-tar", try status.header, call)
            },
            Route(.PUT, "/containers/{id}/archive", putArchive),
        ]
    }

    private func putArchive(_ call: Call) async throws {
        var put = ArchivePut(path: try call.archivePath)
        put.noOverwriteDirNonDir = call.query.flag("noOverwriteDirNonDir")
        put.copyUIDGID = call.query.flag("copyUIDGID")
        let source = ByteStream { () async throws(EngineError) -> [UInt8]? in
            do {
                return try await call.exchange.nextBody().map { Array($0.readableBytesView) }
            } catch {
                throw .system("the archive broke off: the client left")
            }
        }
        try await engine.putArchive(into: try call.id, put, source: source)
        try await call.answer(.ok)
    }

    private func stream(_ bytes: ByteStream, _ type: String, _ headers: HTTPHeaders, _ call: Call) async throws {
        try await call.watched(alsoWhenStopping: false, leave: { bytes.close() }) {
            defer { bytes.close() }
            var headers = headers
            headers.replaceOrAdd(name: "Content-Type", value: type)
            try await call.exchange.beginStream(headers: headers)
            while let piece = try await bytes.next() { try await call.write(piece) }
            try await call.exchange.endStream()
        }
    }
}

extension Call {
    fileprivate var archivePath: String {
        get throws {
            guard let path = query.string("path") else { throw APIFailure.invalid("missing parameter: path") }
            return path
        }
    }
}

extension PathStat {
    /// As Docker sends it beside an archive.
    fileprivate var header: HTTPHeaders {
        get throws {
            ["X-Docker-Container-Path-Stat": try DockerJSON.encode(self).base64EncodedString()]
        }
    }
}
