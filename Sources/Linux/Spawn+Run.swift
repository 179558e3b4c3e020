internal import CLinux
internal import Glibc
internal import Lifecycle

/// The one way this project starts a program (CLinux/spawn.c).
public enum Spawn {
    /// Starts it; returns once it executes, and waits no longer than that.
    ///
    /// Errors name the step: `execve PATH` (ENOENT: not found; EACCES: not executable), `enter cgroup`, `chdir PATH`.
    /// ENOENT, too, when a bare name is nowhere in PATH.
    public static func start(_ request: SpawnRequest) throws(SystemError) -> SpawnedProcess {
        try start(request, nil)
    }

    /// The same, without waiting until it executes: one that starts in a frozen control group does not come to that. What
    /// fails on the way there ends it with 127, and `report` tells.
    public static func start(_ request: SpawnRequest, report: SpawnReport) throws(SystemError) -> SpawnedProcess {
        report.request = request
        return try start(request, .some(report))
    }

    private static func start(_ request: SpawnRequest, _ report: SpawnReport?) throws(SystemError) -> SpawnedProcess {
        let path = try request.resolvedExecutable()
        let descriptors = request.descriptors.sorted { $0.target < $1.target }
        // SAFETY: the strings live as long as the value does, past the call.
        let strings = unsafe CStrings(request, path: path)
        var result = clinux_spawn_result()
        let error = unsafe strings.spawn(request, descriptors, report, &result)
        if error < 0 { throw request.error(result, path, descriptors) }
        let descriptor = OwnedDescriptor(adopting: result.pidfd)
        return SpawnedProcess(pid: result.pid, pidfd: Pidfd(adopting: descriptor, pid: result.pid))
    }
}

/// What became of a program on its way to being executed.
///
/// For one start.
// SAFETY: the memory is mapped by init and unmapped by deinit; nobody else has the pointer but the child, which has a mapping
// of its own.
@safe public final class SpawnReport {
    private let shared: UnsafeMutablePointer<clinux_spawn_result>
    fileprivate var request: SpawnRequest?

    /// ENOMEM.
    public init() throws(SystemError) {
        guard let shared = unsafe clinux_shared_result() else {
            throw SystemError("map", "memory to share with a child", errno: CLinux.ENOMEM)
        }
        unsafe self.shared = unsafe shared
    }

    deinit { unsafe clinux_free_shared_result(shared) }

    /// Complete once the child has ended; nil: it came to be executed, or is on its way.
    public var failure: SystemError? {
        let result = unsafe shared.pointee
        guard result.error != 0, let request else { return nil }
        let descriptors = request.descriptors.sorted { $0.target < $1.target }
        return request.error(result, request.executable, descriptors)
    }

    fileprivate func spawn(_ raw: borrowing clinux_spawn_request, _ result: inout clinux_spawn_result) -> Int32 {
        unsafe withUnsafePointer(to: raw) { unsafe clinux_spawn_unawaited($0, &result, shared) }
    }
}

extension SpawnRequest {
    /// As execvp(3), in the parent: the child may not allocate.
    func resolvedExecutable() throws(SystemError) -> String {
        if executable.contains("/") { return executable }
        let own = environment.first { $0.hasPrefix("PATH=") }.map { String($0.dropFirst(5)) }
        var denied = false
        for directory in (own ?? SpawnRequest.ownPath).split(separator: ":", omittingEmptySubsequences: false) {
            let candidate = (directory.isEmpty ? "." : directory) + "/" + executable
            do throws(SystemError) {
                guard try File.status(of: String(candidate))?.kind == .regular else { continue }
                if File.isExecutable(String(candidate)) { return String(candidate) }
                denied = true
            } catch {
                // As execvp(3): a directory of PATH that cannot be searched is passed over, and remembered.
                if error.isDenied { denied = true }
            }
        }
        throw SystemError("execve", executable, errno: denied ? CLinux.EACCES : CLinux.ENOENT)
    }

    private static let usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    private static var ownPath: String {
        // SAFETY: a NUL-terminated string; nobody in this project changes the environment.
        guard let path = unsafe getenv("PATH") else { return SpawnRequest.usualPath }
        return unsafe String(cString: path)
    }

