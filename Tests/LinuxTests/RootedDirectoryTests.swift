import Lifecycle
import Linux
import TestKit
import Testing

@Suite struct RootedDirectoryTests {
    private func tree() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory("rooted")
        _ = try directory.makeDirectory("root/etc")
        _ = try directory.makeDirectory("outside")
        try directory.write("secret", to: "outside/passwd")
        try directory.write("inside", to: "root/etc/passwd")
        return directory
    }

    @Test(arguments: [
        "/etc/passwd", "etc/passwd", "../../etc/passwd", "etc/../../etc/./passwd", "absolute", "climbing",
    ])
    func nothingLeadsOut(_ name: String) throws {
        let directory = try tree()
        try File.makeLink(directory("root/absolute"), to: "/etc/passwd")
        try File.makeLink(directory("root/climbing"), to: "../../../../../../etc/passwd")
        let root = try RootedDirectory(directory("root"))
        #expect(try root.read(name) == Array("inside".utf8))
    }

    @Test func makesDirectoriesThroughLinksInside() throws {
        let directory = try tree()
        try File.makeLink(directory("root/link"), to: "/../outside")
        let root = try RootedDirectory(directory("root"))
        // The link points to a place inside that is not there: nothing is made anywhere.
        #expect(throws: SystemError.self) { try root.makeDirectories("/link/x") }
        #expect(try File.list(directory("outside")).map(\.name) == ["passwd"])
        try root.makeDirectories("/outside")
        try root.makeDirectories("/link/x/y", mode: 0o2750, uid: 12, gid: 34)
        let status = try #require(try root.status(of: "outside/x/y"))
        #expect(status.kind == .directory && status.mode & 0o7777 == 0o2750 && status.uid == 12 && status.gid == 34)
        #expect(try File.list(directory("outside")).map(\.name) == ["passwd"])
        try root.makeDirectories("/")
        let blocked = #expect(throws: SystemError.self) { try root.makeDirectories("etc/passwd/x") }
        #expect(blocked?.errno == 20)
    }

    @Test func looksWithoutOpening() throws {
        let directory = try tree()
        try File.makeLink(directory("root/link"), to: "etc/passwd")
        let fifo = try Command.run("/bin/busybox", ["mkfifo", directory("root/fifo")])
        #expect(fifo.status == .code(0))
        let root = try RootedDirectory(directory("root"))
        #expect(try root.status(of: "link")?.kind == .regular)
        #expect(try root.status(of: "link", following: false)?.kind == .symbolicLink)
        #expect(try root.status(of: "nothing") == nil && root.status(of: "etc/passwd/x") == nil)
        #expect(try root.readLink("link") == "etc/passwd")
        #expect(throws: SystemError.self) { try root.readLink("etc") }
        // A FIFO must not hold the reader up.
        #expect(throws: SystemError.self) { try root.read("fifo") }
        #expect(try root.readIfPresent("etc/shadow") == nil)
        #expect(try Set(root.list("/").map(\.name)) == ["etc", "fifo", "link"])
    }

    @Test func createsFilesInside() throws {
        let directory = try tree()
        try File.makeLink(directory("root/new"), to: "/made")
        let root = try RootedDirectory(directory("root"))
        try root.open("new", [.writeOnly, .create], mode: 0o644).writeAll([65])
        #expect(try File.read(directory("root/made")) == [65])
    }
}
