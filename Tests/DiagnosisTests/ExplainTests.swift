import Diagnosis
import Lifecycle
import Linux
import Testing

/// Every reason from what kernels showed (6.18, 6.1, 5.10), without a kernel.
@Suite struct ExplainTests {
    private static func task(
        _ state: Character, _ stack: [String], kill: Bool = true, asleep: Duration? = .seconds(5), change: Bool = false
    ) -> TaskEvidence {
        let counts = SwitchCounts(voluntary: 3, involuntary: 1)
        var task = TaskEvidence(pid: 40, tid: 40, comm: "cat", state: state, switches: counts)
        task.stack = stack
        task.wchan = stack.first ?? ""
        task.isKillPending = kill
        task.asleep = asleep
        task.laterSwitches = change ? SwitchCounts(voluntary: 4, involuntary: 1) : counts
        return task
    }

    private static func evidence(_ task: TaskEvidence, _ change: (inout Diagnosis.Evidence) -> Void = { _ in })
        -> Diagnosis.Evidence
    {
        var evidence = Diagnosis.Evidence(Subject(.process(40), main: 40), takenAt: Instant(sinceBoot: .zero))
        var process = ProcessEvidence(
            ProcessName(pid: 40, startTicks: 1, comm: "cat"), state: task.state, parent: 1,
            masks: SignalMasks(caught: 0, blocked: 0, ignored: 0), namespacePids: [40])
        process.isMain = true
        process.tasks = [task]
        evidence.processes = [process]
        change(&evidence)
        return evidence
    }

    private static func mount(_ type: String, _ source: String, _ device: String) throws -> MountInfo {
        try #require(MountInfo(line: "42 27 \(device) / /mnt/data rw - \(type) \(source) rw".utf8))
    }

    @Test(arguments: [
        (Reason.fuse, ["request_wait_answer", "__fuse_simple_request", "fuse_readahead", "vfs_read"]),
        (.nfs, ["rpc_wait_bit_killable", "__rpc_execute", "nfs4_proc_getattr", "vfs_statx"]),
        (.nfs, ["wait_for_response.part.0", "cifs_send_recv", "SMB2_read"]),
        (.frozenFileSystem, ["percpu_rwsem_wait", "__percpu_down_read", "vfs_write", "ksys_write"]),
        (.blockIO, ["io_schedule", "folio_wait_bit_common", "filemap_read", "vfs_read"]),
        (.blockIO, ["jbd2_log_wait_commit", "ext4_sync_file", "do_fsync"]),
        (.memoryPressure, ["reclaim_throttle", "shrink_node", "do_try_to_free_pages", "try_charge_memcg"]),
        (.driver, ["nvidia_wait [nvidia]", "nvidia_ioctl [nvidia]", "__x64_sys_ioctl"]),
        (.blockIO, ["jbd2_log_wait_commit [jbd2]", "ext4_sync_file [ext4]", "do_fsync"]),
        (.unknown, ["some_wait", "xfs_something [xfs]", "do_fsync"]),
        (.fuse, ["request_wait_answer [fuse]", "vfs_read"]),
        (.frozenCgroup, ["__refrigerator", "get_signal"]),
        (.unknown, ["mutex_lock", "__mutex_lock.constprop.0", "do_something"]),
        (.unknown, ["msleep", "some_function"]),
    ])
    func reasonOfAStack(reason: Reason, stack: [String]) {
        let explanation = explain(Self.evidence(Self.task("D", stack)))
        #expect(explanation.reason == reason, "\(explanation.causes)")
        #expect(explanation.isStuck)
        #expect(!explanation.line.isEmpty)
    }

    @Test func locksOfTheKernelAreNoFrozenFileSystem() {
        for other in ["cgroup_procs_write_start", "copy_process", "cpus_read_lock"] {
            let stack = ["percpu_rwsem_wait", "__percpu_down_read", other]
            #expect(explain(Self.evidence(Self.task("D", stack))).reason == .unknown)
        }
    }

