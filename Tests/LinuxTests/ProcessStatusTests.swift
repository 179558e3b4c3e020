import Lifecycle
import Linux
import TestKit
import Testing

@Suite struct ProcessStatusTests {
    /// Recorded on 6.18: the init of a container, as its host sees it.
    static let recorded = """
        Name:\tsh
        Umask:\t0022
        State:\tS (sleeping)
        Tgid:\t4711
        Ngid:\t0
        Pid:\t4711
        PPid:\t4700
        TracerPid:\t0
        Uid:\t1000\t1000\t1000\t1000
        Gid:\t1000\t1000\t1000\t1000
        FDSize:\t64
        Groups:\t0
        NStgid:\t4711\t1
        NSpid:\t4711\t1
        NSpgid:\t4711\t1
        NSsid:\t4711\t1
        VmPeak:\t    4492 kB
        VmRSS:\t    1664 kB
        Threads:\t2
        SigQ:\t0/94000
        SigPnd:\t0000000000000100
        ShdPnd:\t0000000000004000
        SigBlk:\t0000000000000002
        SigIgn:\t0000000000000001
        SigCgt:\t0000000000014002
        CapInh:\t0000000000000000
        voluntary_ctxt_switches:\t7
        nonvoluntary_ctxt_switches:\t3

        """

    @Test func readsWhatTheKernelWrites() throws {
        let status = try #require(ProcessStatus(parsing: Array(Self.recorded.utf8)))
        #expect(status.name == "sh")
        #expect(status.state == "S")
        #expect(status.pid == 4711 && status.threadGroup == 4711 && status.parent == 4700)
        #expect(status.namespacePids == [4711, 1])
        #expect(status.isNamespaceInit)
        #expect(status.uid == 1000 && status.threads == 2)
        #expect(status.residentBytes == 1664 * 1024)
        #expect(status.isPending(.kill) && status.isPending(.term) && !status.isPending(.hup))
        #expect(status.masks.disposition(of: .term) == .handled)
        #expect(status.masks.disposition(of: .hup) == .ignored)
        #expect(status.voluntarySwitches == 7 && status.involuntarySwitches == 3)
    }

    @Test func aNameCannotPassItselfOffAsAField() throws {
        let text = Self.recorded.replacing("Name:\tsh", with: "Name:\tx\\nSigCgt:")
        let status = try #require(ProcessStatus(parsing: Array(text.utf8)))
        #expect(status.masks.caught == 0x14002)
    }

    @Test(arguments: [
        ("SigCgt:", "SigCgX:"), ("Pid:\t4711", "Pid:\t99999999999"), ("0000000000014002", "00000000000140020"),
        ("0000000000014002", "xyz"), ("State:", "Estate:"), ("Tgid:\t4711", "Tgid:\t"),
    ])
    func damagedTextIsNoStatus(_ what: String, _ damage: String) {
        #expect(ProcessStatus(parsing: Array(Self.recorded.replacing(what, with: damage).utf8)) == nil)
        #expect(ProcessStatus(parsing: []) == nil)
    }

    @Test func whatIsNotUnderstoodIsNotGone() throws {
        let directory = try TemporaryDirectory("proc")
        _ = try directory.makeDirectory("7")
        try directory.write("rubbish", to: "7/status")
        let error = #expect(throws: SystemError.self) { try Procfs(root: directory.path).status(of: 7) }
        #expect(error?.errno == 74)
        #expect(try Procfs(root: directory.path).status(of: 8) == nil)
    }

    @Test func readsThisProcess() throws {
        let status = try Procfs.status(of: ProcessSelf.pid)
        #expect(status.pid == ProcessSelf.pid)
        #expect(try Procfs.tasks(of: ProcessSelf.pid).contains(ProcessSelf.pid))
        #expect(try Procfs.stat(of: ProcessSelf.pid).parent == status.parent)
        #expect(try Procfs.live.status(of: Int32.max) == nil)
        #expect(throws: SystemError.self) { try Procfs.status(of: Int32.max) }
    }
}
