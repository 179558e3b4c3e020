import APITypes
import Diagnosis
import Lifecycle
import Linux
import Testing

/// From what a stop would do to a word, a sentence and a cure; and from facts to the doctor's findings. Pure.
@Suite struct ReadinessTests {
    private static func readiness(
        _ expectation: StopOutlook.Expectation, _ unhandled: Unhandled = .wait
    ) -> Readiness {
        let outlook = StopOutlook(expectation, signal: .term, recipients: [ProcessName(pid: 7, comm: "worker")])
        let plan = StopPlan(ladder: Ladder(stopSignal: .term, grace: .bounded(.seconds(10))), unhandled: unhandled)
        return Readiness(outlook, plan: plan, main: "app")
    }

    @Test(arguments: [
        (StopOutlook.Expectation.graceful, Readiness.Word.graceful, nil as Readiness.Severity?),
        (.forwarded, .forwarded, .note), (.late, .late, .problem), (.ignored, .ignored, .problem),
        (.defaultAction, .defaultAction, nil), (.unhandled, .defaultAction, .problem), (.kill, .kill, .note),
        (.gone, .unknown, nil), (.unknown, .unknown, nil),
    ])
    func everyExpectationHasAWord(
        _ expectation: StopOutlook.Expectation, _ word: Readiness.Word, _ severity: Readiness.Severity?
    ) {
        let readiness = ReadinessTests.readiness(expectation)
        #expect(readiness.word == word)
        #expect(readiness.severity == severity)
        #expect((readiness.cure != nil) == (severity == .problem || expectation == .forwarded), "\(readiness)")
    }

    @Test func graceThatIsBurntIsAProblemAndAKillAtOnceAWarning() {
        let waits = ReadinessTests.readiness(.unhandled, .wait)
        #expect(waits.message.contains("whole 10s"), "\(waits.message)")
        let killed = ReadinessTests.readiness(.unhandled, .kill)
        #expect(killed.severity == .warning && killed.message.contains("killed at once"), "\(killed)")
        #expect(killed.cure?.contains("--init") == true)
    }

    @Test func forwardedNamesWhoGetsIt() {
        #expect(ReadinessTests.readiness(.forwarded).message.contains("worker"))
    }

    // MARK: the doctor

    private static func container(
        _ expectation: StopOutlook.Expectation, fresh: Bool = false, mounts: [MountInfo] = []
    ) -> Checkup.Container {
        let look = ReadinessLook(readiness: readiness(expectation), main: "app", isFresh: fresh)
        return Checkup.Container(id: "1", name: "web", look: look, mounts: mounts)
    }

    private static func report(
        _ containers: [Checkup.Container], _ change: (inout HostSettings) -> Void = { _ in }
    ) -> DoctorReport {
        var host = HostSettings()
        (host.hungTaskTimeout, host.fuseDefaultTimeout) = (120, 60)
        change(&host)
        return DoctorReport(Checkup(containers: containers, host: host))
    }

    private static func mount(_ type: String, _ options: String = "rw") throws -> MountInfo {
        try #require(MountInfo(line: Array("36 35 0:77 / /data rw - \(type) server:/x \(options)".utf8)))
    }

    @Test func healthyHostHasNoFinding() {
        let report = ReadinessTests.report([ReadinessTests.container(.graceful)])
        #expect(report.healthy && report.findings.isEmpty, "\(report.findings)")
        #expect(report.containers.map(\.stop) == ["graceful"])
    }

    @Test func problemMakesItUnhealthyUnlessItWasStartedJustNow() {
        let late = ReadinessTests.report([ReadinessTests.container(.late)])
        #expect(!late.healthy)
        #expect(late.findings.first?.code == "stop-late" && late.findings.first?.container == "web")
        #expect(ReadinessTests.report([ReadinessTests.container(.unhandled, fresh: true)]).healthy)
    }

    @Test func mountsThatCanHangAreNamed() throws {
        let fuse = try ReadinessTests.mount("fuse.sshfs")
        let hard = try ReadinessTests.mount("nfs4", "rw,hard")
        let soft = try ReadinessTests.mount("nfs4", "rw,soft")
        func severity(_ mount: MountInfo, _ change: (inout HostSettings) -> Void = { _ in }) -> String? {
            let report = ReadinessTests.report([ReadinessTests.container(.graceful, mounts: [mount])], change)
            return report.findings.first { $0.code.hasSuffix("-mount") && $0.container == "web" }?.severity
        }
        #expect(severity(fuse) == "note", "its requests end by themselves")
        #expect(severity(fuse) { $0.fuseDefaultTimeout = 0 } == "warning")
        #expect(severity(fuse) { $0.fuseDefaultTimeout = nil } == "warning")
        #expect(severity(hard) == "warning")
        #expect(severity(soft) == "note")
    }

    @Test func settingsOfTheHostAreFound() {
        let changes: [(String, String, (inout HostSettings) -> Void)] = [
            ("hung-task-panic", "problem", { $0.hungTaskPanics = true }),
            ("hung-task-detector-off", "warning", { $0.hungTaskTimeout = 0 }),
            ("no-hung-task-detector", "note", { $0.hungTaskTimeout = nil }),
            ("no-fuse-timeout", "note", { $0.fuseDefaultTimeout = 0 }),
            ("no-pressure", "warning", { $0.hasPressure = false }),
            ("cgroup-hybrid", "note", { $0.cgroups = .hybrid }), ("cgroup-legacy", "warning", { $0.cgroups = .legacy }),
            ("no-cgroup-kill", "warning", { $0.hasGroupKill = false }),
            ("no-sys-resource", "note", { $0.canProtectItself = false }),
            ("data-root-remote", "warning", { $0.dataRootType = "nfs4" }),
        ]
        for (code, severity, change) in changes {
            let report = ReadinessTests.report([], change)
            #expect(report.findings.map(\.code) == [code], "\(report.findings)")
            #expect(report.findings.first?.severity == severity && report.findings.first?.cure != nil)
            #expect(report.healthy == (severity != "problem"))
        }
    }
}
