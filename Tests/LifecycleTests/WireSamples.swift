import Lifecycle

/// One sample at least of every case of every message.
enum WireSamples {
    static let statuses: [ExitStatus] =
        [
            .code(0), .code(255), .signal(.kill, coreDumped: false),
            .signal(Signal(number: 64) ?? .hup, coreDumped: true),
        ]
        + UnobservedReason.allCases.map { .unobserved($0) }

    static let rungs: [Rung] =
        Scope.allCases.map { Rung(signal: .term, scope: $0, grace: .bounded(.milliseconds(1500))) }
        + [Rung(signal: Signal(number: 37) ?? .int, grace: .unbounded)]

    static let orders: [StopOrder] = [
        .kill(), .kill(deadline: .zero),
        StopOrder(ladder: Ladder(rungs: rungs), unhandled: .wait, killDeadline: .seconds(3)),
        StopOrder(ladder: Ladder(rungs: [rungs[0]]), unhandled: .kill),
    ]

    static let finding = StuckFinding(
        tasks: [
            LiveTask(pid: 1, tid: 1, comm: "sh", state: "S", wchan: "do_wait", killPending: false),
            LiveTask(pid: 7, tid: 9, comm: "näme (odd)\n", state: "D", wchan: "", killPending: true),
        ], truncated: true, sinceKill: .seconds(10))

    static let reports: [StopReport] = How.allCases.map {
        StopReport(
            status: statuses[Int($0.rawValue)], how: $0, rung: $0 == .handled ? rungs[1] : nil,
            elapsed: .microseconds(7))
    }

    static let updates: [StopUpdate] =
        [
            .signalled(.term, pids: [], rung: 0), .signalled(.kill, pids: [1, 4_194_304, .max], rung: 3),
            .waiting(rung: 0, until: nil),
            .waiting(rung: 2, until: Instant(sinceBoot: .nanoseconds(123_456_789_012_345))),
            .unhandled(.int, .kill), .unhandled(.int, .wait), .thawed,
            .killing(until: Instant(sinceBoot: .seconds(99))),
            .mainEnded(.code(3), remaining: 12), .stuck(finding), .stuck(StuckFinding(tasks: [], sinceKill: .zero)),
        ] + reports.map { .ended($0) }

    static let targets: [StreamTarget] = [.main, .exec("e1"), .exec("")]

    static let calls: [ShimCall] =
        [
            .hello, .start, .pause, .resume, .inputClosed, .signal(.hup), .input([]), .input([0, 1, 255]),
            .exec(ExecRequest(id: "x", process: Array("{\"args\":[]}".utf8), terminal: true, openStdin: false)),
        ] + orders.map { .stop($0) } + targets.map { .resize($0, rows: 24, columns: 65535) }
        + targets.map { .attach(AttachRequest(target: $0, input: true, output: false, error: true)) }
        + targets.map { .attachMarked(AttachRequest(target: $0, input: false, output: true, error: false)) }

    static let records: [ExitRecord] = statuses.map {
        ExitRecord(status: $0, finishedAt: 1_700_000_000_000_000_001, oomKilled: true, lostLogBytes: 1 << 40)
    }

    static let snapshots: [ShimSnapshot] =
        ShimState.allCases.map { ShimSnapshot(state: $0, pid: 4711) } + [
            ShimSnapshot(state: .stuck, pid: 1, job: 7, stuck: finding, execs: ["a", "b"], exit: records[0])
        ]

    static let replies: [ShimReply] =
        [
            .done, .started(pid: -1), .started(pid: .max), .accepted(job: .max), .marked(nil), .marked(LogPosition()),
            .marked(LogPosition(inode: .max, offset: 1 << 40, output: [0, 10], error: [255])),
        ] + snapshots.map { .snapshot($0) }
        + StartFailure.allCases.map { .failed($0, message: "why \u{1F6D1}") }

    static let events: [ShimEvent] =
        [
            .started(pid: 5), .execStarted("e", pid: 6), .execExited("e", .code(1)), .paused, .resumed, .oomKilled,
            .outputEnd,
        ] + KillMechanism.allCases.map { .killed($0) } + OutputStream.allCases.map { .output($0, [10, 0, 200]) }
        + updates.map { .stop(job: 1, $0) }
        + records.map { .exited($0) }

    static let configurations: [ShimConfiguration] = [nil, 10 << 20].map { size in
        ShimConfiguration(
            containerID: String(repeating: "a", count: 64), bundle: "/b", runtime: "/usr/bin/crun", runtimeRoot: "/r",
            containerCgroup: "quell/a", shimCgroup: "quell/shim-a", socket: "/s", exitRecord: "/e",
            log: LogConfiguration(path: "/l", maximumSize: size, maximumFiles: 3), terminal: true, openStdin: false,
            stdinOnce: true, cgroupMounts: "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
    }

    static let requests = calls.enumerated().map { ShimRequest(id: UInt32($0), call: $1) }
    static let messages = replies.map { ShimMessage.reply(42, $0) } + events.map { ShimMessage.event($0) }
}
