import Images
import Linux
import TestKit
import Testing

/// A store on a small file system.
@Suite(.timeLimit(.minutes(1))) struct FullDiskTests {
    @Test func fullDiskIsToldAndLeavesNothing() async throws {
        let directory = try TemporaryDirectory("full")
        let small = try directory.makeDirectory("small")
        try Mount.mount("tmpfs", type: "tmpfs", at: small, options: "size=2m,mode=700")
        let store = try StoreFixture.open(small + "/images")
        let path = try directory.file("small.tar", Tar.rootfs)
        var request = ImportRequest()
        request.reference = "small"
        let image = try await store.importRootfs(from: .path(path), request)
        let used = try File.space(at: small).availableBytes
        // Whether the blob or the unpacked files fill the disk, or both.
        for size in [800_000, 1_500_000, 3_000_000] {
            let tar = Tar { tar in for index in 0..<4 { tar.file("f\(index)", String(repeating: "x", count: size / 4)) }
            }
            let large = try directory.file("large.tar", tar.bytes)
            if size == 800_000 {
                _ = try await store.importRootfs(from: .path(large), ImportRequest())
                _ = try await store.prune(uses: [])
                continue
            }
            let error = try await failure { _ = try await store.importRootfs(from: .path(large), ImportRequest()) }
            guard case .noSpace(let message) = error else {
                Issue.record("\(size): \(error)")
                continue
            }
            #expect(message.contains("No space left on device"))
            #expect(try File.space(at: small).availableBytes >= used)
        }
        #expect(try store.images().map(\.id) == [image.id])
        let reopened = try StoreFixture.open(small + "/images")
        #expect(try reopened.image("small") == image)
        try Mount.unmountWhenUnused(small)
    }

    @Test func outputThatIsFull() async throws {
        let fixture = try StoreFixture()
        try await fixture.importing(Tar { $0.file("large", String(repeating: "x", count: 3_000_000)) }.bytes, as: "app")
        let small = try fixture.directory.makeDirectory("small")
        try Mount.mount("tmpfs", type: "tmpfs", at: small, options: "size=1m")
        let box = DescriptorBox(try File.open(small + "/saved.tar", [.writeOnly, .create]))
        let error = try await failure { try await fixture.store.save(["app"], to: box.take()) }
        guard case .noSpace = error else {
            Issue.record("\(error)")
            return
        }
        try Mount.unmountWhenUnused(small)
    }
}
