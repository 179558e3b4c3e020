internal import Linux

/// An OCI bundle made of Debian's busybox-static: `/bin/busybox` with links for its applets, and a config.json.
public struct TestBundle: Sendable {
    public enum Namespace: String, Sendable, CaseIterable { case pid, mount, ipc, uts, network, cgroup }

    public struct Bind: Sendable {
        public var source: String
        public var target: String
        public init(_ source: String, at target: String) { (self.source, self.target) = (source, target) }
    }

    public var arguments: [String]
    public var environment = ["PATH=/bin", "HOME=/"]
    public var terminal = false
    public var cgroupsPath: String?
    public var namespaces: Set<Namespace> = [.pid, .mount, .ipc, .uts, .network]
    public var binds: [Bind] = []
    /// JSON objects of `linux.resources`, ready made: `"memory":{"limit":1000000}`.
    public var resources: String?
    /// Absolute, or relative to the bundle.
    public var root = "rootfs"

    public init(_ arguments: [String]) { self.arguments = arguments }

    /// `sh -c SCRIPT`.
    public init(script: String) { arguments = ["/bin/sh", "-c", script] }

    /// Writes config.json and rootfs into the directory, which is there.
    public func write(to directory: String) throws {
        if !root.hasPrefix("/") { try TestBundle.makeRoot(at: directory + "/" + root) }
        let file = try File.open(directory + "/config.json", [.writeOnly, .create, .truncate], mode: 0o644)
        try file.writeAll(Array(config.utf8))
    }

    /// A root file system: directories, passwd, and busybox with links for its applets.
    public static func makeRoot(at path: String) throws {
        for name in ["bin", "dev", "etc", "proc", "sys", "tmp", "root", "var"] {
            try File.makeDirectories(path + "/" + name)
        }
        try File.setMode(0o1777, of: path + "/tmp")
        let busybox = try File.read("/bin/busybox", limit: 16 << 20)
        let target = try File.open(path + "/bin/busybox", [.writeOnly, .create, .exclusive], mode: 0o755)
        try target.writeAll(busybox)
        try target.close()
        for applet in applets { try File.makeLink(path + "/bin/" + applet, to: "busybox") }
        try text("root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n", path + "/etc/passwd")
        try text("root:x:0:\nuser:x:1000:\nextra:x:2000:user\n", path + "/etc/group")
    }

    private static func text(_ text: String, _ path: String) throws {
        let file = try File.open(path, [.writeOnly, .create, .truncate], mode: 0o644)
        try file.writeAll(Array(text.utf8))
    }

    private static let applets = [
        "ash", "awk", "basename", "cat", "chmod", "chown", "cp", "cut", "date", "dd", "df", "dirname", "du", "echo",
        "env", "expr", "false", "find", "free", "grep", "head", "hostname", "id", "kill", "killall", "ln", "ls",
        "md5sum",
        "mkdir", "mkfifo", "mktemp", "more", "mount", "mv", "nc", "nohup", "nproc", "od", "printf", "ps", "pwd",
        "readlink", "realpath", "renice", "rm", "rmdir", "sed", "seq", "setsid", "sh", "sha256sum", "sleep", "sort",
        "stat", "stty", "sync", "tail", "tar", "tee", "test", "timeout", "top", "touch", "tr", "true", "tty", "umount",
        "uname", "uniq", "usleep", "vi", "watch", "wc", "which", "whoami", "xargs", "yes",
    ]
}

extension TestBundle {
    /// config.json of the OCI runtime specification.
    public var config: String {
        let process = """
            {"terminal":\(terminal),"user":{"uid":0,"gid":0},"args":\(json(arguments)),"env":\(json(environment)),\
            "cwd":"/","capabilities":\(capabilities),"noNewPrivileges":true}
            """
        let path = cgroupsPath.map { "\"cgroupsPath\":\(json($0))," } ?? ""
        let limits = resources.map { "\"resources\":{\($0)}," } ?? ""
        let spaces = Namespace.allCases.filter(namespaces.contains).map { "{\"type\":\"\($0.rawValue)\"}" }
        return """
            {"ociVersion":"1.0.2","process":\(process),"root":{"path":\(json(root)),"readonly":false},\
            "hostname":"test","mounts":[\(mounts.joined(separator: ","))],\
            "linux":{\(path)\(limits)"namespaces":[\(spaces.joined(separator: ","))],\
            "maskedPaths":["/proc/kcore"],"readonlyPaths":["/proc/sys"]}}
            """
    }

    private var mounts: [String] {
        let fixed = [
            #"{"destination":"/proc","type":"proc","source":"proc"}"#,
            #"{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","mode=755","size=65536k"]}"#,
            #"{"destination":"/dev/pts","type":"devpts","source":"devpts","options":["newinstance","ptmxmode=0666"]}"#,
        ]
        return fixed
            + binds.map {
                "{\"destination\":\(json($0.target)),\"type\":\"bind\",\"source\":\(json($0.source)),"
                    + "\"options\":[\"rbind\"]}"
            }
    }

    private var capabilities: String {
        let names = json(["CAP_KILL", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_SETUID", "CAP_SETGID", "CAP_SYS_CHROOT"])
        return "{\"bounding\":\(names),\"effective\":\(names),\"permitted\":\(names)}"
    }

    private func json(_ texts: [String]) -> String { "[" + texts.map { json($0) }.joined(separator: ",") + "]" }

    private func json(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
