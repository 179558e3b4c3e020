import Lifecycle
import Linux
import Testing

/// What a user gets wrong: each has a clear message, and loses nothing.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct BadInputTests {
    /// The command fails with the status; its message contains all the words; no container is left.
    private func refuses(
        _ daemon: Daemon, _ arguments: [String], code: UInt8, saying words: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let end = try daemon.command(arguments).finish(within: Limit.command)
        #expect(end.status == .code(code), "\(arguments): \(end.text)", sourceLocation: sourceLocation)
        for word in words {
            #expect(end.errors.contains(word), "no \(word) in: \(end.text)", sourceLocation: sourceLocation)
        }
    }

    @Test func unknownImage() throws {
        try withDaemon { daemon in
            try refuses(daemon, ["run", "--rm", "nosuch:image", "true"], code: 125, saying: ["nosuch:image"])
            #expect(try daemon.must("ps", "-aq") == "")
        }
    }

    @Test func nameTakenAndNameInvalid() throws {
        try withDaemon { daemon in
            let id = try daemon.must("create", "--name", "taken", Programs.image, "true")
            try refuses(daemon, ["create", "--name", "taken", Programs.image, "true"], code: 125, saying: ["taken"])
            try refuses(
                daemon, ["create", "--name", "no/slash", Programs.image, "true"], code: 125, saying: ["no/slash"])
            #expect(try daemon.must("ps", "-aq", "--no-trunc") == id)
        }
    }

    @Test(arguments: ["0", "SIG42", "NOPE", "-3", "99", ""])
    func invalidSignal(_ signal: String) throws {
        try withDaemon { daemon in
            try daemon.runReady("lives", Scripts.handles)
            try refuses(daemon, ["kill", "--signal=" + signal, "lives"], code: 125, saying: ["signal"])
            try refuses(daemon, ["stop", "--signal=" + signal, "lives"], code: 125, saying: ["signal"])
            #expect(try daemon.inspect("lives", ".State.Running") == "true")
        }
    }

    @Test func invalidLadderScopeAndTimeout() throws {
        try withDaemon { daemon in
            try daemon.runReady("lives", Scripts.handles)
            try refuses(daemon, ["stop", "--ladder", "TERM:10s, NOPE:1s", "lives"], code: 125, saying: ["NOPE"])
            try refuses(daemon, ["stop", "--scope", "some", "lives"], code: 125, saying: ["some"])
            try refuses(daemon, ["stop", "-t", "soon", "lives"], code: 125, saying: ["soon"])
            #expect(try daemon.inspect("lives", ".State.Running") == "true")
        }
    }

    @Test func badMountSource() throws {
        try withDaemon { daemon in
            try refuses(
                daemon, ["run", "--rm", "--mount", "type=bind,src=/nosuch/place,dst=/data", Programs.image, "true"],
                code: 125, saying: ["/nosuch/place"])
            try refuses(
                daemon, ["run", "--rm", "-v", "relative/path:/data", Programs.image, "true"], code: 125,
                saying: ["relative/path"])
            #expect(try daemon.must("ps", "-aq") == "")
        }
    }

    @Test func publishedPortIsSaidToBeMissing() throws {
        try withDaemon { daemon in
            try refuses(daemon, ["run", "--rm", "-p", "8080:80", Programs.image, "true"], code: 125, saying: ["not"])
        }
    }

    @Test func unknownContainer() throws {
        try withDaemon { daemon in
            for verb in ["stop", "kill", "start", "rm", "logs", "inspect", "pause", "wait", "top"] {
                try refuses(daemon, [verb, "nosuch"], code: 1, saying: ["nosuch"])
            }
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

    @Test func brokenArchives() throws {
        try withDaemon { daemon in
            let before = try daemon.must("images", "-q")
            try File.write("this is no archive", to: daemon.directory + "/text")
            try refuses(daemon, ["image", "import", daemon.directory + "/text", "bad:1"], code: 1, saying: [])
            let whole = try File.read(daemon.directory + "/rootfs.tar", limit: 1 << 26)
            let half = try File.open(daemon.directory + "/half.tar", [.writeOnly, .create], mode: 0o644)
            try half.writeAll(Array(whole[..<(whole.count / 2)]))
            try refuses(daemon, ["image", "import", daemon.directory + "/half.tar", "bad:2"], code: 1, saying: [])
            try refuses(daemon, ["image", "load", "-i", daemon.directory + "/half.tar"], code: 1, saying: [])
            try refuses(
                daemon, ["image", "import", "/nosuch/file.tar", "bad:3"], code: 125, saying: ["/nosuch/file.tar"])
            #expect(try daemon.must("images", "-q") == before)
        }
    }

    @Test func hostileArchiveTouchesNothingOutside() throws {
        try withDaemon { daemon in
            let victim = daemon.directory + "/victim"
            try File.write("untouched\n", to: victim)
            try File.makeDirectories(daemon.directory + "/evil")
            try File.write("overwritten\n", to: daemon.directory + "/evil/file")
            // An absolute name, a climb, and a link out of the tree followed by a file through it.
            let climb = String(repeating: "../", count: 12)
            for name in [victim, climb + victim.dropFirst()] {
                let tar = try Programs.system(
                    "tar",
                    [
                        "-C", daemon.directory + "/evil", "-P", "--transform", "s|^file$|\(name)|", "-cf",
                        daemon.directory + "/evil.tar", "file",
                    ])
                try #require(tar.succeeded, "\(tar.text)")
                _ = try daemon.quell("image", "import", daemon.directory + "/evil.tar", "evil:1")
                #expect(String(decoding: try File.read(victim), as: UTF8.self) == "untouched\n")
            }
            try File.makeLink(daemon.directory + "/evil/link", to: daemon.directory)
            let tar = try Programs.system(
                "tar",
                [
                    "-C", daemon.directory + "/evil", "--transform", "s|^file$|link/victim|", "-cf",
                    daemon.directory + "/evil.tar", "link", "file",
                ])
            try #require(tar.succeeded, "\(tar.text)")
            _ = try daemon.quell("image", "import", daemon.directory + "/evil.tar", "evil:2")
            #expect(String(decoding: try File.read(victim), as: UTF8.self) == "untouched\n")
        }
    }
}
