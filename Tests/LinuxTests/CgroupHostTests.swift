import Linux
import Testing

@Suite struct CgroupHostTests {
    static let unified = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
    static let hybrid = """
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        37 31 0:34 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer
        40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw

        """

    static func host(_ text: String, root: String = "") throws -> CgroupHost {
        try #require(CgroupHost(mountinfo: MountInfo.parse(Array(text.utf8)), root: root))
    }

    @Test func oneV2HierarchyIsUnified() throws {
        let host = try Self.host(Self.unified)
        #expect(host.layout == .unified)
        #expect(host.unified == "/sys/fs/cgroup")
        #expect(host.hiddenFromRuntime.isEmpty)
    }

    @Test func v1ControllersBesideV2AreHybrid() throws {
        let host = try Self.host(Self.hybrid)
        #expect(host.layout == .hybrid)
        #expect(host.unified == "/sys/fs/cgroup/unified")
        #expect(host.controllers[.cpu] == "/sys/fs/cgroup/cpu,cpuacct")
        #expect(host.controllers[.cpuacct] == "/sys/fs/cgroup/cpu,cpuacct")
        #expect(host.named == "/sys/fs/cgroup/systemd")
        #expect(host.hiddenFromRuntime == ["/sys/fs/cgroup/unified"])
    }

    @Test func hostIsReadBackFromItsOwnLines() throws {
        let odd = "40 31 0:37 / /run/a\\040b\\134 rw - cgroup cgroup rw,name=mine\n"
        for text in [Self.unified, Self.hybrid, Self.unified + odd] {
            let host = try Self.host(text)
            #expect(try Self.host(host.mountinfo) == host)
        }
        #expect(try Self.host(Self.unified + odd).named == "/run/a b\\")
        let here = try CgroupHost.detect()
        #expect(try Self.host(here.mountinfo) == here)
    }

    @Test func v1AloneIsLegacy() throws {
        let lines = Self.hybrid.split(separator: "\n").dropLast().joined(separator: "\n")
        let host = try Self.host(lines)
        #expect(host.layout == .legacy && host.unified == nil && host.hiddenFromRuntime.isEmpty)
    }

    @Test func aNamedHierarchyHoldsNoController() throws {
        let text = Self.unified + "40 31 0:37 / /run/systemd-cgroup rw - cgroup cgroup rw,name=systemd\n"
        #expect(try Self.host(text).layout == .unified)
    }

    @Test func withoutControlGroupsThereIsNoHost() {
        let text = "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
        #expect(CgroupHost(mountinfo: MountInfo.parse(Array(text.utf8))) == nil)
    }

    @Test func thisMachineHasSome() throws { _ = try CgroupHost.detect() }

    @Test func membershipLines() {
        let text = "12:pids:/a\n3:cpu,cpuacct:/b:c\n1:name=systemd:/\n0::/x (deleted)\nrubbish\n"
        let lines = CgroupMembership.parse(Array(text.utf8))
        #expect(lines.map(\.path) == ["/a", "/b:c", "/", "/x (deleted)"])
        #expect(lines.map(\.controllers) == [["pids"], ["cpu", "cpuacct"], ["name=systemd"], []])
    }
}
