import Images
import Lifecycle
import Linux
import NIOHTTP1
import RegistryWire
import Synchronization
import TestKit
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct PullTests {
    @Test func imageIsPulledByTagThenByDigestAndNotFetchedTwice() async throws {
        let content = MemoryRegistry()
        let image = try content.addImage([layer("a"), layer("b", bytes: 300_000)], tag: "1")
        let server = try await RegistryServer(content.answer)
        let here = try RegistryStore()
        let log = ProgressLog()
        let pulled = try await here.pull("\(server.host)/team/app:1", platform: nil, nil, log.note)
        #expect(pulled.isNew)
        #expect(pulled.digest.description == image.manifest)
        #expect(pulled.image.id.description == image.config)
        #expect(pulled.image.repoTags == ["\(server.host)/team/app:1"])
        #expect(pulled.image.repoDigests == ["\(server.host)/team/app@\(image.manifest)"])
        #expect(log.phases.isSuperset(of: [.resolved, .pulling, .downloading, .downloaded, .extracting, .pulled]))

        let blobs = {
            server.requests.filter { $0.path.contains(image.layers[0]) || $0.path.contains(image.layers[1]) }
        }
        let before = blobs().count
        let again = try await here.pull("\(server.host)/team/app@\(image.manifest)", platform: nil, nil, log.note)
        #expect(!again.isNew)
        #expect(again.image.id == pulled.image.id)
        #expect(blobs().count == before)
        #expect(log.phases.contains(.present))
        #expect(try File.list(here.directory.path + "/images/ingest").isEmpty)

        let reopened = try RegistryStore.open(here.directory.path + "/images")
        #expect(try reopened.image("\(server.host)/team/app:1").manifest.description == image.manifest)
        try await server.stop()
    }

    /// Docker's schema 2 with gzip, as most images are, and zstd.
    @Test func layersOfEveryKind() async throws {
        let directory = try TemporaryDirectory("kinds")
        var docker = MemoryRegistry.Types()
        docker.manifest = "application/vnd.docker.distribution.manifest.v2+json"
        docker.config = "application/vnd.docker.container.image.v1+json"
        docker.layer = "application/vnd.docker.image.rootfs.diff.tar.gzip"
        var zstd = MemoryRegistry.Types()
        zstd.layer = "application/vnd.oci.image.layer.v1.tar+zstd"
        for (types, tool, ending) in [(docker, "gzip", "gz"), (zstd, "zstd", "zst")] {
            let content = MemoryRegistry()
            let image = try content.addImage(
                [layer("a", bytes: 40_000), layer("b", bytes: 70_000)], tag: "1", types: types
            ) { tar in
                let path = try directory.file("layer", tar)
                _ = try run("/usr/bin/\(tool)", ["-k", "-f", path])
                return try File.read("\(path).\(ending)")
            }
            let server = try await RegistryServer(content.answer)
            let here = try RegistryStore()
            let pulled = try await here.pull("\(server.host)/app:1")
            #expect(pulled.image.id.description == image.config)
            #expect(pulled.image.manifest.description == image.manifest)
            #expect(pulled.image.layers.map(\.blob.description) == image.layers)
            try await server.stop()
        }
    }

    @Test func platformIsChosenFromAnIndex() async throws {
        let content = MemoryRegistry()
        let amd = try content.addImage([layer("amd")], tag: "x1")
        let arm = try content.addImage([layer("arm")], tag: "x2", architecture: "arm64")
        func entry(_ image: MemoryRegistry.Pushed, _ architecture: String) -> String {
            content.descriptor(
                MemoryRegistry.manifestType, image.manifest, content.manifest(image.manifest).count,
                more: #","platform":{"os":"linux","architecture":"\#(architecture)"}"#)
        }
        let index = try content.add(
            manifest: #"{"schemaVersion":2,"manifests":[\#(entry(arm, "arm64")),\#(entry(amd, "amd64"))]}"#, "1",
            type: MemoryRegistry.indexType)
        let server = try await RegistryServer(content.answer)
        let here = try RegistryStore()
        let pulled = try await here.pull("\(server.host)/app:1", platform: "linux/amd64")
        #expect(pulled.image.id.description == amd.config)
        #expect(pulled.digest.description == index)
        let other = try await here.pull("\(server.host)/app:1", platform: "linux/arm64/v8")
        #expect(other.image.id.description == arm.config)
        let fault = try await fault { _ = try await here.pull("\(server.host)/app:1", platform: "linux/s390x") }
        #expect(fault.kind == .notFound)
        #expect(fault.message.contains("no matching manifest for linux/s390x"))
        let single = try await ImagesTests.fault {
            _ = try await here.pull("\(server.host)/app:x2", platform: "linux/amd64")
        }
        #expect(single.message.contains("does not match the specified platform"))
        try await server.stop()
    }

    @Test func brokenConnectionIsContinuedWhereItBroke() async throws {
        let content = MemoryRegistry()
        let image = try content.addImage([layer("large", bytes: 400_000)], tag: "1")
        let breaks = Mutex(2)
        let server = try await RegistryServer { request in
            var reply = content.answer(request)
            guard request.path.contains(image.layers[0]) else { return reply }
            let isBroken = breaks.withLock { left in
                left -= 1
                return left >= 0
            }
            if isBroken { reply.ending = .broken(after: 150_000) }
            return reply
        }
        let here = try RegistryStore()
        let pulled = try await here.pull("\(server.host)/app:1")
        #expect(pulled.image.id.description == image.config)
        let ranges = server.requests.filter { $0.path.contains(image.layers[0]) }.map {
            $0.headers.first(name: "range")
        }
        #expect(ranges.count == 3)
        #expect(ranges[0] == nil)
        #expect(ranges[1]?.hasPrefix("bytes=") == true)
        try await server.stop()
    }

    @Test func helperKilledMidwayLeavesWhatTheNextTryContinues() async throws {
        let content = MemoryRegistry()
        let image = try content.addImage([layer("large", bytes: 400_000)], tag: "1")
        let isPatient = Mutex(true)
        let server = try await RegistryServer { request in
            let reply = content.answer(request)
            guard request.path.contains(image.layers[0]), isPatient.withLock({ $0 }) else { return reply }
            // Half of it, and then nothing more.
            var half = RegistryServer.Reply(headers: [("content-length", "\(reply.body.count)")])
            half.body = reply.body
            half.ending = .stalled(after: 200_000)
            return half
        }
        let here = try RegistryStore()
        let name = "\(server.host)/app:1"
        let task = Task { try await here.pull(name) }
        let part = here.directory.path + "/images/ingest/" + image.layers[0].dropFirst(7) + ".part"
        try await eventually { try File.status(of: part)?.size == 200_000 }
        task.cancel()
        let error = try await failure { _ = try await task.value }
        #expect(error == .cancelled)
        #expect(try here.store.images().isEmpty)
        isPatient.withLock { $0 = false }
        _ = try await here.pull(name)
        #expect(
            server.requests.last { $0.path.contains(image.layers[0]) }?.headers.first(name: "range") == "bytes=200000-")
        try await server.stop()
    }

    /// Whoever kills the helper: it is said, nothing is half there, and the next pull goes on.
    @Test func helperKilledByAStranger() async throws {
        let content = MemoryRegistry()
        let image = try content.addImage([layer("small"), layer("large", bytes: 400_000)], tag: "1")
        let isPatient = Mutex(true)
        let server = try await RegistryServer { request in
            var reply = content.answer(request)
            guard request.path.contains(image.layers[1]), isPatient.withLock({ $0 }) else { return reply }
            reply.headers.append(("content-length", "\(reply.body.count)"))
            reply.ending = .stalled(after: 200_000)
            return reply
        }
        let here = try RegistryStore()
        let name = "\(server.host)/app:1"
        let pull = Task { try await here.pull(name) }
        let part = here.directory.path + "/images/ingest/" + image.layers[1].dropFirst(7) + ".part"
        try await eventually { try File.status(of: part)?.size == 200_000 }
        let holders = try run(
            "/bin/sh",
            [
                "-c",
                "ls -l /proc/[0-9]*/fd 2>/dev/null | awk '/^\\/proc/ { p = $1 } /\(part.replacingSlashes)/ { print p }'",
            ])
        let pid = try #require(holders.split(separator: "/").dropFirst().first.flatMap { Int32($0) }, "\(holders)")
        try Pidfd(opening: pid).send(.kill)
        let error = try await failure { _ = try await pull.value }
        #expect("\(error)".contains("quell-registry was killed (SIGKILL)"), "\(error)")
        #expect(try here.store.images().isEmpty)
        isPatient.withLock { $0 = false }
        #expect(try await here.pull(name).image.id.description == image.config)
        let asked = server.requests.last { $0.path.contains(image.layers[1]) }
        #expect(asked?.headers.first(name: "range") == "bytes=200000-")
        #expect(try File.list(here.directory.path + "/images/ingest").isEmpty)
        try await server.stop()
    }

    @Test func fullDiskIsToldAndTheNextPullDoes() async throws {
        let content = MemoryRegistry()
        let image = try content.addImage([layer("small", bytes: 200_000), layer("large", bytes: 6_000_000)], tag: "1")
        let server = try await RegistryServer(content.answer)
        let directory = try TemporaryDirectory("full")
        let small = try directory.makeDirectory("small")
        try Mount.mount("tmpfs", type: "tmpfs", at: small, options: "size=4m,mode=700")
        let store = try RegistryStore.open(small + "/images")
        let request = PullRequest(reference: try ImageReference("\(server.host)/app:1"))
        let free = try File.space(at: small).availableBytes
        let error = try await failure { _ = try await store.pull(request) }
        guard case .noSpace(let message) = error else { throw TestFailure("another error: \(error)") }
        #expect(message.contains("No space left on device"), "\(message)")
        #expect(try store.images().isEmpty)
        #expect(try File.list(small + "/images/ingest").isEmpty && File.list(small + "/images/blobs/sha256").isEmpty)
        #expect(try File.space(at: small).availableBytes >= free)
        // Room for the blob, and not for what it unpacks to as well.
        _ = try run("/bin/mount", ["-o", "remount,size=10m", small])
        let again = try await failure { _ = try await store.pull(request) }
        guard case .noSpace = again else { throw TestFailure("another error: \(again)") }
        #expect(try File.space(at: small).availableBytes >= free)
        _ = try run("/bin/mount", ["-o", "remount,size=32m", small])
        #expect(try await store.pull(request).image.id.description == image.config)
        try Mount.unmountWhenUnused(small)
        try await server.stop()
    }

    @Test func busyRegistryIsAskedAgain() async throws {
        let content = MemoryRegistry()
        _ = try content.addImage([layer("a")], tag: "1")
        let count = Mutex(0)
        let server = try await RegistryServer { request in
            let number = count.withLock { count in
                count += 1
                return count
            }
            if number == 2 { return .init(status: 429, headers: [("retry-after", "1")]) }
            return number.isMultiple(of: 2) ? .init(status: 503) : content.answer(request)
        }
        let here = try RegistryStore()
        _ = try await here.pull("\(server.host)/app:1")
        try await server.stop()
    }

    @Test func twoImagesThatShareALayerFetchItOnce() async throws {
        let content = MemoryRegistry()
        let shared = layer("shared", bytes: 500_000)
        let first = try content.addImage([shared, layer("a")], tag: "1")
        _ = try content.addImage([shared, layer("b")], tag: "2")
        let server = try await RegistryServer(content.answer)
        let here = try RegistryStore()
        async let one = here.pull("\(server.host)/app:1")
        async let two = here.pull("\(server.host)/app:2")
        _ = try await (one, two)
        #expect(server.requests.filter { $0.path.contains(first.layers[0]) }.count == 1)
        #expect(try here.store.images().count == 2)
        try await server.stop()
    }

    @Test func lastTagOfARepositoryTakesItsDigestsAlong() async throws {
        let content = MemoryRegistry()
        _ = try content.addImage([layer("a")], tag: "1")
        let server = try await RegistryServer(content.answer)
        let here = try RegistryStore()
        _ = try await here.pull("\(server.host)/app:1")
        _ = try await here.store.remove("\(server.host)/app:1", uses: [])
        #expect(try here.store.images().isEmpty)
        try await server.stop()
    }
}

extension String {
    /// For a pattern of awk.
    fileprivate var replacingSlashes: String { split(separator: "/").joined(separator: "\\/") }
}

/// Polls what has no event, for ten seconds.
func eventually(_ condition: () throws -> Bool) async throws {
    for _ in 0..<500 {
        if try condition() { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    throw TestFailure("it did not come to that within ten seconds")
}
