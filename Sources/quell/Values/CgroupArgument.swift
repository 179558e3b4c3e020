/// A control group as a user names it.
enum CgroupArgument {
    /// As /proc/PID/cgroup and systemd have it; the directory below /sys/fs/cgroup will do as well.
    static func path(_ text: String) throws(ValueFault) -> String {
        var path = text
        for top in ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"] where path.hasPrefix(top + "/") {
            path = String(path.dropFirst(top.utf8.count))
            break
        }
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        guard path.hasPrefix("/"), path != "/", !path.split(separator: "/").contains(where: { $0 == ".." || $0 == "." })
        else { throw ValueFault("it is no control group", expected: "a path such as /quell/0123") }
        return path
    }
}
