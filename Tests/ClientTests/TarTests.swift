import Linux
import TestKit
import Testing

@testable import quell

@Suite(.timeLimit(.minutes(1))) struct TarTests {
    private static let long = String(repeating: "d/", count: 80) + "name"
    private static let headers = [
        TarHeader(name: "dir/", kind: .directory, mode: 0o755, modified: 1_700_000_000),
        TarHeader(name: "dir/file", kind: .file, mode: 0o640, uid: 5_000_000, gid: 7, size: 700, modified: 5),
        TarHeader(name: long, kind: .file, size: 0), TarHeader(name: "link", kind: .symbolicLink(to: long)),
        TarHeader(name: "hard", kind: .hardLink(to: "dir/file")), TarHeader(name: "ä", kind: .fifo),
    ]

    private static let archive: [UInt8] =
        headers.flatMap { header -> [UInt8] in
            header.encoded + [UInt8](repeating: 66, count: header.size)
                + [UInt8](repeating: 0, count: TarHeader.padding(header.size))
        } + TarHeader.end

    @Test(arguments: [1, 7, 511, 512, 513, 4096, 1 << 20])
    func whatIsWrittenIsRead(_ size: Int) throws {
        var parser = TarParser()
        var headers: [TarHeader] = []
        var content = 0
        for start in stride(from: 0, to: Self.archive.count, by: size) {
            for event in try parser.consume(Array(Self.archive[start..<min(start + size, Self.archive.count)])) {
                switch event {
                case .entry(let header): headers.append(header)
                case .content(let bytes): content += bytes.count
                }
            }
        }
        #expect(headers == Self.headers && content == 700 && parser.isComplete)
    }

    @Test func otherProgramsUnderstandIt() async throws {
        let directory = try TemporaryDirectory("tar")
        let file = try File.open(directory("a.tar"), [.writeOnly, .create])
        try file.writeAll(Self.archive)
        let listing = try TestKit.Command.run("tar", ["-tvf", directory("a.tar")]).output
        #expect(listing.contains("dir/file") && listing.contains("700") && listing.contains(Self.long))
    }

    @Test func damageIsAnError() {
        var archive = Self.archive
        archive[0] ^= 1
        var parser = TarParser()
        #expect(throws: TarFault.self) { try parser.consume(archive) }
    }

    @Test func mutatedArchivesDoNotTrap() throws {
        var generator = Seed.generator(for: "tar archives")
        for _ in 0..<500 {
            var bytes = Self.archive
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(
                    in: .min ... .max, using: &generator)
            }
            var parser = TarParser()
            do { _ = try parser.consume(bytes) } catch { #expect(!error.fault.isEmpty, "QUELL_SEED=\(Seed.value)") }
        }
    }

    // A length that ends before its own digits do once ended the program.
    @Test(arguments: ["001", "003", "004", "000", "-99", "999"])
    func aPaxRecordOfAWrongLengthIsAnError(_ length: String) {
        var bytes = TarHeader(name: Self.long, kind: .file).encoded
        bytes.replaceSubrange(512..<515, with: length.utf8)
        var parser = TarParser()
        #expect(throws: TarFault.self) { try parser.consume(bytes) }
    }

    private func unpack(
        _ entries: [(TarHeader, String)], into path: String, rename: (from: String, to: String)? = nil
    ) throws {
        var extractor = TarExtractor(into: path, rename: rename)
        for (header, content) in entries {
            var header = header
            if header.kind == .file { header.size = content.utf8.count }
            try extractor.consume(header.encoded)
            try extractor.consume(
                Array(content.utf8) + [UInt8](repeating: 0, count: TarHeader.padding(content.utf8.count)))
        }
        try extractor.consume(TarHeader.end)
        try extractor.finish()
    }

    @Test func unpacksWithModesAndTimes() throws {
        let directory = try TemporaryDirectory("tar")
        try unpack(
            [
                (TarHeader(name: "a/", kind: .directory, mode: 0o500, modified: 1000), ""),
                (TarHeader(name: "a/f", kind: .file, mode: 0o4755, modified: 2000), "text"),
                (TarHeader(name: "a/l", kind: .symbolicLink(to: "/etc/passwd")), ""),
                (TarHeader(name: "a/h", kind: .hardLink(to: "a/f")), ""),
            ], into: directory.path, rename: (from: "a", to: "b"))
        let file = try #require(try File.status(of: directory("b/f")))
        #expect(file.mode & 0o7777 == 0o755 && file.modified.seconds == 2000 && file.links == 2)
        #expect(try #require(try File.status(of: directory("b"))).modified.seconds == 1000)
        #expect(try File.readLink(directory("b/l")) == "/etc/passwd")
        #expect(try File.read(directory("b/h")) == Array("text".utf8))
        try File.setMode(0o700, of: directory("b"))
    }

    @Test(arguments: ["../out", "a/../../out", "/../out", "link/out", "deep/link/out"])
    func nothingLeavesTheTarget(_ name: String) throws {
        let directory = try TemporaryDirectory("tar")
        let target = try directory.makeDirectory("target")
        _ = try directory.makeDirectory("elsewhere")
        #expect(throws: TarFault.self) {
            try unpack(
                [
                    (TarHeader(name: "link", kind: .symbolicLink(to: "../elsewhere")), ""),
                    (TarHeader(name: "deep/link", kind: .symbolicLink(to: directory("elsewhere"))), ""),
                    (TarHeader(name: name, kind: .file), "x"),
                ], into: target)
        }
        #expect(try File.list(directory("elsewhere")).isEmpty)
        #expect(try File.status(of: directory("out")) == nil)
    }

    /// For the kernel a name ends at a NUL: this one would be the directory above.
    @Test func aNameWithANulIsRefused() throws {
        let directory = try TemporaryDirectory("tar")
        let target = try directory.makeDirectory("target")
        let name = "..\u{0}" + String(repeating: "x", count: 120)
        #expect(throws: TarFault.self) {
            try unpack([(TarHeader(name: name, kind: .directory, mode: 0o777), "")], into: target)
        }
    }

    @Test func aLinkInTheWayIsReplacedNotFollowed() throws {
        let directory = try TemporaryDirectory("tar")
        _ = try directory.write("kept", to: "outside")
        let target = try directory.makeDirectory("target")
        try unpack(
            [
                (TarHeader(name: "f", kind: .symbolicLink(to: directory("outside"))), ""),
                (TarHeader(name: "f", kind: .file), "new"),
            ], into: target)
        #expect(try File.read(directory("outside")) == Array("kept".utf8))
        #expect(try File.read(target + "/f") == Array("new".utf8))
    }

    @Test func aCutArchiveIsAnError() throws {
        let directory = try TemporaryDirectory("tar")
        var extractor = TarExtractor(into: directory.path)
        try extractor.consume(Array(Self.archive.prefix(1300)))
        #expect(throws: TarFault.self) { try extractor.finish() }
    }

    @Test func aTreeComesBackAsItWas() async throws {
        let directory = try TemporaryDirectory("tar")
        _ = try directory.makeDirectory("tree")
        _ = try directory.makeDirectory("tree/sub")
        let content = String(repeating: "0123456789", count: 60_000)
        _ = try directory.write(content, to: "tree/sub/big", mode: 0o600)
        try File.makeLink(directory("tree/link"), to: "sub/big")
        let target = try directory.makeDirectory("target")
        var extractor = TarExtractor(into: target)
        for try await bytes in TarSource(path: directory("tree"), name: "tree", progress: { _ in }) {
            try extractor.consume(bytes)
        }
        try extractor.finish()
        #expect(try File.read(target + "/tree/sub/big", limit: 1 << 20) == Array(content.utf8))
        #expect(try File.readLink(target + "/tree/link") == "sub/big")
    }
}

