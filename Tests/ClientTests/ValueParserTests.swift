import APITypes
import Testing

@testable import quell

@Suite struct ValueParserTests {
    @Test(arguments: [
        ("0", 0), ("100", 100), ("100b", 100), ("1k", 1024), ("1kb", 1024), ("64K", 65536), ("512m", 536_870_912),
        ("1.5g", 1_610_612_736), ("2GiB", 2_147_483_648), ("1 m", 1_048_576),
    ])
    func sizes(_ text: String, _ bytes: Int) throws { #expect(try parseBytes(text) == bytes) }

    @Test(arguments: ["", "m", "12q", "-1", "1.2.3m", "9999999p", "1mm"])
    func noSizes(_ text: String) { #expect(throws: ValueFault.self) { try parseBytes(text) } }

    @Test func unlimited() throws {
        #expect(try parseBytesOrUnlimited("-1") == -1)
        #expect(throws: ValueFault.self) { try parseBytesOrUnlimited("-2") }
    }

    @Test(arguments: [("1", 1_000_000_000), ("0.5", 500_000_000), ("1.25", 1_250_000_000)])
    func processors(_ text: String, _ billionths: Int) throws { #expect(try parseProcessors(text) == billionths) }

    @Test(arguments: ["x", "-1", "inf", ""])
    func noProcessors(_ text: String) { #expect(throws: ValueFault.self) { try parseProcessors(text) } }

    @Test(arguments: [
        ("/data", VolumeArgument.anonymous("/data")), ("data:/d", .bind("data:/d")),
        ("/a:/b:ro,z", .bind("/a:/b:ro,z")),
        ("./x:/y", .bind("./x:/y")),
    ])
    func volumes(_ text: String, _ expected: VolumeArgument) throws {
        #expect(try VolumeArgument(parsing: text) == expected)
    }

    @Test(arguments: ["", "data", "a:b", ":/x", "/a:/b:sideways", "/a:/b:ro:x", "x:/"])
    func noVolumes(_ text: String) { #expect(throws: ValueFault.self) { try VolumeArgument(parsing: text) } }

    @Test(arguments: [
        ("./x:/y", "/w/d/x:/y"), ("../x:/y:ro", "/w/x:/y:ro"), (".:/y", "/w/d:/y"), ("name:/y", "name:/y"),
        ("/a:/y", "/a:/y"),
    ])
    func relativeSourcesAreMadeAbsolute(_ text: String, _ expected: String) throws {
        #expect(try VolumeArgument(parsing: text).resolved(in: "/w/d") == .bind(expected))
    }

    @Test func mounts() throws {
        var mount = try MountArgument.parse("type=bind,source=/a,target=/b,readonly,bind-propagation=rslave")
        #expect(mount.type == "bind" && mount.source == "/a" && mount.target == "/b" && mount.readOnly)
        #expect(mount.bindOptions?.propagation == "rslave" && mount.volumeOptions == nil)
        mount = try MountArgument.parse("src=v,dst=/b,volume-nocopy=false,volume-opt=a=b,\"volume-label=k=x,y\"")
        #expect(mount.type == "volume" && mount.volumeOptions?.noCopy == false && !mount.readOnly)
        #expect(mount.volumeOptions?.driverConfig?.options == ["a": "b"] && mount.volumeOptions?.labels == ["k": "x,y"])
        mount = try MountArgument.parse("type=tmpfs,destination=/t,tmpfs-size=64m,tmpfs-mode=1770")
        #expect(mount.tmpfsOptions?.sizeBytes == 67_108_864 && mount.tmpfsOptions?.mode == 0o1770)
    }

    @Test(arguments: [
        "", "type=bind,target=/b", "target=b", "type=nfs,target=/x", "target=/b,nope=1", "target=/b,readonly=maybe",
        "type=tmpfs,source=/a,target=/b", "type=bind,source=/a,target=/b,tmpfs-size=1m", "\"target=/b", "target",
        "type=bind,source=/a,target=/b,bind-propagation=up", "type=tmpfs,target=/x,tmpfs-mode=9",
    ])
    func noMounts(_ text: String) { #expect(throws: ValueFault.self) { try MountArgument.parse(text) } }

    @Test func limits() throws {
        let limit = try Limits.ulimit("nofile=10:20")
        #expect(limit.name == "nofile" && limit.soft == 10 && limit.hard == 20)
        #expect(try Limits.ulimit("core=-1").hard == -1)
        for text in ["nofile", "nofile=", "nofile=x", "nope=1", "nofile=20:10", "nofile=1:2:3", "nofile=-2"] {
            #expect(throws: ValueFault.self) { try Limits.ulimit(text) }
        }
        let device = try Limits.device("/dev/sda:/dev/x:rw")
        #expect(
            device.pathOnHost == "/dev/sda" && device.pathInContainer == "/dev/x" && device.cgroupPermissions == "rw")
        #expect(try Limits.device("/dev/fuse").cgroupPermissions == "rwm")
        #expect(try Limits.device("/dev/fuse:r").pathInContainer == "/dev/fuse")
        for text in ["fuse", "/dev/a:b:rw", "/a:/b:rw:x"] {
            #expect(throws: ValueFault.self) { try Limits.device(text) }
        }
        let policy = try Limits.restartPolicy("on-failure:3")
        #expect(policy.name == "on-failure" && policy.maximumRetryCount == 3)
        for text in ["sometimes", "always:3", "on-failure:x", "on-failure:-1"] {
            #expect(throws: ValueFault.self) { try Limits.restartPolicy(text) }
        }
        #expect(try Limits.host("db:10.0.0.7") == "db:10.0.0.7")
        #expect(try Limits.host("v6=[::1]") == "v6:::1")
        #expect(throws: ValueFault.self) { try Limits.host("db") }
        #expect(throws: ValueFault.self) { try Limits.signal("SIG42") }
        #expect(throws: ValueFault.self) { try Limits.signal("0") }
        #expect(throws: ValueFault.self) { try Limits.ladder("KILL, TERM") }
    }

    @Test func environmentFiles() throws {
        let text = "# comment\nA=1\n  B=two words\n\nHOME\nUNSET\nC=\r\n"
        #expect(
            try EnvironmentEntry.parseFile(text, path: "f", environment: ["HOME": "/root"])
                == ["A=1", "B=two words", "HOME=/root", "C="])
        #expect(throws: UsageError.self) { try EnvironmentEntry.parseFile("A B=1", path: "f", environment: [:]) }
        #expect(EnvironmentEntry.resolve("X", from: ["X": "1"]) == "X=1")
        #expect(EnvironmentEntry.resolve("X", from: [:]) == "X")
        #expect(throws: ValueFault.self) { try EnvironmentEntry.check("=x") }
    }

    @Test(
        arguments: [
            ("busybox", "busybox", nil), ("busybox:1", "busybox", "1"), ("host:5000/a/b", "host:5000/a/b", nil),
            ("host:5000/a/b:c", "host:5000/a/b", "c"),
        ] as [(String, String, String?)])
    func imageNames(_ text: String, _ repository: String, _ tag: String?) {
        #expect(ImageName(text).repository == repository && ImageName(text).tag == tag)
    }

    @Test(arguments: [
        (0, "0B"), (999, "999B"), (1000, "1kB"), (1_982_000, "1.98MB"), (7_660_000, "7.66MB"), (187_000_000, "187MB"),
        (1_005_000_000, "1GB"),
    ])
    func sizesForPeople(_ bytes: Int, _ text: String) { #expect(humanSize(bytes) == text) }

    @Test(arguments: [(0, "0B"), (1536, "1.5KiB"), (749_568, "732KiB"), (25_275_891_097, "23.54GiB")])
    func binarySizesForPeople(_ bytes: Int, _ text: String) { #expect(humanBinarySize(Double(bytes)) == text) }

    @Test(arguments: [
        (0, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (60, "About a minute"), (150, "2 minutes"),
        (3600, "About an hour"), (7200, "2 hours"), (86400 * 3, "3 days"), (86400 * 20, "2 weeks"),
        (86400 * 90, "3 months"), (86400 * 800, "2 years"),
    ])
    func spansForPeople(_ seconds: Int, _ text: String) { #expect(humanDuration(seconds: seconds) == text) }

    @Test(arguments: [(1.005, 2, "1.00"), (-0.001, 2, "0.00"), (-1.25, 1, "-1.3"), (12.0, 0, "12"), (0.06, 2, "0.06")])
    func decimals(_ value: Double, _ count: Int, _ text: String) { #expect(fixed(value, decimals: count) == text) }

    @Test(arguments: [("/a/./b/../c", "/a/c"), ("x", "/w/x"), ("../..", "/"), (".", "/w"), ("/", "/")])
    func absolutePaths(_ path: String, _ expected: String) { #expect(absolutePath(path, in: "/w") == expected) }
}
