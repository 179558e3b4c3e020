internal import Linux

/// What would free tasks, as data. `perform`, with the checks that go before it, is in Remedies.
public enum Remedy: Hashable, Sendable {
    /// The directory of the group in the hierarchy of its freezer.
    case thawCgroup(directory: String, FreezerEvidence.Version)
    /// A process that SIGSTOP suspended: a FUSE server, a parent, a process of the subject.
    case continueProcess(ProcessName)
    /// Continues a tracer that is stopped: only a tracer itself can let go of a process, and one that is stopped cannot.
    case detachTracer(ProcessName, of: ProcessName)
    /// Ends the hold of a tracer on a process by ending the tracer.
    case killTracer(ProcessName, of: ProcessName)
    /// The number of the connection, and where it is mounted.
    case abortFuse(connection: UInt32, mountPoint: String)
    case thawFileSystem(mountPoint: String)
    /// The name in /dev/mapper.
    case resumeDevice(String)
    /// As the process of that number sees it, where this program sees it nowhere.
    case forceUnmount(mountPoint: String, namespaceOf: Int32? = nil)
    /// A parent outside that does not reap its dead child.
    case killParent(ProcessName, of: ProcessName)
    /// Of processes that have been killed and do not go: their memory (process_mrelease).
    case releaseMemory([ProcessName])
}

extension Remedy {
    /// As in the JSON documents.
    public var name: String {
        switch self {
        case .thawCgroup: "thaw-cgroup"
        case .continueProcess: "continue-process"
        case .detachTracer: "detach-tracer"
        case .killTracer: "kill-tracer"
        case .abortFuse: "abort-fuse"
        case .thawFileSystem: "thaw-fs"
        case .resumeDevice: "resume-device"
        case .forceUnmount: "force-unmount"
        case .killParent: "kill-parent"
        case .releaseMemory: "release-memory"
        }
    }

    /// What `quell release` wants to be told before it does it, wherever it reaches beyond the container; nil: it never does, or
    /// that depends on the subject (`Evidence.option`).
    public var flag: String? {
        switch self {
        case .thawCgroup, .continueProcess, .releaseMemory: nil
        case .detachTracer(let tracer, _): "--detach-tracer \(tracer.pid)"
        case .killTracer(let tracer, _): "--kill-tracer \(tracer.pid)"
        case .abortFuse: "--abort-fuse"
        case .thawFileSystem: "--thaw-fs"
        case .resumeDevice: "--resume-dm"
        case .forceUnmount: "--umount"
        case .killParent(let parent, _): "--kill-parent \(parent.pid)"
        }
    }

    /// It lets go of what hangs; or it only lessens what that costs meanwhile.
    public var frees: Bool {
        switch self {
        case .thawCgroup, .continueProcess, .detachTracer, .killTracer, .abortFuse, .thawFileSystem, .resumeDevice,
            .forceUnmount, .killParent:
            true
        case .releaseMemory: false
        }
    }

    /// For a shell, as root. Empty: there is no command that does it.
    public var command: String {
        switch self {
        case .thawCgroup(let directory, .v1): "echo THAWED > \(directory.shellQuoted("/freezer.state"))"
        case .thawCgroup(let directory, .v2): "echo 0 > \(directory.shellQuoted("/cgroup.freeze"))"
        case .continueProcess(let process): "kill -CONT \(process.pid)"
        case .detachTracer(let tracer, _): "kill -CONT \(tracer.pid)"
        case .killTracer(let tracer, _): "kill -KILL \(tracer.pid)"
        case .abortFuse(let connection, _): "echo 1 > /sys/fs/fuse/connections/\(connection)/abort"
        case .thawFileSystem(let mountPoint): "fsfreeze --unfreeze \(mountPoint.shellQuoted())"
        case .resumeDevice(let name): "dmsetup resume \(name.shellQuoted())"
        // In another mount namespace the program may not be there.
        case .forceUnmount(let mountPoint, let pid): pid == nil ? "umount -f \(mountPoint.shellQuoted())" : ""
        case .killParent(let parent, _): "kill -KILL \(parent.pid)"
        case .releaseMemory: ""
        }
    }

    /// What it costs others, as a sentence without full stop.
    public var cost: String {
        switch self {
        case .thawCgroup(let directory, _): "every process below \(directory) runs again"
        case .continueProcess(let process): "\(process.comm) (pid \(process.pid)) runs again: somebody had stopped it"
        case .detachTracer(let tracer, _):
            "\(tracer.comm) (pid \(tracer.pid)) runs again, and may let go: somebody had stopped it"
        case .killTracer(let tracer, _):
            "\(tracer.comm) (pid \(tracer.pid)) is killed, and lets go of whatever else it traces"
        case .abortFuse(_, let mountPoint):
            "\(mountPoint) fails for all its users from then on, until it is unmounted and mounted again"
        case .thawFileSystem(let mountPoint):
            "writes to \(mountPoint) go on: a snapshot or backup that froze it is not consistent"
        case .resumeDevice(let name): "I/O to \(name) goes on: a change of its table under way must be finished"
        case .forceUnmount(let mountPoint, _):
            "calls on \(mountPoint) that wait fail for all its users, and writes not yet at the server are lost"
        case .killParent(let parent, let child):
            "\(parent.comm) (pid \(parent.pid)) is killed; pid \(child.pid) is then reaped by the next ancestor"
        case .releaseMemory: "nothing: the memory is of processes that have been killed"
        }
    }
}

extension Evidence {
    /// The option of `quell release` without which it leaves this be; nil: it reaches no further than the subject.
    func option(for remedy: Remedy) -> String? {
        switch remedy {
        case .thawCgroup(let directory, _): isOwn(directory) ? nil : "--thaw"
        case .continueProcess(let process): isOwn(process) ? nil : "--continue"
        case .detachTracer, .killTracer, .abortFuse, .thawFileSystem, .resumeDevice, .forceUnmount, .killParent,
            .releaseMemory:
            remedy.flag
        }
    }

    func isOwn(_ name: ProcessName) -> Bool {
        name.pid == subject.main || subject.pids.contains(name.pid) || process(name.pid)?.isMember == true
    }

    /// Of a directory of the subject's own groups, or one below.
    func isOwn(_ directory: String) -> Bool {
        subject.cgroups.contains { cgroup in
            [cgroup.unifiedDirectory, cgroup.directory(of: .freezer)].contains { own in
                guard let own else { return false }
                return directory == own || directory.hasPrefix(own + "/")
            }
        }
    }
}

extension String {
    /// As one word of a shell.
    public func shellQuoted(_ suffix: String = "") -> String {
        let word = self + suffix
        let plain = word.unicodeScalars.allSatisfy {
            switch $0 {
            case "a"..."z", "A"..."Z", "0"..."9", "/", ".", "-", "_", ":", "@", "+", "=": true
            default: false
            }
        }
        return plain && !word.isEmpty
            ? word
            : "'"
                + word.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "'\\''") + "'"
    }
}
