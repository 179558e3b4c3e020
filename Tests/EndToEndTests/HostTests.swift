import Lifecycle
import Linux
import TestKit
import Testing

/// A host that lacks something: quelld names it at its start, or does without, or each container that needs it is told.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct HostTests {
    /// quelld, with nothing of its own yet.
    private func withRoots(_ body: (Daemon) throws -> Void) throws {
        let daemon = try Daemon()
        defer { #expect(throws: Never.self) { try daemon.cleanUp() } }
        try body(daemon)
    }

    // MARK: What it cannot do without

    @Test func withoutControlGroups() throws {
        try withRoots { daemon in
            try daemon.mustNotStart(
                on: .withoutCgroups, saying: ["this kernel lacks", "cgroups", "mount /sys/fs/cgroup"])
            #expect(try File.status(of: daemon.dataRoot) == nil, "nothing was made")
        }
    }

    @Test(
        .enabled(if: Host.canFilterCalls, "no python3"),
        arguments: [("pidfd_open", 434), ("openat2", 437), ("close_range", 436)])
    func withoutASystemCall(_ name: String, _ number: Int) throws {
        try withRoots { daemon in
            try daemon.mustNotStart(
                on: .without(call: number), saying: ["this kernel lacks", name, "Linux 5.", "or newer is needed"])
            #expect(try File.status(of: daemon.dataRoot) == nil, "nothing was made")
        }
    }

    @Test func withoutRoot() throws {
        try withRoots { daemon in
            try File.setMode(0o777, of: daemon.directory)
            try daemon.mustNotStart(on: .asNobody, saying: ["must run as root"])
        }
    }

    /// Containers that run are not touched by a quelld that cannot start.
    @Test func afterAKernelChangeNothingIsLost() throws {
        try withDaemon { daemon in
            try daemon.losingNothing {
                try daemon.crash()
                try daemon.mustNotStart(on: .withoutCgroups, saying: ["mount /sys/fs/cgroup"])
                try daemon.start()
            }
        }
    }

    // MARK: What it does without

    private func runsAndStops(_ daemon: Daemon) throws {
        try daemon.must("image", "import", try Programs.rootfs(in: daemon.directory), Programs.image)
        try daemon.runReady("polite", Scripts.handles, options: ["-v", "data:/etc"])
        #expect(try daemon.must("exec", "polite", "cat", "/bin/text") == "not a program")
        #expect(try daemon.must("exec", "polite", "sh", "-c", "echo mine >/bin/own; cat /bin/own") == "mine")
        let end = try daemon.quell("stop", "--format", "json", "polite")
        let verdict = try StopVerdict.one(end)
        #expect(verdict.verdict == "exited" && verdict.exitCode == 0 && verdict.how == "handled", "\(end.text)")
        try daemon.must("start", "polite")
        #expect(try daemon.must("exec", "polite", "cat", "/bin/own") == "mine", "its changes are kept")
        try daemon.must("rm", "-f", "polite")
        #expect(try File.list(daemon.dataRoot + "/containers").isEmpty)
    }

    @Test(.enabled(if: Host.canFilterCalls && Host.mountCall != nil, "no python3"))
    func kernelWithoutOverlayfs() throws {
        try withRoots { daemon in
            let noSuchDevice = 19
            try daemon.start(on: .without(call: try #require(Host.mountCall), error: noSuchDevice))
            let end = try #require(try daemon.shutDown())
            #expect(end.status == .code(0))
            for word in ["no overlayfs in this kernel", "a copy of its image", "modprobe overlay"] {
                #expect(end.errors.contains(word), "\(end.text)")
            }
        }
    }

    /// As in a container whose own root is an overlay: the file system cannot be the upper layer of another one.
    @Test func dataRootThatOverlayfsRefuses() throws {
        try withRoots { daemon in
            for name in ["lower", "upper", "work", "data"] { try File.makeDirectory("\(daemon.directory)/\(name)") }
            try Mount.overlay(
                OverlayMount(
                    lower: [daemon.directory + "/lower"], upper: daemon.directory + "/upper",
                    work: daemon.directory + "/work"), at: daemon.dataRoot)
            try daemon.start()
            #expect(try daemon.must("info").contains("Storage Driver: copy"), "before the first container")
            try runsAndStops(daemon)
            #expect(try HostView.mounts(under: daemon.dataRoot) == [daemon.dataRoot], "copies, no overlays")
            #expect(try daemon.must("info", "--format", "{{.Driver}}") == "copy")
        }
    }

    @Test(.enabled(if: Host.isHybrid, "not a hybrid host"))
    func controlGroupsOfVersionOneAlone() throws {
        try withRoots { daemon in
            try daemon.start(on: .withoutUnifiedCgroup)
            try runsAndStops(daemon)
            try daemon.runReady("stubborn", Scripts.ignores)
            let end = try daemon.quell("kill", "stubborn")
            #expect(end.succeeded, "\(end.text)")
            #expect(try daemon.must("info", "--format", "{{.CgroupVersion}}") == "1")
        }
    }

    // MARK: What a container is told

    /// Starts quelld on the host; a container is refused with the words, images and the rest work.
    private func refusesContainers(_ host: Host, saying words: [String]) throws {
        try withRoots { daemon in
            try daemon.start(on: host)
            try daemon.must("image", "import", try Programs.rootfs(in: daemon.directory), Programs.image)
            try daemon.refuses(["run", "--rm", Programs.image, "true"], code: 125, saying: words)
            #expect(try daemon.must("images", "--format", "{{.Repository}}:{{.Tag}}") == Programs.image)
            // On a whole host the same container, made while it was not, runs.
            _ = try daemon.quell("create", "--name", "later", Programs.image, "echo", "hello")
            try daemon.shutDown()
            try daemon.start()
            if try daemon.must("ps", "-aq") == "" {
                try daemon.must("create", "--name", "later", Programs.image, "echo", "hello")
            }
            #expect(try daemon.must("start", "-a", "later") == "hello")
        }
    }

    @Test func withoutARuntime() throws {
        try refusesContainers(
            .without(programs: "/usr/bin/crun", "/usr/sbin/runc", "/usr/bin/runc", "/usr/local/bin/crun"),
            saying: ["runtime", "crun", "install crun or runc"])
    }

    @Test func withoutASeccompProfile() throws {
        try refusesContainers(
            .withoutFiles(in: "/usr/share/containers", "/etc/containers"),
            saying: ["seccomp profile", "install the package", "seccomp=unconfined"])
    }

    @Test func withControlGroupsThatCannotBeChanged() throws {
        try refusesContainers(.withReadOnlyCgroups, saying: ["/sys/fs/cgroup", "Read-only file system"])
    }
}
