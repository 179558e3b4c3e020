import Linux
import TestKit
import Testing

@Suite struct DurableFileTests {
    @Test func replacesAndLeavesNoTemporary() throws {
        let directory = try TemporaryDirectory("durable")
        let path = directory("record")
        try DurableFile.write([1, 2, 3], to: path, mode: 0o640)
        try DurableFile.write([4], to: path, mode: 0o640)
        #expect(try File.read(path) == [4])
        #expect(try File.list(directory.path).map(\.name) == ["record"])
        #expect(try #require(try File.status(of: path)).mode & 0o777 == 0o640)
    }

    @Test func aFailureLeavesTheOldContent() throws {
        let directory = try TemporaryDirectory("durable")
        let path = directory("record")
        _ = try directory.makeDirectory("record/in the way")
        #expect(throws: SystemError.self) { try DurableFile.write([1], to: path) }
        #expect(try File.list(directory.path).map(\.name) == ["record"])
        let missing = #expect(throws: SystemError.self) { try DurableFile.write([1], to: directory("no/such")) }
        #expect(missing?.isNotFound == true)
    }

    @Test func whatHasRoomIsWrittenToAFullDisk() throws {
        let directory = try TemporaryDirectory("full")
        let disk = try directory.makeDirectory("disk")
        try Mount.tmpfs(at: disk, options: "size=64k")
        let result = Result { try fill(disk) }
        try Mount.unmountWhenUnused(disk)
        try result.get()
    }

    private func fill(_ disk: String) throws {
        let reserved = try DurableFile.reserve(4096, for: disk + "/record")
        let filler = try File.open(disk + "/filler", [.writeOnly, .create])
        #expect(throws: SystemError.self) { try filler.writeAll([UInt8](repeating: 1, count: 128 << 10)) }
        #expect(throws: SystemError.self) { try DurableFile.write([1], to: disk + "/other") }
        let refused = #expect(throws: SystemError.self) { _ = try DurableFile.reserve(4096, for: disk + "/other") }
        #expect(refused?.errno == 28 && refused?.subject == disk + "/other.reserved")
        try reserved.write([1, 2, 3])
        #expect(try File.read(disk + "/record") == [1, 2, 3])
        #expect(Set(try File.list(disk).map(\.name)) == ["record", "filler"])
    }

    @Test func aLockIsHeldOnce() throws {
        let directory = try TemporaryDirectory("lock")
        do {
            let lock = try FileLock(directory("lock"))
            guard let held = lock else { throw TestFailure("nobody else holds it") }
            try held.setContent("me")
            try held.setContent("me again")
            #expect(try FileLock(directory("lock")) == nil)
            #expect(try File.read(directory("lock")) == Array("me again".utf8))
        }
        // A child some other test is just starting has a copy of every descriptor until it executes.
        try eventually("the lock is free") { try FileLock(directory("lock")) != nil }
    }

    @Test func trees() throws {
        let directory = try TemporaryDirectory("tree")
        let outside = try directory.write("precious", to: "outside")
        var deep = try directory.makeDirectory("tree")
        let top = deep
        // Deeper than descriptors or a path would reach in one go; names of 8 bytes keep the path short enough to make.
        for _ in 0..<300 { deep += "/directory" }
        try File.makeDirectories(deep)
        try File.makeLink(deep + "/link", to: outside)
        try File.makeLink(top + "/link", to: "/tmp")
        try directory.write("x", to: "tree/file")
        try File.removeTree(top)
        #expect(try File.status(of: top) == nil)
        #expect(try File.read(outside) == Array("precious".utf8))
        try File.removeTree(top)
    }

    @Test func aMountInsideATreeIsNotEmptied() throws {
        let directory = try TemporaryDirectory("tree")
        let mount = try directory.makeDirectory("tree/mount")
        try Mount.tmpfs(at: mount)
        try directory.write("x", to: "tree/mount/file")
        #expect(throws: SystemError.self) { try File.removeTree(directory("tree")) }
        #expect(try File.read(mount + "/file") == Array("x".utf8))
    }
}
