import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import RegistryWire

/// Sends an image: its blobs, some at once, then its manifest.
struct ImagePush: Sendable {
    let job: RegistryJob
    let upload: RegistryUpload
    let registry: Remote
    let events: EventPipe
    /// Of uploads in one piece, once the registry has told.
    let refusal = WholeRefusal()

    func run() async throws(Fault) -> RegistryEvent.Outcome {
        for blob in upload.blobs { report(blob, .preparing) }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                var left = upload.blobs[...]
                for _ in 0..<max(1, job.settings.uploads) {
                    guard let blob = left.popFirst() else { break }
                    group.addTask { try await send(blob) }
                }
                while try await group.next() != nil {
                    if let blob = left.popFirst() { group.addTask { try await send(blob) } }
                }
            }
        } catch { throw error as? Fault ?? Fault(error, job.registry) }
        return try await putManifest()
    }

    // MARK: blobs

    private func send(_ blob: RegistryUpload.Blob) async throws(Fault) {
        var attempts = Attempts(limit: 5)
        attempts.onRetry = { fault, pause in
            report(blob, .retrying, detail: "\(max(1, pause.components.seconds))")
            events.complain("\(what(blob)): \(fault.message); next try in \(pause)")
        }
        try await attempts.run { () async throws(Fault) in try await trySending(blob) }
    }

    private func trySending(_ blob: RegistryUpload.Blob) async throws(Fault) {
        if try await isThere(blob) { return report(blob, .exists, blob.blob.size) }
        for source in blob.sources {
            switch try await begin(blob, mounting: source) {
            case .mounted: return report(blob, .mounted, blob.blob.size, detail: source)
            case .upload(let opened): return try await upload(blob, opened)
            case .refused: continue
            }
        }
        try await upload(blob, try await begin(blob))
    }

    /// A new upload.
    func begin(_ blob: RegistryUpload.Blob) async throws(Fault) -> OpenedUpload {
        guard case .upload(let opened) = try await begin(blob, mounting: nil) else {
            throw Fault(.unavailable, "\(what(blob)): the registry opened no upload")
        }
        return opened
    }

    private func upload(_ blob: RegistryUpload.Blob, _ opened: OpenedUpload) async throws(Fault) {
        if refusal.fault != nil { return try await sendChunks(blob, opened) }
        guard let fault = try await put(blob, opened.location) else { return }
        refusal.note(fault)
        events.complain("\(fault.message); trying in chunks")
        // What became of the upload that was refused nobody says.
        try await sendChunks(blob, try await begin(blob))
    }

    private func isThere(_ blob: RegistryUpload.Blob) async throws(Fault) -> Bool {
        let response = try await registry.send(
            .init(method: .HEAD, path: "/v2/\(job.repository)/blobs/\(blob.blob.digest)"), scope)
        await response.discard()
        switch response.status {
        case .ok: return true
        case .notFound: return false
        // A status of HTTP is a number: what is none of these is told as it is.
        case _: throw await response.fault(what(blob))
        }
    }

    private enum Beginning {
        case mounted, refused
        case upload(OpenedUpload)
    }

    private func begin(_ blob: RegistryUpload.Blob, mounting source: String?) async throws(Fault) -> Beginning {
        var path = "/v2/\(job.repository)/blobs/uploads/"
        var scope = scope
        if let source {
            path += "?" + FormEncoding.text([("mount", blob.blob.digest), ("from", source)])
            scope.alsoPull = [source]
        }
        let response: HTTPClientResponse
        do throws(Fault) {
            let headers: HTTPHeaders = ["content-length": "0"]
            response = try await registry.send(.init(method: .POST, path: path, headers: headers), scope)
        } catch {
            // No right to read the other repository is no reason not to send.
            if source != nil, error.kind == .unauthorized || error.kind == .denied { return .refused }
            throw error
        }
        await response.discard()
        switch response.status.code {
        case 201 where source != nil: return .mounted
        case 202: return .upload(OpenedUpload(try location(response, blob), response.headers))
        case 401, 403, 404, 405: if source != nil { return .refused } else { throw await pushFault(response, blob) }
        case _: throw await pushFault(response, blob)
        }
    }

    func location(_ response: HTTPClientResponse, _ blob: RegistryUpload.Blob) throws(Fault) -> URL {
        guard let base = URL(string: registry.endpoint.url),
            let url = response.headers.first(name: "location").flatMap({ URL.resolving($0, against: base) })
        else { throw Fault(.corrupt, "\(what(blob)): the registry names no http or https URL to send it to") }
        guard url.scheme == "https" || registry.endpoint.scheme == .http || registry.endpoint.isInsecure else {
            throw Fault(.corrupt, "\(what(blob)): the registry wants it sent to \(url.place) without TLS: refused")
        }
        return url
    }

    /// In one piece (distribution-spec, "POST then PUT").
    /// - Returns: why the registry takes nothing in one piece; nil: it has it.
    private func put(_ blob: RegistryUpload.Blob, _ location: URL) async throws(Fault) -> Fault? {
        let url = location.adding([("digest", blob.blob.digest)])
        let (size, file) = (blob.blob.size, try InputFile(blob.file, size: blob.blob.size))
        var call = Remote.Call(method: .PUT, path: "", location: url)
        call.headers = ["content-type": "application/octet-stream"]
        call.body = {
            .stream(
                UploadPieces(file: file, range: 0..<size) { sent in report(blob, .pushing, sent) },
                length: .known(size))
        }
        // A day: what counts is that bytes move, which has deadlines of its own.
        call.head = .hours(24)
        report(blob, .pushing)
        let response = try await registry.send(call, scope)
        if WholeRefusal.says(response.status.code) { return await response.fault(what(blob)) }
        try await finish(blob, response)
        return nil
    }

    /// The registry has all of it.
    func finish(_ blob: RegistryUpload.Blob, _ response: HTTPClientResponse) async throws(Fault) {
        guard response.status == .created || response.status == .noContent else {
            throw await pushFault(response, blob)
        }
        await response.discard()
        report(blob, .pushed, blob.blob.size)
    }

    func pushFault(_ response: HTTPClientResponse, _ blob: RegistryUpload.Blob) async -> Fault {
        let fault = await response.fault(what(blob))
        switch fault.kind {
        case .denied, .unauthorized:
            return Fault(.denied, "denied: requested access to the resource is denied (\(fault.message))")
        // An upload that the registry has forgotten is begun anew.
        case .notFound: return .passing(fault.message)
        case .unsuitable, .corrupt, .unavailable, .noSpace, .system: return fault
        }
    }

    // MARK: manifest

    private func putManifest() async throws(Fault) -> RegistryEvent.Outcome {
        let file = try InputFile(upload.manifestFile, size: nil)
        let bytes = try file.whole(limit: job.limits.metadataBytes)
        var call = Remote.Call(method: .PUT, path: "/v2/\(job.repository)/manifests/\(job.reference)")
        call.headers = ["content-type": upload.mediaType]
        call.body = { .bytes(bytes) }
        var attempts = Attempts(limit: 5)
        let what = "manifest of \(job.name)"
        let response = try await attempts.run { [call] () async throws(Fault) in
            let response = try await registry.send(call, scope)
            guard (200...204).contains(response.status.code) else { throw await response.fault(what) }
            return response
        }
        await response.discard()
        if let digest = response.headers.first(name: "docker-content-digest"), digest != upload.digest {
            throw Fault(
                .corrupt, "\(what): the registry made \(Printable.line(digest, limit: 80)) of it, not \(upload.digest)")
        }
        var outcome = RegistryEvent.Outcome()
        (outcome.digest, outcome.size, outcome.mediaType) = (upload.digest, Int64(bytes.count), upload.mediaType)
        return outcome
    }

    var scope: Scope { .push(job.repository) }

    func what(_ blob: RegistryUpload.Blob) -> String {
        "\(blob.name.map { "layer \($0)" } ?? "configuration") of \(job.name)"
    }

    func report(
        _ blob: RegistryUpload.Blob, _ phase: RegistryEvent.Progress.Phase, _ current: Int64 = 0, detail: String? = nil
    ) {
        guard let name = blob.name else { return }
        events.send(
            .progress(.init(phase: phase, name: name, current: current, total: blob.blob.size, detail: detail)))
    }
}
