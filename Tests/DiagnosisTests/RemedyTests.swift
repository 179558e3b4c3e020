import Diagnosis
import Testing

@Suite("Remedies, as they are named")
struct RemedyTests {
    @Test("A path becomes one word of a shell")
    func quoting() {
        #expect(Remedy.forceUnmount(mountPoint: "/mnt/it's").command == "umount -f '/mnt/it'\\''s'")
        #expect(Remedy.thawFileSystem(mountPoint: "/mnt/data").command == "fsfreeze --unfreeze /mnt/data")
        #expect(
            Remedy.thawCgroup(directory: "/sys/fs/cgroup/freezer/a b", .v1).command
                == "echo THAWED > '/sys/fs/cgroup/freezer/a b/freezer.state'")
    }

    @Test("What reaches beyond the container wants a flag of its own")
    func flags() {
        let process = ProcessName(pid: 7, comm: "server")
        let beyond: [Remedy] = [
            .detachTracer(process, of: process), .killTracer(process, of: process),
            .abortFuse(connection: 3, mountPoint: "/m"),
            .thawFileSystem(mountPoint: "/m"), .resumeDevice("d"), .forceUnmount(mountPoint: "/m"),
            .killParent(process, of: process),
        ]
        #expect(Set(beyond.map(\.flag)).count == beyond.count)
        #expect(!beyond.contains { $0.flag == nil })
        #expect(Remedy.releaseMemory([process]).flag == nil)
        #expect(beyond.allSatisfy(\.frees) && !Remedy.releaseMemory([process]).frees)
    }
}
