extension Cgroup {
    /// Asks the kernel for all memory of the group that it can have: memory.reclaim (v2, 5.19), memory.force_empty (v1). What
    /// it could not have is no error, nor a host without the controller.
    ///
    /// May block: for a disposable child.
    public func reclaimMemory() throws(SystemError) {
        if let directory = directory(of: .memory) {
            return try Cgroup.writeIgnoringBusy("0", to: directory + "/memory.force_empty")
        }
        guard let directory = unifiedDirectory, let now = try Cgroup.number(directory + "/memory.current") else {
            return
        }
        try Cgroup.writeIgnoringBusy("\(now)", to: directory + "/memory.reclaim")
    }

    /// EAGAIN and EBUSY: less than that could be had.
    private static func writeIgnoringBusy(_ text: String, to path: String) throws(SystemError) {
        do throws(SystemError) { try writeUnlessGone(text, to: path) } catch {
            if error.errno != 11, !error.isBusy { throw error }
        }
    }
}
