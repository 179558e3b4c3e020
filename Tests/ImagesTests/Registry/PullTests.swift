import Images
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

/// Polls what has no event, for ten seconds.
func eventually(_ condition: () throws -> Bool) async throws {
    for _ in 0..<500 {
        if try condition() { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    throw TestFailure("it did not come to that within ten seconds")
}
