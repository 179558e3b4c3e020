/// What functions of the kernel on a task's stack tell. Names are of kernels 5.10 to 6.18.
enum KernelFunctions {
    /// A task that sleeps interruptibly in one of these may not end on KILL, or is what others wait for.
    static func isHold(_ wchan: String) -> Bool { holds.contains(wchan) }

    private static let holds: Set<String> = [
        "request_wait_answer", "zap_pid_ns_processes", "do_freezer_trap", "__refrigerator", "fuse_get_req",
        "__fuse_request_alloc", "fuse_wait_on_page_writeback", "fuse_dax_wait", "ptrace_stop", "do_signal_stop",
        "get_signal",
    ]

    /// v1 before 6.1; since then a task is frozen wherever it sleeps.
    static let refrigerator: Set<String> = ["__refrigerator"]
    /// v2, and the function that it became part of.
    static let freezerTrap: Set<String> = ["do_freezer_trap", "get_signal"]
    static let namespaceEnd: Set<String> = ["zap_pid_ns_processes"]
    static let traced: Set<String> = ["ptrace_stop", "ptrace_notify", "ptrace_do_notify"]
    static let vfork: Set<String> = ["wait_for_vfork_done", "kernel_clone", "_do_fork", "do_fork"]
    static let lock: Set<String> = [
        "__mutex_lock", "mutex_lock", "__mutex_lock_slowpath", "__mutex_lock.constprop.0", "mutex_lock_killable",
        "rwsem_down_read_slowpath", "rwsem_down_write_slowpath", "down_read", "down_write", "down_write_killable",
        "down_read_killable", "__down", "__down_common", "down", "rt_mutex_slowlock", "schedule_preempt_disabled",
    ]
    /// A writer waits here for a frozen file system to thaw; cpu and cgroup locks are of the same kind.
    static let perCPUSemaphore: Set<String> = ["percpu_rwsem_wait", "__percpu_down_read", "percpu_down_read"]
    private static let otherPerCPUSemaphores = [
        "cgroup_", "copy_process", "exit_signals", "cpus_read_lock", "cpu_hotplug", "begin_new_exec", "freeze_super",
    ]
    static let frozenFileSystem: Set<String> = ["sb_start_write", "__sb_start_write", "mnt_want_write"]

    static let reclaim: Set<String> = [
        "mem_cgroup_handle_over_high", "__mem_cgroup_handle_over_high", "mem_cgroup_oom_synchronize",
        "mem_cgroup_out_of_memory", "try_charge_memcg", "try_charge", "try_to_free_mem_cgroup_pages", "shrink_node",
        "shrink_lruvec", "throttle_direct_reclaim", "__alloc_pages_slowpath", "__alloc_pages_slowpath.constprop.0",
        "do_try_to_free_pages", "out_of_memory", "reclaim_throttle", "swap_read_folio", "swap_readpage", "do_swap_page",
    ]
    static let blockIO: Set<String> = [
        "io_schedule", "io_schedule_timeout", "blk_mq_get_tag", "submit_bio_wait", "bit_wait_io", "wait_on_page_bit",
        "folio_wait_bit", "folio_wait_bit_common", "wait_on_page_writeback", "folio_wait_writeback", "__wait_on_buffer",
        "blkdev_issue_flush", "jbd2_log_wait_commit", "jbd2_journal_commit_transaction", "wait_transaction_locked",
        "do_get_write_access", "__folio_lock", "__lock_page", "rq_qos_wait", "balance_dirty_pages", "xfs_log_force_seq",
        "xlog_wait_on_iclog", "xfs_buf_iowait", "btrfs_commit_transaction", "blk_execute_rq", "blk_io_schedule",
        "wb_wait_for_completion", "sync_inodes_sb", "__sync_dirty_buffer", "md_flush_request",
        "raid5_get_active_stripe", "dio_await_one", "iomap_dio_rw", "__iomap_dio_rw",
    ]
    /// Modules that are no driver of a device.
    private static let fileSystems: Set<String> = [
        "ext4", "jbd2", "xfs", "btrfs", "f2fs", "overlay", "fuse", "nfs", "nfsv3", "nfsv4", "sunrpc", "cifs", "ceph",
        "libceph", "9p", "9pnet", "netfs", "fscache",
    ]
    private static let networkFileSystems = ["nfs", "rpc_", "smb2_", "smb_", "cifs_", "ceph_", "p9_", "v9fs_", "afs_"]

    static func isFuse(_ function: String) -> Bool {
        function.hasPrefix("fuse_") || function.hasPrefix("__fuse_") || plain(function) == "request_wait_answer"
    }

    /// Without its module: `jbd2_log_wait_commit [jbd2]` is the same function where the file system is built in.
    static func plain(_ function: String) -> String {
        guard function.hasSuffix("]"), let blank = function.firstIndex(of: " ") else { return function }
        return String(function[..<blank])
    }

    static func isNetworkFileSystem(_ function: String) -> Bool {
        networkFileSystems.contains { function.hasPrefix($0) || function.hasPrefix("__" + $0) }
    }

    static func isFrozenFileSystem(_ stack: [String]) -> Bool {
        let stack = stack.map(plain)
        if stack.contains(where: frozenFileSystem.contains) { return true }
        guard stack.contains(where: perCPUSemaphore.contains) else { return false }
        return !stack.contains { function in otherPerCPUSemaphores.contains { function.hasPrefix($0) } }
    }

    /// The outermost function that belongs to a module, as stacks write it: `nvidia_ioctl [nvidia]`.
    static func module(_ stack: [String]) -> (function: String, module: String)? {
        for line in stack.reversed() {
            let words = line.split(separator: " ")
            if words.count == 2, words[1].hasPrefix("["), words[1].hasSuffix("]") {
                let module = String(words[1].dropFirst().dropLast())
                if !fileSystems.contains(module) { return (String(words[0]), module) }
            }
        }
        return nil
    }
}

/// File systems by the name in mountinfo.
enum FileSystemKind {
    static func isFuse(_ type: String) -> Bool { type == "fuse" || type.hasPrefix("fuse.") || type == "fuseblk" }

    static func isNetwork(_ type: String) -> Bool {
        ["nfs", "nfs4", "cifs", "smb3", "ceph", "9p", "afs", "lustre", "glusterfs", "ocfs2", "gfs2"].contains(type)
    }
}