    @Test func uninterruptibleAloneIsNoProof() {
        let stack = ["io_schedule", "folio_wait_bit_common"]
        #expect(explain(Self.evidence(Self.task("D", stack, change: true))).causes.isEmpty)
        let short = explain(Self.evidence(Self.task("D", stack, kill: false, asleep: .milliseconds(200))))
        #expect(!short.isStuck && short.causes.first?.certainty == .harmless && short.remedies.isEmpty)
        let long = explain(Self.evidence(Self.task("D", stack, kill: false)))
        #expect(!long.isStuck && long.causes.first?.certainty == .expected)
    }

    @Test func deviceThatWorksIsBusyAndNotStuck() throws {
        var task = Self.task("D", ["io_schedule", "folio_wait_bit_common"])
        task.mount = try Self.mount("ext4", "/dev/sda1", "8:1")
        func explained(progressing: Bool) -> Explanation {
            explain(
                Self.evidence(task) { evidence in
                    var device = BlockDevice(number: DeviceNumber(major: 8, minor: 1), name: "sda1")
                    (device.hasProgressed, device.inFlight) = (progressing, 3)
                    evidence.devices = [device]
                })
        }
        #expect(!explained(progressing: true).isStuck)
        let dead = explained(progressing: false)
        #expect(dead.isStuck && dead.reason == .blockIO && dead.line.contains("sda1"))
    }

    @Test func suspendedDeviceIsResumed() throws {
        var task = Self.task("D", ["io_schedule", "dm_submit_bio"])
        task.mount = try Self.mount("ext4", "/dev/mapper/data", "253:0")
        let explanation = explain(
            Self.evidence(task) { evidence in
                var device = BlockDevice(number: DeviceNumber(major: 253, minor: 0), name: "dm-0")
                (device.mapperName, device.isSuspended) = ("data", true)
                evidence.devices = [device]
            })
        #expect(explanation.reason == .suspendedDevice)
        #expect(explanation.remedies.first == .resumeDevice("data"))
    }

    @Test func networkServerIsNamed() throws {
        var task = Self.task("D", ["rpc_wait_bit_killable", "nfs_wait_bit_killable"])
        task.mount = try Self.mount("nfs4", "filer:/export", "0:50")
        task.hostMountPoint = "/srv/data"
        let explanation = explain(Self.evidence(task))
        #expect(explanation.reason == .nfs && explanation.line.contains("filer"))
        #expect(explanation.remedies.first == .forceUnmount(mountPoint: "/srv/data"))
    }

    @Test func whoeverWaitsForALockIsHeldByWhatHoldsItsOwner() {
        var waiter = Self.task("D", ["rwsem_down_write_slowpath", "down_write", "do_mmap"])
        (waiter.tid, waiter.comm) = (41, "worker")
        let explanation = explain(
            Self.evidence(Self.task("D", ["request_wait_answer", "fuse_readahead"])) {
                $0.processes[0].tasks.append(waiter)
            })
        #expect(explanation.causes.count == 1 && explanation.causes[0].tasks.count == 2)
    }

