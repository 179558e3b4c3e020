internal import CLinux

/// Moves bytes from one descriptor to another on a thread of its own.
///
/// Why a thread: a process that splices from a hung file system into a pipe (busybox `cat` does) holds that pipe's mutex
/// while it waits, and whoever reads the pipe then sleeps in D, O_NONBLOCK or not (kernel: splice_file_to_pipe). A
/// supervisor that must answer whatever hangs may never read such a pipe itself.
public enum Pump {
    /// Takes both descriptors over, blocking; closes both at the end of either. Ends with the process.
    public static func start(from: consuming OwnedDescriptor, to: consuming OwnedDescriptor) throws(SystemError) {
        try from.setNonBlocking(false)
        try to.setNonBlocking(false)
        try check(clinux_pump(from.raw, to.raw), "pthread_create", "pump")
        _ = from.release()
        _ = to.release()
    }

    /// Every thread of this process but the calling first one sleeps: none is about to move what a pipe holds. For a process
    /// whose other threads are pumps. True, too, when the kernel does not say.
    public static func allSleep() -> Bool {
        do throws(SystemError) {
            let pid = ProcessSelf.pid
            for thread in try Procfs.tasks(of: pid) where thread != pid {
                guard let stat = try Procfs.live.stat(of: pid, task: thread) else { continue }
                if stat.state == "R" { return false }
            }
            return true
        } catch { return true }
    }
}
