import Linux
import Testing

@Suite struct MountInfoTests {
    @Test func readsFieldsAndEscapes() throws {
        let text =
            #"36 35 98:7 /a\040b /mnt/x\134y\011z rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue"#
        let mount = try #require(MountInfo(line: Array(text.utf8)))
        #expect(mount.id == 36 && mount.parent == 35)
        #expect(mount.device == DeviceNumber(major: 98, minor: 7))
        #expect(mount.root == "/a b")
        #expect(mount.mountPoint == "/mnt/x\\y\tz")
        #expect(mount.options == ["rw", "noatime"])
        #expect(mount.propagation == ["shared:1", "master:2"])
        #expect(mount.isShared && !mount.isReadOnly)
        #expect(mount.type == "ext3" && mount.source == "/dev/root")
        #expect(mount.superOptions == ["rw", "errors=continue"])
    }

    @Test func noOptionalFieldsAndAnEmptySource() throws {
        let mount = try #require(MountInfo(line: Array("22 27 0:21 / /proc ro - proc  rw".utf8)))
        #expect(mount.propagation.isEmpty && mount.source.isEmpty && mount.isReadOnly)
    }

    @Test(arguments: [
        "", " ", "1 2 3", "1 2 0:1 / / rw shared:1 ext4 x rw", "x 2 0:1 / / rw - ext4 x rw", "1 2 0 / / rw - a b c",
        "1 2 0:1:2 / / rw - a b c", "- - - - - - - - -", "1 2 0:1 / / rw -",
    ])
    func damagedLinesAreLeftOut(_ line: String) {
        #expect(MountInfo.parse(Array((line + "\n").utf8)).isEmpty)
    }

    @Test func anOddEscapeIsKeptAsItIs() throws {
        let mount = try #require(MountInfo(line: Array(#"1 2 0:1 / /a\9b\777\04 rw - t s rw"#.utf8)))
        #expect(mount.mountPoint == #"/a\9b\777\04"#)
    }

    @Test func findsTheRootOfThisProcess() throws {
        #expect(try Procfs.mountinfo().contains { $0.mountPoint == "/" })
        #expect(try Mount.isMountPoint("/proc"))
    }
}