    @Test func lockOwnerFromTheLog() throws {
        let owner = try #require(
            LockOwner(logLine: "3,812,99,-;INFO: task cat:40 is blocked on a mutex likely owned by task dd:4700."))
        #expect(owner == LockOwner(waiter: 40, owner: ProcessName(pid: 4700, comm: "dd"), lock: "mutex"))
        let explanation = explain(
            Self.evidence(Self.task("D", ["__mutex_lock.constprop.0", "x"])) { $0.lockOwners = [owner] })
        #expect(explanation.causes.first?.blockers == [.lockOwner(owner)])
        #expect(explanation.line == "cat (pid 40) waits for a mutex that dd (pid 4700) likely holds")
        // No function of a lock is on the stack.
        let bare = explain(Self.evidence(Self.task("D", ["super_lock", "user_get_super"])) { $0.lockOwners = [owner] })
        #expect(bare.causes.first?.blockers == [.lockOwner(owner)])
        #expect(LockOwner(logLine: "3,1,1,-;INFO: task cat:40 blocked for more than 122 seconds.") == nil)
    }

    /// As kernels write them (kernel/hung_task.c).
    @Test(arguments: [
        ("task cat:40 is blocked on a mutex likely owned by task dd:4700.", "dd", "mutex"),
        ("task cat:40 blocked on a semaphore likely last held by task dd:4700", "dd", "semaphore"),
        ("task cat:40 <reader> blocked on an rw-semaphore likely owned by task dd:4700 <writer>", "dd", "rw-semaphore"),
        (
            "task a:b c:40 <writer> blocked on an rw-semaphore likely owned by task x:y:4700 <reader>", "x:y",
            "rw-semaphore"
        ),
    ])
    func linesOfTheDetector(text: String, owner: String, lock: String) {
        let expected = LockOwner(waiter: 40, owner: ProcessName(pid: 4700, comm: owner), lock: lock)
        #expect(LockOwner(logLine: "3,812,99000000,-;INFO: " + text) == expected)
        // Facility 1: anybody who may write to the log can have said so.
        #expect(LockOwner(logLine: "11,812,99000000,-;INFO: " + text) == nil)
    }

    @Test(arguments: [
        "", ";", "3,812,99,-", "3,812,99,-;",
        "3,812;INFO: task cat:40 is blocked on a mutex likely owned by task dd:4700.",
        "3,812,99,-;INFO: task cat:40 is blocked on a mutex, but the owner is not found.",
        "3,812,99,-;INFO: task cat:99999999999 is blocked on a mutex likely owned by task dd:4700.",
        "3,812,99,-;other: INFO: task cat:40 is blocked on a mutex likely owned by task dd:4700.",
    ])
    func otherLinesNameNobody(line: String) { #expect(LockOwner(logLine: line) == nil) }

    /// The detector may have spoken of an earlier sleep of the same task: who held a lock then has nothing to do with this one.
    @Test func linesAboutAnEarlierSleepNameNobody() {
        func line(_ second: Int, _ pid: Int) -> String {
            "3,1,\(second)000000,-;INFO: task cat:40 is blocked on a mutex likely owned by task dd:\(pid)."
        }
        func owners(asleep: Duration?) -> [Int32] {
            let task = Self.task("D", ["super_lock"], asleep: asleep)
            let now = Instant(sinceBoot: .seconds(1000))
            return LockOwner.named(in: [line(600, 1), line(800, 2), "", line(900, 3)], of: [task], at: now)
                .map(\.owner.pid)
        }
        #expect(owners(asleep: .seconds(150)) == [3])
        #expect(owners(asleep: .seconds(90)) == [])
        // The clocks may differ a little; and where it is not known how long it sleeps, the last line counts.
        #expect(owners(asleep: .seconds(99)) == [3])
        #expect(owners(asleep: nil) == [3])
    }

    @Test func serverThatIsSuspendedIsContinuedFirst() throws {
        var task = Self.task("D", ["request_wait_answer", "fuse_readahead"])
        task.mount = try Self.mount("fuse.sshfs", "host:/", "0:39")
        let server = Outsider(ProcessName(pid: 7, comm: "sshfs"), state: "T")
        let explanation = explain(
            Self.evidence(task) { evidence in
                var connection = FuseConnection(
                    number: 39, mountPoint: "/mnt/data", type: "fuse.sshfs", source: "host:/")
                (connection.servers, connection.isServerKnown) = ([server], true)
                evidence.connections = [connection]
            })
        #expect(explanation.remedies.first == .continueProcess(server.name))
        #expect(explanation.remedies.contains(.abortFuse(connection: 39, mountPoint: "/mnt/data")))
        #expect(explanation.line.contains("sshfs (pid 7, stopped)"))
    }
}
