import Linux

/// Whose PID namespace the container gets.
enum PIDNamespace {
    case own, host
    case of(Int32)
}

/// A minimal OCI bundle: busybox in a root file system of its own.
enum Bundle {
    static func write(
        _ command: [String], to bundle: String, id: String, terminal: Bool, pidNamespace: PIDNamespace,
        mounts: [String],
        hook: String?
    ) throws {
        let root = bundle + "/rootfs"
        for directory in ["bin", "proc", "dev", "sys", "tmp", "mnt"] {
            try File.makeDirectories("\(root)/\(directory)")
        }
        let busybox = try File.open("/bin/busybox", .readOnly).readAll(limit: 16 << 20)
        let file = try File.open(root + "/bin/busybox", [.writeOnly, .create], mode: 0o755)
        try file.writeAll(busybox)
        try file.close()
        for name in [
            "sh", "sleep", "cat", "echo", "true", "false", "kill", "head", "seq", "stty", "trap", "grep", "dd",
        ] {
            try File.makeLink("\(root)/bin/\(name)", to: "busybox")
        }
        let text = config(
            command, id: id, root: root, terminal: terminal, pidNamespace: pidNamespace, mounts: mounts, hook: hook)
        try File.open(bundle + "/config.json", [.writeOnly, .create]).writeAll(Array(text.utf8))
    }

    static func process(_ command: [String], terminal: Bool = false) -> String {
        let arguments = command.map(quoted).joined(separator: ",")
        return """
            {"terminal":\(terminal),"user":{"uid":0,"gid":0},"args":[\(arguments)],"cwd":"/",
            "env":["PATH=/bin"],"noNewPrivileges":true,
            "capabilities":{"bounding":["CAP_KILL"],"effective":["CAP_KILL"],"permitted":["CAP_KILL"]}}
            """
    }

    private static func config(
        _ command: [String], id: String, root: String, terminal: Bool, pidNamespace: PIDNamespace, mounts: [String],
        hook: String?
    ) -> String {
        let pid =
            switch pidNamespace {
            case .own: #"{"type":"pid"},"#
            case .host: ""
            case .of(let pid): #"{"type":"pid","path":"/proc/\#(pid)/ns/pid"},"#
            }
        let basic = [
            #"{"destination":"/proc","type":"proc","source":"proc"}"#,
            #"{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","mode=755","size=65536k"]}"#,
            #"{"destination":"/dev/pts","type":"devpts","source":"devpts","options":["newinstance","ptmxmode=0666"]}"#,
        ]
        let script = hook.map { #"{"path":"/bin/busybox","args":["busybox","sh","-c",\#(quoted($0))]}"# } ?? ""
        return """
            {"ociVersion":"1.0.2","process":\(process(command, terminal: terminal)),
            "hooks":{"createRuntime":[\(script)]},
            "root":{"path":\(quoted(root)),"readonly":false},"hostname":"test",
            "mounts":[\((basic + mounts).joined(separator: ","))],
            "linux":{"cgroupsPath":"/quell-shimtest/\(id)",
            "namespaces":[\(pid){"type":"mount"},{"type":"ipc"},{"type":"uts"},{"type":"network"}]}}
            """
    }

    static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
