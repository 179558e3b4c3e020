/// `/proc` of this machine; ESRCH when the process or task is gone.
extension Procfs {
    public static let live = Procfs()

    public static func status(of pid: Int32) throws(SystemError) -> ProcessStatus {
        try present(try live.status(of: pid), "status", pid)
    }

    /// Of one thread; its own name, state and pending signals.
    public static func taskStatus(of task: Int32, in pid: Int32) throws(SystemError) -> ProcessStatus {
        try present(try live.status(of: pid, task: task), "status", task)
    }

    public static func stat(of pid: Int32) throws(SystemError) -> ProcessStat {
        try present(try live.stat(of: pid), "stat", pid)
    }

    /// The kernel function the thread sleeps in; empty when it does not sleep, or the kernel does not say.
    public static func wchan(of task: Int32, in pid: Int32) throws(SystemError) -> String {
        try present(try live.waitChannel(of: pid, task: task), "wchan", task)
    }

    /// The ids of its threads.
    public static func tasks(of pid: Int32) throws(SystemError) -> [Int32] {
        try present(try live.tasks(of: pid), "task", pid)
    }

    private static func present<Value>(_ value: Value?, _ file: String, _ pid: Int32) throws(SystemError) -> Value {
        if let value { return value }
        throw SystemError("read \(file) of", "pid \(pid)", errno: 3)
    }
}
