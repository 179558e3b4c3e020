import Linux

/// The host as a quelld of the test's sees it: with something taken away, for it and what it starts alone.
struct Host {
    /// What runs before quelld and then becomes it; ends with the place of quelld's own command line.
    private let prefix: [String]

    static let asItIs = Host(prefix: [])

    func commandLine(_ program: String, _ arguments: [String]) -> [String] { prefix + [program] + arguments }

    /// A shell script in a mount namespace of quelld's own.
    private static func mounting(_ script: String) -> Host {
        Host(prefix: ["unshare", "--mount", "sh", "-c", "set -e\n\(script)\nexec \"$@\"", "sh"])
    }

    /// Nothing is mounted at /sys/fs/cgroup.
    static let withoutCgroups = mounting("umount -R /sys/fs/cgroup")
    /// The hierarchies of cgroup v1 alone. Only on a hybrid host.
    static let withoutUnifiedCgroup = mounting("umount /sys/fs/cgroup/unified")
    static let isHybrid: Bool = {
        do { return try CgroupHost.detect().layout == .hybrid } catch { return false }
    }()
    /// The cgroups can be seen, not changed.
    static let withReadOnlyCgroups = mounting(
        """
        awk '$5 ~ "^/sys/fs/cgroup" { print $5 }' /proc/self/mountinfo |
            while read -r place; do mount -o remount,bind,ro "$place"; done
        """)
    /// The programs cannot be executed, as if they were not installed.
    static func without(programs: String...) -> Host {
        mounting(programs.map { "if [ -e \($0) ]; then mount --bind /dev/null \($0); fi" }.joined(separator: "\n"))
    }
    /// The directories are empty.
    static func withoutFiles(in directories: String...) -> Host {
        mounting(directories.map { "if [ -d \($0) ]; then mount -t tmpfs empty \($0); fi" }.joined(separator: "\n"))
    }

    /// A network of its own, whose rules and devices go with it.
    static let withItsOwnNetwork = Host(
        prefix: ["unshare", "--net", "sh", "-c", "ip link set lo up\nexec \"$@\"", "sh"])

    static func inNetwork(of pid: Int32) -> Host { Host(prefix: ["nsenter", "--net=/proc/\(pid)/ns/net"]) }

    /// Whoever started it lets everybody write to its files.
    static let withoutMask = Host(prefix: ["sh", "-c", "umask 0; exec \"$@\"", "sh"])

    /// Somebody who is not root.
    static let asNobody = Host(prefix: ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"])

    /// A kernel without the system call: it fails, with ENOSYS unless told otherwise, through a seccomp filter that
    /// python3 installs.
    static func without(call number: Int, error: Int = 38) -> Host {
        Host(prefix: [python, "-c", filter, "\(number)", "\(error)"])
    }
    #if arch(x86_64)
    static let mountCall: Int? = 165
    #else
    static let mountCall: Int? = nil
    #endif
    static let canFilterCalls = File.isExecutable(python)
    private static let python = "/usr/bin/python3"
    private static let filter = """
        import ctypes, os, struct, sys
        number, error = int(sys.argv[1]), int(sys.argv[2])
        code = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050000 | error), (0x06, 0, 0, 0x7fff0000)]
        text = b"".join(struct.pack("HBBI", *line) for line in code)
        lines = ctypes.create_string_buffer(text, len(text))
        program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(lines)))
        mode, of, no = ctypes.c_long(22), ctypes.c_long(2), ctypes.c_long(0)
        if ctypes.CDLL(None).prctl(mode, of, ctypes.c_void_p(ctypes.addressof(program)), no, no):
            sys.exit("cannot install a filter")
        os.execv(sys.argv[3], sys.argv[3:])
        """
}