@Suite struct CopyTests {
    @Test(arguments: [
        ("web:/x", CopyPlace.container("web", "/x")), ("web:x", .container("web", "/x")),
        ("./web:x", .local("./web:x")),
        ("/a:b", .local("/a:b")), ("-", .local("-")), ("file", .local("file")), (":x", .local(":x")),
        ("a/b:c", .local("a/b:c")),
    ])
    func placesAreToldApart(_ text: String, _ expected: CopyPlace) { #expect(CopyPlace(text) == expected) }

    private func plan(_ directory: Bool, _ content: Bool, _ kind: CopyPlan.Kind, slash: Bool = false) throws -> CopyPlan
    {
        try CopyPlan(
            sourceName: "src", sourceIsDirectory: directory, contentOnly: content, target: "/t/dst", targetKind: kind,
            mustBeDirectory: slash)
    }

    /// The table of docker's manual.
    @Test func rulesAreDockers() throws {
        var plan = try plan(false, false, .missing)
        #expect(plan.directory == "/t" && plan.rename?.to == "dst")
        #expect(throws: Failure.self) { try self.plan(false, false, .missing, slash: true) }
        plan = try self.plan(false, false, .file)
        #expect(plan.directory == "/t" && plan.rename?.to == "dst")
        plan = try self.plan(false, false, .directory)
        #expect(plan.directory == "/t/dst" && plan.rename == nil)
        plan = try self.plan(true, false, .missing)
        #expect(plan.directory == "/t" && plan.rename?.to == "dst" && !plan.makesDirectory)
        #expect(throws: Failure.self) { try self.plan(true, false, .file) }
        plan = try self.plan(true, false, .directory)
        #expect(plan.directory == "/t/dst" && plan.rename == nil)
        plan = try self.plan(true, true, .directory)
        #expect(plan.directory == "/t/dst" && plan.rename?.to == "")
        plan = try self.plan(true, true, .missing)
        #expect(plan.directory == "/t/dst" && plan.makesDirectory)
        #expect(throws: Failure.self) { try self.plan(false, true, .directory) }
    }
}
