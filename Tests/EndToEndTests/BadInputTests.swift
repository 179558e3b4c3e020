import Lifecycle
import Linux
import Testing

/// What a user gets wrong: each has a message that names it and says what would be right, and loses nothing.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct BadInputTests {
    @Test func unknownImage() throws {
        try withDaemon { daemon in
            try daemon.losingNothing {
                // Whether Docker Hub has it is nobody's business here.
                let never = ["--pull", "never", "nosuch:image", "true"]
                try daemon.refuses(["run", "--rm"] + never, code: 125, saying: ["No such image", "nosuch:image"])
                try daemon.refuses(["create"] + never, code: 125, saying: ["nosuch:image"])
                let nobody = "127.0.0.1:1/nosuch:image"
                try daemon.refuses(["run", "--rm", nobody, "true"], code: 125, saying: ["127.0.0.1:1", "refused"])
                for call in [
                    ["tag", "nosuch:image", "a:b"], ["image", "rm", "nosuch:image"], ["save", "nosuch:image"],
                ] {
                    try daemon.refuses(call, code: 1, saying: ["nosuch:image"])
                }
                try daemon.refuses(
                    ["run", "--rm", "Upper::case", "true"], code: 125, saying: ["reference", "Upper", "lowercase"])
            }
        }
    }

    @Test func nameTakenAndNameInvalid() throws {
        try withDaemon { daemon in
            try daemon.losingNothing {
                let holder = try daemon.inspect("runs", ".Id")
                let taken = ["\"/runs\" is already in use", holder, "remove (or rename)"]
                try daemon.refuses(["create", "--name", "runs", Programs.image, "true"], code: 125, saying: taken)
                try daemon.refuses(["run", "-d", "--name", "runs", Programs.image, "true"], code: 125, saying: taken)
                try daemon.refuses(["rename", "ended", "runs"], code: 1, saying: taken)
                for name in ["no/slash", "-dash", "with space", "x", ".hidden"] {
                    let words = ["Invalid container name", name, "[a-zA-Z0-9][a-zA-Z0-9_.-]"]
                    try daemon.refuses(["create", "--name=" + name, Programs.image, "true"], code: 125, saying: words)
                }
                try daemon.refuses(["rename", "ended", "no/slash"], code: 1, saying: ["no/slash"])
            }
        }
    }

    @Test func invalidSignal() throws {
        try withDaemon { daemon in
            try daemon.losingNothing {
                for signal in ["0", "SIG42", "NOPE", "-3", "99", "65", ""] {
                    let words = ["\"\(signal)\"", "signal", "SIGTERM", "a number from 1 to 64"]
                    try daemon.refuses(["kill", "--signal=" + signal, "runs"], code: 1, saying: words)
                    try daemon.refuses(["stop", "--signal=" + signal, "runs"], code: 1, saying: words)
                    try daemon.refuses(
                        ["create", "--stop-signal=" + signal, Programs.image, "true"], code: 125, saying: words)
                }
                // Other clients do not look first.
                for signal in ["0", "SIG42", "NOPE", "-3", "99", "65"] {
                    let answer = try daemon.request("POST", "/containers/runs/kill?signal=" + signal)
                    #expect(answer.status == 400, "\(signal): \(answer)")
                    #expect(answer.body.lowercased().contains("signal") && answer.body.contains(signal), "\(answer)")
                    let stop = try daemon.request("POST", "/containers/runs/stop?signal=" + signal)
                    #expect(stop.status == 400, "\(signal): \(stop)")
                }
            }
        }
    }

    @Test func invalidLadderScopeAndTimeout() throws {
        try withDaemon { daemon in
            try daemon.losingNothing {
                for (option, value, words) in [
                    ("--ladder", "TERM:10s, NOPE:1s", ["NOPE", "TERM:10s, KILL"]), ("--ladder", "", ["an empty rung"]),
                    ("--scope", "some", ["some", "init, all or auto"]), ("-t", "soon", ["soon", "whole number"]),
                    ("--unhandled", "maybe", ["maybe", "kill or wait"]),
                    ("--kill-deadline", "never", ["never", "10s"]),
                ] {
                    try daemon.refuses(["stop", option, value, "runs"], code: 1, saying: words)
                }
            }
        }
    }

    @Test func badMountSource() throws {
        try withDaemon { daemon in
            try daemon.losingNothing {
                let archive = daemon.directory + "/rootfs.tar"
                for (mount, words) in [
                    (["--mount", "type=bind,src=/nosuch/place,dst=/data"], ["/nosuch/place", "does not exist"]),
                    (["-v", "relative/path:/data"], ["relative/path", "use absolute path"]),
                    (["-v", archive + "/below:/data"], [archive + "/below", "Not a directory"]),
                    (["-v", archive + ":/etc"], [archive, "Not a directory"]),
                    (["-v", daemon.directory + ":/etc/passwd"], [daemon.directory, "Not a directory"]),
                    (["-v", "/tmp:relative"], ["\"relative\", is not absolute"]),
                    (["--mount", "type=nosuch,src=/tmp,dst=/x"], ["type=nosuch", "bind, volume, tmpfs"]),
                    (["--mount", "type=bind,src=/tmp"], ["\"target\" is missing"]),
                ] {
                    try daemon.refuses(["run", "--rm"] + mount + [Programs.image, "true"], code: 125, saying: words)
                }
                #expect(try HostView.mounts(under: daemon.dataRoot).count == 1, "only that of the running container")
            }
        }
    }

    /// The source was there when the container was made.
    @Test func mountSourceThatVanished() throws {
        try withDaemon { daemon in
            let source = daemon.directory + "/source"
            try File.makeDirectory(source)
            try daemon.must(
                "create", "--name", "later", "--mount", "type=bind,src=\(source),dst=/data", Programs.image, "true")
            try File.removeDirectory(source)
            try daemon.refuses(["start", "later"], code: 1, saying: [source, "does not exist"])
            try File.makeDirectory(source)
            try daemon.must("start", "later")
            #expect(try daemon.must("wait", "later") == "0", "with its source it starts")
        }
    }

    @Test func portIsNotPublishedWithoutANetwork() throws {
        try withDaemon { daemon in
            try daemon.refuses(
                ["run", "--rm", "-p", "8080:80", Programs.image, "true"], code: 125,
                saying: ["ports cannot be published", "--network none", "--network bridge"])
        }
    }

    @Test func unknownContainer() throws {
        try withDaemon { daemon in
            for verb in [
                "stop", "kill", "start", "restart", "rm", "logs", "inspect", "pause", "unpause", "wait", "top",
                "attach",
            ] {
                try daemon.refuses([verb, "nosuch"], code: 1, saying: ["nosuch", "o such "])
            }
            try daemon.refuses(["exec", "nosuch", "true"], code: 1, saying: ["No such container: nosuch"])
            try daemon.refuses(
                ["run", "--rm", "--network", "container:nosuch", Programs.image, "true"], code: 125, saying: ["nosuch"])
        }
    }

    @Test func unknownCommandAndUnknownFlag() throws {
        try withDaemon { daemon in
            let command = try daemon.quell("frobnicate")
            #expect(command.status != .code(0), "\(command.text)")
            #expect(command.errors.contains("frobnicate"), "\(command.text)")
            let flag = try daemon.quell("ps", "--frobnicate")
            #expect(flag.status != .code(0), "\(flag.text)")
            #expect(flag.errors.contains("--frobnicate"), "\(flag.text)")
        }
    }
}
