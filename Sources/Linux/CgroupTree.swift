internal import CLinux

/// A control group's directory and all below it, as one look found them, parents first. Empty when it is not there.
///
/// Who runs in a group may make groups below it, and their names need not be text. One whose name is not UTF-8 is held
/// open and named by its descriptor: passed over, it would hide the processes in it.
final class CgroupTree {
    private struct Group {
        /// `/proc/self/fd/N` where the name is no text.
        var path: String
        /// That name, NUL included, and the group it is in.
        var odd: (name: [CChar], parent: String)?
    }

    private var groups: [Group]
    private var held: [Int32] = []

    init(_ top: String) throws(SystemError) {
        groups = [Group(path: top)]
        var next = 0
        while next < groups.count {
            do throws(SystemError) {
                try addChildren(of: groups[next].path)
                next += 1
            } catch {
                guard error.isGone else { throw error }
                groups.remove(at: next)
            }
        }
    }

    deinit { for descriptor in held { _ = clinux_close(descriptor) } }

    private func addChildren(of parent: String) throws(SystemError) {
        let directory = try File.open(parent, [.readOnly, .directory])
        let raw = directory.raw
        var odd: [[CChar]] = []
        // "." opens it once more: the reading closes what it is given.
        try RawEntry.each(in: try CgroupTree.open(raw, [46, 0], parent), named: parent) { name, type in
            guard type == 4 else { return }
            let bytes = name.dropLast().map { UInt8(bitPattern: $0) }
            if let text = String(validating: bytes, as: UTF8.self) {
                groups.append(Group(path: parent + "/" + text))
            } else {
                odd.append(name)
            }
        }
        for name in odd {
            do throws(SystemError) {
                let descriptor = try CgroupTree.open(raw, name, parent).release()
                held.append(descriptor)
                groups.append(Group(path: "/proc/self/fd/\(descriptor)", odd: (name, parent)))
            } catch { guard error.isGone else { throw error } }
        }
    }

    private static func open(_ directory: Int32, _ name: [CChar], _ parent: String) throws(SystemError)
        -> OwnedDescriptor
    {
        let flags = CLinux.O_RDONLY | CLinux.O_DIRECTORY | CLinux.O_CLOEXEC
        // SAFETY: NUL-terminated, lives through the call.
        return OwnedDescriptor(
            adopting: try check(unsafe clinux_openat(directory, name, flags, 0), "open", "a group in \(parent)"))
    }

    func each(_ body: (String) throws(SystemError) -> Void) throws(SystemError) {
        for group in groups { try body(group.path) }
    }

    /// Removes all, children first. All is tried; the first failure is returned. Missing is fine.
    func remove() -> SystemError? {
        var first: SystemError?
        for group in groups.reversed() {
            do throws(SystemError) {
                guard let odd = group.odd else {
                    try File.removeDirectory(group.path)
                    continue
                }
                let parent = try File.open(odd.parent, [.readOnly, .directory])
                // SAFETY: NUL-terminated, lives through the call.
                try check(unsafe clinux_unlinkat(parent.raw, odd.name, true), "rmdir", "a group in \(odd.parent)")
            } catch { if !error.isGone { first = first ?? error } }
        }
        return first
    }
}