    func error(
        _ result: clinux_spawn_result, _ path: String, _ descriptors: [DescriptorMapping]
    ) -> SystemError {
        let index = Int(result.index)
        let (call, subject): (String, String) =
            switch result.step {
            case CLINUX_STEP_EXEC: ("execve", path)
            case CLINUX_STEP_CLONE: ("clone for", path)
            case CLINUX_STEP_STACK: ("allocate a stack for", path)
            case CLINUX_STEP_CGROUP: ("enter cgroup", "\(cgroups?.name ?? "") for \(path)")
            case CLINUX_STEP_SESSION: ("setsid for", path)
            case CLINUX_STEP_NAMESPACE: ("unshare CLONE_NEWNS for", path)
            case CLINUX_STEP_PROPAGATION: ("make mounts private for", path)
            case CLINUX_STEP_HIDE: ("unmount", hiddenMounts.indices.contains(index) ? hiddenMounts[index] : path)
            case CLINUX_STEP_ROOT: ("chroot", root ?? path)
            case CLINUX_STEP_DIRECTORY: ("chdir", workingDirectory ?? path)
            case CLINUX_STEP_USER: ("change user for", path)
            case CLINUX_STEP_PRIVILEGES: ("prctl PR_SET_NO_NEW_PRIVS for", path)
            case CLINUX_STEP_DEATH: ("prctl PR_SET_PDEATHSIG for", path)
            case CLINUX_STEP_DESCRIPTORS where descriptors.indices.contains(index):
                ("pass descriptor", "\(descriptors[index].source) as \(descriptors[index].target) to \(path)")
            case CLINUX_STEP_DESCRIPTORS: ("pass descriptors", "to \(path)")
            case CLINUX_STEP_CLOSE: ("close_range for", path)
            default: ("spawn", path)
            }
        return SystemError(call, subject, errno: result.error)
    }
}

/// The C strings of one request, freed with the value.
// @unsafe: it holds pointers; they are its own.
@unsafe private final class CStrings {
    private var arguments: [UnsafeMutablePointer<CChar>?]
    private var environment: [UnsafeMutablePointer<CChar>?]
    private var hidden: [UnsafePointer<CChar>?]
    private var single: [UnsafeMutablePointer<CChar>?]

    init(_ request: SpawnRequest, path: String) {
        // SAFETY: strdup copies; deinit frees each once.
        unsafe arguments = request.arguments.map { unsafe strdup($0) } + [nil]
        unsafe environment = request.environment.map { unsafe strdup($0) } + [nil]
        unsafe hidden = request.hiddenMounts.map { unsafe UnsafePointer(strdup($0)) }
        let oom = request.oomScoreAdjust.map { "\($0)" }
        unsafe single = [path, request.root, request.workingDirectory, oom].map { text in
            unsafe text.map { unsafe strdup($0) } ?? nil
        }
    }

    deinit {
        // SAFETY: each came from strdup, and nobody else has it. free takes NULL.
        unsafe arguments.forEach { unsafe free($0) }
        unsafe environment.forEach { unsafe free($0) }
        unsafe single.forEach { unsafe free($0) }
        unsafe hidden.forEach { unsafe free(UnsafeMutablePointer(mutating: $0)) }
    }

    func spawn(
        _ request: SpawnRequest, _ descriptors: [DescriptorMapping], _ report: SpawnReport?,
        _ result: inout clinux_spawn_result
    ) -> Int32 {
        let (sources, targets) = (descriptors.map(\.source), descriptors.map(\.target))
        let procs = request.cgroups?.procs ?? []
        var raw = unsafe clinux_spawn_request()
        unsafe raw.cgroup = request.cgroups?.directory ?? -1
        unsafe raw.executable = UnsafePointer(single[0])
        unsafe raw.root = UnsafePointer(single[1])
        unsafe raw.working_directory = UnsafePointer(single[2])
        unsafe raw.oom_score_adjust = UnsafePointer(single[3])
        unsafe raw.user = request.user.map { Int64($0.uid) } ?? -1
        unsafe raw.group = request.user.map { Int64($0.gid) } ?? -1
        unsafe raw.parent_death_signal = request.parentDeathSignal?.number ?? 0
        unsafe raw.new_session = request.newSession
        unsafe raw.no_new_privileges = request.noNewPrivileges
        // SAFETY: every array lives through the closures, and the call is done with the pointers when it returns.
        return unsafe arguments.withUnsafeBufferPointer { arguments in
            unsafe environment.withUnsafeBufferPointer { environment in
                unsafe hidden.withUnsafeBufferPointer { hidden in
                    unsafe sources.withUnsafeBufferPointer { sources in
                        unsafe targets.withUnsafeBufferPointer { targets in
                            unsafe procs.withUnsafeBufferPointer { cgroups in
                                unsafe raw.arguments = arguments.baseAddress
                                unsafe raw.environment = environment.baseAddress
                                unsafe (raw.hidden_mounts, raw.hidden_count) = (hidden.baseAddress, hidden.count)
                                unsafe (raw.sources, raw.targets) = (sources.baseAddress, targets.baseAddress)
                                unsafe raw.descriptor_count = sources.count
                                unsafe (raw.cgroup_procs, raw.cgroup_count) = (cgroups.baseAddress, cgroups.count)
                                return unsafe report?.spawn(raw, &result) ?? clinux_spawn(&raw, &result)
                            }
                        }
                    }
                }
            }
        }
    }
}
