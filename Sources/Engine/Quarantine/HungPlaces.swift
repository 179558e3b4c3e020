import Diagnosis
import Linux

/// Where in a container its leftover tasks hang.
enum HungPlaces: Hashable, Sendable {
    /// It is not proved of each of them: it may be anywhere.
    case unknown
    /// Mount points as the container sees them.
    case mountPoints(Set<String>)

    /// The innermost of the plans that a place is in.
    func contains(_ plan: MountPlan, among plans: [MountPlan]) -> Bool {
        switch self {
        case .unknown: true
        case .mountPoints(let points):
            points.contains { point in
                let over = plans.filter { point == $0.target || point.hasPrefix($0.target + "/") }
                return over.max { $0.target.utf8.count < $1.target.utf8.count }?.target == plan.target
            }
        }
    }
}

extension HungPlaces {
    /// A place is proved where a task hangs in a call on a descriptor, whose mount the kernel names. A path is no proof, as
    /// links in it may lead elsewhere, nor is a page fault on the way.
    init(_ evidence: Evidence) {
        let hung = evidence.tasks.filter { $0.state == "D" }
        guard !hung.isEmpty, !evidence.isTruncated else {
            self = .unknown
            return
        }
        var points: Set<String> = []
        for task in hung {
            guard let mount = task.mount, task.file?.descriptor != nil, !task.worksOnTwoFiles,
                !task.stack.contains(where: { $0.contains("fault") })
            else {
                self = .unknown
                return
            }
            points.insert(mount.mountPoint)
        }
        self = .mountPoints(points)
    }
}

extension TaskEvidence {
    /// Its call moves bytes between two files: which of them hangs is not known.
    fileprivate var worksOnTwoFiles: Bool {
        guard let call, let name = call.name else { return true }
        switch name {
        // To a pipe or a socket, as `cat` does, it is the other one.
        case "sendfile": return !writesToStream(call, argument: 0)
        case "splice", "copy_file_range", "tee": return true
        default: return false
        }
    }

    private func writesToStream(_ call: SystemCall, argument: Int) -> Bool {
        guard call.arguments.indices.contains(argument) else { return false }
        do throws(SystemError) {
            let number = Int32(truncatingIfNeeded: call.arguments[argument])
            guard let path = try Procfs.live.openFile(number, of: pid)?.path else { return false }
            return path.hasPrefix("pipe:") || path.hasPrefix("socket:")
        } catch { return false }
    }
}
