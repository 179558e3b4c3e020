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
}
