import AsyncHTTPClient
import Crypto
import NIOCore
import NIOHTTP1
import RegistryWire

/// One blob, into the ingest directory: what an earlier try has left is continued, and a connection that breaks too. Whole
/// and verified, or not there under its name.
struct BlobDownload: Sendable {
    let blob: RegistryBlob
    let remote: Remote
    let job: RegistryJob
    let events: EventPipe

    private var name: String { DigestText.short(blob.digest) }
    private var what: String { "layer \(name) of \(job.name)" }

    func run() async throws(Fault) {
        guard let hex = DigestText.hex(blob.digest) else { throw Fault(.corrupt, "\(blob.digest) is no digest") }
        let target = job.ingest + "/" + hex
        guard let file = try await lockedPart(target) else { return report(.downloaded, blob.size) }
        var part = PartialBlob(file: file)
        try part.read()
        if part.count > 0 { report(.downloading, part.count) }
        var attempts = Attempts(limit: 6)
        attempts.onRetry = { fault, pause in
            events.send(
                .progress(.init(phase: .retrying, name: name, detail: "\(max(1, pause.components.seconds))")))
            events.complain("\(what): \(fault.message); next try in \(pause)")
        }
        var isFresh = part.count == 0
        while true {
            let before = part.count
            do throws(Fault) {
                if part.count < blob.size || blob.size == 0 { try await receive(&part, &isFresh) }
                if try verify(part, isFresh) { break }
                // What an earlier try left was bad: from the beginning.
                try part.restart()
                isFresh = true
            } catch {
                // A connection that brings much and breaks is better than none.
                if part.count - before >= 1 << 20 { attempts.forget() }
                do throws(Fault) { try await attempts.pause(after: error) } catch {
                    // What is wrong, or nothing at all, is of no use to the next try.
                    if error.kind == .corrupt || error.kind == .noSpace || part.count == 0 { file.remove() }
                    throw error
                }
            }
        }
        try file.finish(as: target)
        report(.downloaded, blob.size)
    }

    /// Waits until nobody else fetches the same. nil: somebody else has.
    private func lockedPart(_ target: String) async throws(Fault) -> OutputFile? {
        while true {
            if OutputFile.isThere(target) { return nil }
            let file = try OutputFile(target + ".part")
            if try file.lock() {
                if file.isStillThere { return file }
                continue
            }
            report(.waiting, 0)
            // Another process has it; flock(2) knows no event, and a thread must not hang in it.
            do { try await Task.sleep(for: .milliseconds(200)) } catch { throw Fault(error, what) }
        }
    }

    private func receive(_ part: inout PartialBlob, _ isFresh: inout Bool) async throws(Fault) {
        var call = Remote.Call(path: "/v2/\(job.repository)/blobs/\(blob.digest)")
        if part.count > 0 { call.headers.add(name: "range", value: "bytes=\(part.count)-") }
        let response = try await remote.send(call, .pull(job.repository))
        switch response.status {
        case .ok:
            if part.count > 0 {
                try part.restart()
                isFresh = true
            }
        case .partialContent:
            guard response.headers.first(name: "content-range")?.hasPrefix("bytes \(part.count)-") == true else {
                try part.restart()
                isFresh = true
                throw .passing("\(what): another part came than was asked for")
            }
        case .rangeNotSatisfiable:
            await response.discard()
            try part.restart()
            isFresh = true
            throw .passing("\(what): the registry has less of it than we have")
        case _: throw await response.fault(what)
        }
        try requireLength(response, part.count)
        try await copy(response.body, into: &part)
    }

    private func requireLength(_ response: HTTPClientResponse, _ start: Int64) throws(Fault) {
        guard let length = response.headers.first(name: "content-length").flatMap(Int64.init) else { return }
        guard start + length == blob.size else {
            throw Fault(.corrupt, "\(what): the registry sends \(start + length) bytes, not \(blob.size) as promised")
        }
    }

    private func copy(_ body: HTTPClientResponse.Body, into part: inout PartialBlob) async throws(Fault) {
        var pace = Pace()
        var shown = ContinuousClock.now
        report(.downloading, part.count)
        do {
            for try await piece in body {
                guard part.count + Int64(piece.readableBytes) <= blob.size else {
                    throw Fault(.corrupt, "\(what): more than the \(blob.size) bytes that were promised came")
                }
                try part.append(piece)
                guard pace.isKept(with: piece.readableBytes) else {
                    throw Fault.passing("\(what): less than \(Pace.bytes) bytes came in \(Pace.window)")
                }
                let now = ContinuousClock.now
                if now - shown >= .milliseconds(100) {
                    shown = now
                    report(.downloading, part.count)
                }
            }
        } catch { throw Fault(error, remote.endpoint.host) }
        guard part.count == blob.size else {
            throw Fault.passing("\(what): the connection ended after \(part.count) of \(blob.size) bytes")
        }
    }

    /// False: it is not what was promised, and part of it is of an earlier try.
    private func verify(_ part: PartialBlob, _ isFresh: Bool) throws(Fault) -> Bool {
        report(.verifying, blob.size)
        let digest = part.digest
        guard digest != blob.digest || part.count != blob.size else { return true }
        guard isFresh else { return false }
        throw Fault(.corrupt, "\(what): what came has the digest \(digest), not \(blob.digest)")
    }

    private func report(_ phase: RegistryEvent.Progress.Phase, _ current: Int64) {
        events.send(.progress(.init(phase: phase, name: name, current: current, total: blob.size)))
    }
}

/// The beginning of a blob, and the digest of it.
struct PartialBlob {
    let file: OutputFile
    private var hash = SHA256()
    private(set) var count: Int64 = 0

    init(file: OutputFile) { self.file = file }

    var digest: String { "sha256:" + hex(hash.finalize()) }

    /// Takes in what is there.
    mutating func read() throws(Fault) {
        var (hash, count) = (hash, count)
        try file.readAll { bytes in
            hash.update(data: bytes)
            count += Int64(bytes.count)
        }
        (self.hash, self.count) = (hash, count)
    }

    mutating func append(_ piece: ByteBuffer) throws(Fault) {
        try file.append(piece.readableBytesView)
        // SAFETY: the bytes are read within the call.
        unsafe piece.withUnsafeReadableBytes { unsafe hash.update(bufferPointer: $0) }
        count += Int64(piece.readableBytes)
    }

    mutating func restart() throws(Fault) {
        try file.truncate()
        (hash, count) = (SHA256(), 0)
    }
}

/// Whoever sends a byte now and then is as good as dead.
struct Pace {
    static let window = Duration.seconds(60)
    static let bytes = 4096
    private var since = ContinuousClock.now
    private var got = 0

    mutating func isKept(with count: Int) -> Bool {
        got += count
        let now = ContinuousClock.now
        guard now - since >= Pace.window else { return true }
        defer { (since, got) = (now, 0) }
        return got >= Pace.bytes
    }
}
