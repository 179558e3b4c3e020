import Linux
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct MountTests {
    @Test(arguments: ["plain", "with, comma: and \\ colon"])
    func overlays(_ name: String) throws {
        let directory = try TemporaryDirectory("overlay")
        let layers = try ["top", "bottom"].map { try directory.makeDirectory("\(name)/\($0)") }
        try directory.write("t", to: "\(name)/top/both")
        try directory.write("b", to: "\(name)/bottom/both")
        try directory.write("b", to: "\(name)/bottom/one")
        let merged = try directory.makeDirectory("merged")
        let overlay = OverlayMount(
            lower: layers, upper: try directory.makeDirectory("\(name)/upper"),
            work: try directory.makeDirectory("\(name)/work"))
        try Mount.overlay(overlay, at: merged)
        #expect(try File.read(merged + "/both") == Array("t".utf8))
        #expect(try File.read(merged + "/one") == Array("b".utf8))
        try directory.write("new", to: "merged/new")
        #expect(try File.read(directory("\(name)/upper/new")) == Array("new".utf8))
        #expect(try Mount.list(under: directory.path).map(\.type) == ["overlay"])
        // A child some other test is just starting has a copy of every descriptor until it executes.
        try eventually("unmounted") {
            do throws(SystemError) { try Mount.unmount(merged) } catch { return !error.isBusy }
            return true
        }
        #expect(try !Mount.isMountPoint(merged))
    }

    @Test func overlaysOfMoreThanAPageOfOptions() throws {
        let directory = try TemporaryDirectory("overlay")
        let padding = String(repeating: "x", count: 60)
        var layers: [String] = []
        for number in 0..<60 {
            layers.append(try directory.makeDirectory("\(padding)-\(number)"))
            try directory.write("\(number)", to: "\(padding)-\(number)/file-\(number)")
        }
        let merged = try directory.makeDirectory("merged")
        try Mount.overlay(OverlayMount(lower: layers), at: merged)
        #expect(try File.read(merged + "/file-59") == Array("59".utf8))
        #expect(try File.list(merged).count == 60)
    }

    @Test func bindsReadOnly() throws {
        let directory = try TemporaryDirectory("bind")
        let source = try directory.makeDirectory("source")
        let target = try directory.makeDirectory("target")
        try directory.write("x", to: "source/file")
        try Mount.bind(source, at: target)
        try Mount.remountBind(at: target, flags: [.readOnly, .noSetUID])
        let error = #expect(throws: SystemError.self) { try directory.write("y", to: "target/file") }
        #expect(error?.errno == 30)
        try directory.write("y", to: "source/file")
        #expect(try File.read(target + "/file") == Array("y".utf8))
        let busy = try File.open(target + "/file", .readOnly)
        let refused = #expect(throws: SystemError.self) { try Mount.unmount(target) }
        #expect(refused?.isBusy == true)
        try Mount.unmount(target, lazily: true)
        #expect(try busy.readAll(limit: 10) == Array("y".utf8))
    }

    @Test func unmountsAStackWhole() throws {
        let directory = try TemporaryDirectory("stack")
        let outer = try directory.makeDirectory("outer")
        try Mount.tmpfs(at: outer, options: "size=64k,mode=700")
        try Mount.tmpfs(at: outer, options: "size=64k")
        try Mount.tmpfs(at: try directory.makeDirectory("outer/inner"))
        #expect(try Mount.list(under: outer).count == 3)
        // Not fooled by a name that only begins alike.
        _ = try directory.makeDirectory("outer-not")
        try Mount.unmountAll(under: outer)
        #expect(try Mount.list(under: outer).isEmpty)
    }

    @Test func saysWhatFailed() {
        let error = #expect(throws: SystemError.self) {
            try Mount.overlay(OverlayMount(lower: ["/no/such/layer"]), at: "/tmp")
        }
        #expect(error?.description == "mount overlay on /tmp: No such file or directory (ENOENT)")
    }
}
