internal import CLinux
public import Lifecycle

/// Pidfds of one round: they cannot live in an array, so their numbers do, and are closed together.
private final class PidfdTable {
    private(set) var entries: [(pid: Int32, raw: Int32)] = []

    /// Passes over a process that is gone.
    func open(_ pid: Int32) throws(SystemError) {
        let raw = clinux_pidfd_open(pid)
        if raw == -CLinux.ESRCH || raw == -CLinux.EINVAL { return }
        entries.append((pid, try check(raw, "pidfd_open", "pid \(pid)")))
    }

    deinit { for entry in entries { _ = clinux_close(entry.raw) } }
}

extension Cgroup {
    /// Sends SIGKILL to every process of the subtree, and leaves nothing frozen. Returns at once: `isPopulated` tells
    /// when they are gone. Nothing there is no error.
    ///
    /// By cgroup.kill (5.14, atomic); where that does not work, growth is stopped (pids.max), the subtree frozen, each
    /// process signalled, and the subtree thawed. Returns which of them it was; nil: nothing was there.
    @discardableResult
    public func kill() throws(SystemError) -> KillMechanism? {
        guard try exists() else { return nil }
        let result: Result<KillMechanism, SystemError>
        do throws(SystemError) {
            result = .success(try killAtOnce() ? .atOnce : try killEach())
        } catch { result = .failure(error) }
        // Also after a fault: a frozen task does not take its KILL where there is only the v1 freezer.
        _ = try thaw()
        return try result.get()
    }

    private func killAtOnce() throws(SystemError) -> Bool {
        guard let directory = unifiedDirectory else { return false }
        do throws(SystemError) {
            try File.overwrite(directory + "/cgroup.kill", with: "1")
            return true
        } catch {
            if error.isNotFound || error.isUnsupported { return false }
            if error.isGone { return true }
            throw error
        }
    }

    /// Rounds, until one finds nobody new: a process may fork between the listing and its signal where neither the
    /// freezer nor pids.max is there.
    @discardableResult
    func killEach() throws(SystemError) -> KillMechanism {
        do throws(SystemError) { try stopGrowth() } catch {
            // The rounds find what was forked meanwhile.
        }
        var mechanism = KillMechanism.frozen
        do throws(SystemError) { try freeze() } catch {
            // Without a freezer the rounds must do. Anything else shows in what follows.
            mechanism = .rounds
        }
        var signalled: Set<Int32> = []
        for _ in 0..<64 {
            let fresh = Set(try members()).subtracting(signalled)
            if fresh.isEmpty { return mechanism }
            let pids = Array(fresh)
            for start in stride(from: 0, to: pids.count, by: 128) {
                try killMembers(pids[start..<min(start + 128, pids.count)])
            }
            signalled.formUnion(fresh)
        }
        return mechanism
    }

    /// By pidfd, and only those that are still members once it is open: a number may have been reused since it was listed.
    private func killMembers(_ pids: ArraySlice<Int32>) throws(SystemError) {
        let table = PidfdTable()
        for pid in pids { try table.open(pid) }
        let members = Set(try members())
        for (pid, raw) in table.entries where members.contains(pid) {
            let result = clinux_pidfd_send_signal(raw, Signal.kill.number)
            if result != -CLinux.ESRCH { try check(result, "pidfd_send_signal KILL to", "pid \(pid)") }
        }
    }

    /// pids.max = 0, in the v1 hierarchy and in v2, wherever the controller is: no more forks, in all that is below. A group
    /// that has no such file, or is gone, is no error.
    public func stopGrowth() throws(SystemError) {
        for directory in [directory(of: .pids), unifiedDirectory].compactMap({ $0 }) {
            try Cgroup.writeUnlessGone("0", to: directory + "/pids.max")
        }
    }
}

extension Cgroup {
    /// Asks the kernel to freeze the subtree, and returns at once; `isFrozen` tells when all have stopped. v2's freezer
    /// where there is one (KILL works on what it froze), else v1's.
    public func freeze() throws(SystemError) {
        if let directory = unifiedDirectory {
            try File.overwrite(directory + "/cgroup.freeze", with: "1")
        } else if let directory = directory(of: .freezer) {
            try File.overwrite(directory + "/freezer.state", with: "FROZEN")
        } else {
            throw SystemError("freeze", path, errno: 95)
        }
    }

    /// Every task of the subtree has stopped. False when the group is not there.
    public func isFrozen() throws(SystemError) -> Bool {
        if try eventsNow().frozen { return true }
        guard let directory = directory(of: .freezer) else { return false }
        return try Cgroup.read(directory + "/freezer.state")?.trimmed.equals("FROZEN") ?? false
    }

    /// Thaws the group and every group below it, in both freezers. True when something was frozen or freezing.
    @discardableResult
    public func thaw() throws(SystemError) -> Bool {
        var any = false
        if let directory = unifiedDirectory {
            try CgroupTree(directory).each { (group) throws(SystemError) in
                guard try Cgroup.read(group + "/cgroup.freeze")?.first == UInt8(ascii: "1") else { return }
                try Cgroup.writeUnlessGone("0", to: group + "/cgroup.freeze")
                any = true
            }
        }
        if let directory = directory(of: .freezer) {
            // Parents first: a group stays frozen while one above it is.
            try CgroupTree(directory).each { (group) throws(SystemError) in
                guard let state = try Cgroup.read(group + "/freezer.state"), !state.trimmed.equals("THAWED") else {
                    return
                }
                try Cgroup.writeUnlessGone("THAWED", to: group + "/freezer.state")
                any = true
            }
        }
        return any
    }

    static func writeUnlessGone(_ text: String, to path: String) throws(SystemError) {
        do throws(SystemError) { try File.overwrite(path, with: text) } catch {
            if !error.isGone { throw error }
        }
    }
}

extension Cgroup {
    /// Removes the group and all below it in every hierarchy. Missing is fine. All is tried; then the first failure is
    /// thrown: EBUSY while a task, even a zombie's thread, is left.
    public func remove() throws(SystemError) {
        var first: SystemError?
        for directory in directories(.everything) {
            if let error = try CgroupTree(directory).remove() { first = first ?? error }
        }
        if let first { throw first }
    }
}
