import NIOHTTP1
import Synchronization

/// A registry that takes blobs in chunks only, and holds its clients to the protocol (distribution-spec, "Pushing a blob in
/// chunks").
final class ChunkedUploads: Sendable {
    enum Disturbance: Sendable { case takesHalf, losesItsPlace }

    private struct State {
        var next = 0
        var open: [String: [UInt8]] = [:]
        var finished: [String: [UInt8]] = [:]
        var disturbances: [Disturbance] = []
    }

    private let status: Int
    private let leastChunk: Int
    private let mostChunk: Int
    private let state = Mutex(State())

    init(refusing status: Int, leastChunk: Int, mostChunk: Int) {
        (self.status, self.leastChunk, self.mostChunk) = (status, leastChunk, mostChunk)
    }

    /// By the digest that the client named.
    var finished: [String: [UInt8]] { state.withLock { $0.finished } }

    /// What happens to the next chunks.
    func disturb(_ disturbances: [Disturbance]) { state.withLock { $0.disturbances = disturbances } }

    func answer(_ request: RegistryServer.Request) -> RegistryServer.Reply {
        switch (request.method, request.path) {
        case ("HEAD", _): return .init(status: 404)
        case ("POST", _): return begin()
        case ("PATCH", _): return take(request)
        case ("PUT", "/upload"): return request.body.isEmpty ? finish(request) : .error(status, "UNSUPPORTED")
        case _: return .init(status: 201)
        }
    }

    private func begin() -> RegistryServer.Reply {
        state.withLock { state in
            state.next += 1
            state.open["\(state.next)"] = []
            let headers = [("location", "/upload?id=\(state.next)"), ("oci-chunk-min-length", "\(leastChunk)")]
            return .init(status: 202, headers: headers)
        }
    }

    private func id(of request: RegistryServer.Request) -> String {
        String(request.query.dropFirst("id=".count).prefix { $0 != "&" })
    }

    private func take(_ request: RegistryServer.Request) -> RegistryServer.Reply {
        let id = id(of: request)
        return state.withLock { state in
            guard let have = state.open[id] else { return .error(404, "BLOB_UPLOAD_UNKNOWN") }
            guard request.body.count <= mostChunk else { return .error(413, "SIZE_INVALID") }
            let range = "\(have.count)-\(have.count + request.body.count - 1)"
            guard request.headers.first(name: "content-range") == range else { return .error(416, "OUT_OF_ORDER") }
            var taken = request.body[...]
            switch state.disturbances.popLast() {
            case .takesHalf: taken = taken.prefix(taken.count / 2)
            case .losesItsPlace:
                state.open[id] = nil
                return .error(416, "OUT_OF_ORDER")
            case nil: break
            }
            state.open[id] = have + taken
            let headers = [("location", "/upload?id=\(id)"), ("range", "0-\(have.count + taken.count - 1)")]
            return .init(status: 202, headers: headers)
        }
    }

    private func finish(_ request: RegistryServer.Request) -> RegistryServer.Reply {
        state.withLock { state in
            guard let bytes = state.open.removeValue(forKey: id(of: request)),
                let digest = request.query.split(separator: "&").first(where: { $0.hasPrefix("digest=") })
            else { return .error(404, "BLOB_UPLOAD_UNKNOWN") }
            let name = digest.dropFirst("digest=".count).split(separator: "%3A").joined(separator: ":")
            state.finished[name] = bytes
            return .init(status: 201)
        }
    }
}
