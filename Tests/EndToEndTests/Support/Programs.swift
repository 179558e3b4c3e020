import Lifecycle
import Linux
import Synchronization
import TestKit

/// Where the built programs are, and what they are given.
enum Programs {
    static let image = "busybox:test"

    /// `QUELL_BIN`, else the directory this test was built into.
    static func path(_ name: String) throws -> String { try BuiltProduct.path(name) }

    static let environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"]

    /// A program of the system, run to its end.
    static func system(_ name: String, _ arguments: [String], within limit: Duration = .seconds(30)) throws -> Finished
    {
        try RunningCommand(name, arguments, environment: environment).finish(within: limit)
    }

    /// Makes `directory/rootfs.tar`: Debian's busybox-static, links for its commands, and users. Returns its path.
    static func rootfs(in directory: String) throws -> String {
        let tree = directory + "/rootfs"
        for name in ["bin", "etc", "tmp", "proc", "sys", "dev", "root"] { try File.makeDirectories("\(tree)/\(name)") }
        let copy = try system("cp", ["/bin/busybox", tree + "/bin/busybox"])
        guard copy.succeeded else { throw TestFailure("busybox-static is not installed: \(copy.text)") }
        for name in applets { try File.makeLink("\(tree)/bin/\(name)", to: "busybox") }
        try File.write("root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n", to: tree + "/etc/passwd")
        try File.write("root:x:0:\nuser:x:1000:\n", to: tree + "/etc/group")
        try File.write("not a program\n", to: tree + "/bin/text")
        let tar = try system("tar", ["-C", tree, "-cf", directory + "/rootfs.tar", "."])
        guard tar.succeeded else { throw TestFailure("tar: \(tar.text)") }
        return directory + "/rootfs.tar"
    }

    private static let applets = [
        "sh", "cat", "echo", "env", "false", "head", "hostname", "id", "kill", "ls", "mkdir", "ps", "pwd", "rm",
        "seq", "sleep", "stat", "stty", "test", "touch", "true", "tty", "wc", "yes",
    ]
}

extension File {
    /// Creates or replaces the file.
    static func write(_ text: String, to path: String) throws(SystemError) {
        let file = try open(path, [.writeOnly, .create, .truncate], mode: 0o644)
        try file.writeAll(Array(text.utf8))
        try file.close()
    }
}

/// Numbers from 1 on.
final class Counter: Sendable {
    private let last = Mutex(0)
    func next() -> Int {
        last.withLock {
            $0 += 1
            return $0
        }
    }
}
