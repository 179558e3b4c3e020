import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import RegistryWire
import Synchronization

/// An upload that the registry has opened.
struct OpenedUpload {
    var location: URL
    /// Smaller chunks than this are not taken, but for the last.
    let leastChunk: Int64

    init(_ location: URL, _ headers: HTTPHeaders) {
        self.location = location
        leastChunk = headers.first(name: "oci-chunk-min-length").flatMap { Int64($0) } ?? 0
    }
}

/// Whether a registry, or a proxy before it, refuses a blob in one piece. What one blob has met the others need not try.
final class WholeRefusal: Sendable {
    private let told = Mutex<Fault?>(nil)

    var fault: Fault? { told.withLock { $0 } }

    func note(_ fault: Fault) { told.withLock { $0 = $0 ?? fault } }

    /// Not this method, not without a length, not so much, not of this type, not this range, not at all.
    static func says(_ status: UInt) -> Bool { [405, 411, 413, 415, 416, 501].contains(status) }
}

/// In chunks (distribution-spec, "Pushing a blob in chunks"), for registries that take nothing in one piece.
extension ImagePush {
    private static let usualChunk: Int64 = 8 << 20
    /// A proxy that takes not even this is of no use.
    private static let smallestChunk: Int64 = 256 << 10

    func sendChunks(_ blob: RegistryUpload.Blob, _ opened: OpenedUpload) async throws(Fault) {
        let (total, file) = (blob.blob.size, try InputFile(blob.file, size: blob.blob.size))
        var (location, offset) = (opened.location, Int64(0))
        var size = max(opened.leastChunk, ImagePush.usualChunk)
        report(blob, .pushing)
        while offset < total {
            let range = offset..<min(offset + size, total)
            let response = try await registry.send(chunk(blob, file, range, location), scope)
            switch response.status.code {
            case 200...204:
                await response.discard()
                location = try self.location(response, blob)
                offset = try taken(response, of: range, blob)
            case 413 where size > max(opened.leastChunk, ImagePush.smallestChunk):
                await response.discard()
                size = max(size / 4, opened.leastChunk, ImagePush.smallestChunk)
            case _: throw await chunkFault(response, blob, range)
            }
        }
        var call = Remote.Call(method: .PUT, path: "", location: location.adding([("digest", blob.blob.digest)]))
        call.headers = ["content-length": "0"]
        try await finish(blob, try await registry.send(call, scope))
    }

    private func chunk(
        _ blob: RegistryUpload.Blob, _ file: InputFile, _ range: Range<Int64>, _ location: URL
    ) -> Remote.Call {
        var call = Remote.Call(method: .PATCH, path: "", location: location)
        call.headers = [
            "content-type": "application/octet-stream",
            "content-range": "\(range.lowerBound)-\(range.upperBound - 1)",
        ]
        call.body = {
            .stream(
                UploadPieces(file: file, range: range) { sent in report(blob, .pushing, sent) },
                length: .known(range.upperBound - range.lowerBound))
        }
        // As for a blob in one piece: what counts is that bytes move.
        call.head = .hours(24)
        return call
    }

    /// Where the next chunk begins: the answer tells, as `Range: 0-LAST`, how much the registry has.
    private func taken(
        _ response: HTTPClientResponse, of range: Range<Int64>, _ blob: RegistryUpload.Blob
    ) throws(Fault) -> Int64 {
        guard let text = response.headers.first(name: "range") else { return range.upperBound }
        let last = text.split(separator: "-", omittingEmptySubsequences: false).last.flatMap { Int64($0) }
        guard let last, last >= range.lowerBound, last < range.upperBound else {
            throw .passing(
                "\(what(blob)): sent bytes \(range.lowerBound) to \(range.upperBound - 1), and the registry says that it "
                    + "has \(Printable.line(text, limit: 60))")
        }
        return last + 1
    }

    private func chunkFault(
        _ response: HTTPClientResponse, _ blob: RegistryUpload.Blob, _ range: Range<Int64>
    ) async -> Fault {
        // What it has is not what was sent (416), or it has forgotten the upload: begun anew.
        if response.status.code == 416 { return .passing((await response.fault(what(blob))).message) }
        let fault = await pushFault(response, blob)
        guard fault.kind == .unavailable, !fault.mayPass, range.lowerBound == 0, let whole = refusal.fault else {
            return fault
        }
        return Fault(.unavailable, "\(whole.message); nor does it take chunks: \(fault.message)")
    }
}
