import Lifecycle
import Linux
import Logging
import TestKit
import Testing

@testable import Engine

@Suite(.timeLimit(.minutes(1))) struct DiskReserveTests {
    private func reserve(beside path: String) -> DiskReserve {
        DiskReserve(beside: path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test func itIsKeptGivenUpAndKeptAgain() throws {
        let directory = try TemporaryDirectory("reserve")
        let reserve = reserve(beside: directory("db"))
        #expect(!reserve.giveUp())
        for _ in 0..<2 {
            reserve.keep()
            #expect(try File.status(of: directory("db-reserve"))?.allocated ?? 0 >= 1 << 20)
            #expect(reserve.giveUp())
            #expect(try File.status(of: directory("db-reserve")) == nil)
            #expect(!reserve.giveUp())
        }
    }

    /// Files without extents cannot be given room beforehand (EOPNOTSUPP).
    @Test(.enabled(if: FrozenFileSystem.isSupported))
    func whereNoRoomIsPromisedItIsTriedOnce() throws {
        let directory = try TemporaryDirectory("reserve")
        let (image, place) = (directory("image"), try directory.makeDirectory("mount"))
        let made = try Command.run(
            "sh",
            [
                "-c",
                "truncate -s 16M \(image) && mkfs.ext4 -q -O ^extents,^has_journal,^64bit,^flex_bg,^huge_file \(image) && mount -o loop \(image) \(place)",
            ])
        try #require(made.status.isSuccess, "\(made.errors)")
        let reserve = reserve(beside: place + "/db")
        reserve.keep()
        #expect(try File.status(of: place + "/db-reserve") == nil, "nothing is left of the try")
        try File.open(place + "/db-reserve", [.writeOnly, .create]).writeAll(Array("kept".utf8))
        reserve.keep()
        #expect(try File.read(place + "/db-reserve") == Array("kept".utf8), "it was tried again")
        #expect(!reserve.giveUp())
    }
}
