import Diagnosis
import Lifecycle
import Linux
import Testing

@testable import Engine

/// Which mounts are refused to others is a matter of proof.
struct HungPlacesTests {
    private let plans = [
        MountPlan(kind: .volume, source: "data", target: "/data"),
        MountPlan(kind: .bind, source: "/srv/inner", target: "/data/inner"),
        MountPlan(kind: .bind, source: "/srv/other", target: "/other"),
    ]

    private func evidence(_ tasks: [TaskEvidence]) -> Diagnosis.Evidence {
        var process = ProcessEvidence(
            ProcessName(pid: 7, comm: "cat"), state: "D", parent: 1,
            masks: SignalMasks(caught: 0, blocked: 0, ignored: 0), namespacePids: [7])
        process.tasks = tasks
        var evidence = Diagnosis.Evidence(Subject(.process(7)), takenAt: MonotonicClock.now())
        evidence.processes = [process]
        return evidence
    }

    private func task(
        _ call: String?, at point: String?, descriptor: Int32? = 3, stack: [String] = ["request_wait_answer"]
    ) -> TaskEvidence {
        var task = TaskEvidence(
            pid: 7, tid: 7, comm: "cat", state: "D", switches: SwitchCounts(voluntary: 1, involuntary: 0))
        task.isKillPending = true
        task.stack = stack
        task.call = call.map { SystemCall(number: 0, name: $0, arguments: [3, 0, 0, 0, 0, 0]) }
        if let point {
            task.file = TaskFile(descriptor: descriptor, path: point + "/file", mountID: 9)
            task.mount = MountInfo(line: Array("9 1 0:53 / \(point) rw - fuse.x x rw".utf8))
        }
        return task
    }

    private func held(_ tasks: [TaskEvidence]) -> [String] {
        let places = HungPlaces(evidence(tasks))
        return plans.filter { places.contains($0, among: plans) }.map(\.source)
    }

    @Test func theMountOfTheDescriptorIsHeldAndNoOther() {
        #expect(held([task("read", at: "/data")]) == ["data"])
        #expect(held([task("read", at: "/data/inner")]) == ["/srv/inner"])
        #expect(held([task("read", at: "/data/below")]) == ["data"])
        #expect(held([task("write", at: "/data"), task("read", at: "/other")]) == ["data", "/srv/other"])
        #expect(held([task("read", at: "/proc")]) == [])
        #expect(held([task("read", at: "/database")]) == [])
    }

    @Test func withoutProofAllAreHeld() {
        let all = plans.map(\.source)
        #expect(held([]) == all)
        #expect(held([task(nil, at: "/data")]) == all)
        #expect(held([task("read", at: nil)]) == all)
        #expect(held([task("read", at: "/data"), task("stat", at: "/other", descriptor: nil)]) == all)
        #expect(held([task("splice", at: "/data")]) == all)
        #expect(held([task("write", at: "/data", stack: ["folio_lock", "handle_mm_fault"])]) == all)
    }

    @Test func theFileSystemOfAPathIsFoundByItsText() {
        let lines = [
            "1 0 8:1 / / rw - ext4 a rw", "2 1 0:40 / /srv rw - tmpfs b rw", "3 2 0:41 / /srv rw - tmpfs c rw",
            "4 1 0:42 / /srv/in\\040it rw - tmpfs d rw", "5 1 8:2 /inner /part rw - ext4 e rw",
        ]
        let table = MountTable(lines.compactMap { MountInfo(line: Array($0.utf8)) })
        #expect(table.place(of: "/etc") == FileSystemPlace(device: "8:1", root: "/etc"))
        #expect(table.place(of: "/") == FileSystemPlace(device: "8:1", root: "/"))
        #expect(table.place(of: "/srv") == FileSystemPlace(device: "0:41", root: "/"))
        #expect(table.place(of: "/srv/in it/there") == FileSystemPlace(device: "0:42", root: "/there"))
        #expect(table.place(of: "/srvx") == FileSystemPlace(device: "8:1", root: "/srvx"))
        #expect(table.place(of: "/part/of") == FileSystemPlace(device: "8:2", root: "/inner/of"))
        #expect(table.place(of: "/part") == FileSystemPlace(device: "8:2", root: "/inner"))
    }
}
