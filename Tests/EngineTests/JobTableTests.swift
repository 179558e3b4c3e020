import Lifecycle
import Synchronization
import Testing

@testable import Engine

/// A clock that stands still until it is moved.
private final class ManualClock: Sendable {
    private let current = Mutex(Instant(sinceBoot: .seconds(1000)))

    var now: Instant { current.withLock { $0 } }
    func advance(_ span: Duration) { current.withLock { $0 = $0 + span } }
}

@Suite struct JobTableTests {
    private let clock = ManualClock()

    private func table() -> JobTable { JobTable(clock: { [clock] in clock.now }) }

    @Test func aCallIsThereFromItsBeginningToItsEnd() async {
        let jobs = table()
        await jobs.track(.start, "c1", asker: .client(pid: 7, uid: 0), within: .seconds(5)) { job in
            clock.advance(.seconds(2))
            let view = job.view(at: clock.now)
            #expect(jobs.all.map(\.number) == [job.number])
            #expect(view.kind == .start && view.container == "c1" && view.asker == .client(pid: 7, uid: 0))
            #expect(view.age == .seconds(2) && view.expectation == .seconds(5) && !view.isOverdue)
            #expect(view.hop == .engine && !job.hasEnded)
        }
        #expect(jobs.all.isEmpty)
    }

    @Test func aCallThatThrowsIsGoneToo() async {
        struct Fault: Error {}
        let jobs = table()
        var ended: Job?
        await #expect(throws: Fault.self) {
            try await jobs.track(.exec, within: nil) { job in
                ended = job
                throw Fault()
            }
        }
        #expect(jobs.all.isEmpty && ended?.hasEnded == true)
    }

    @Test func hopsNestAndAreLeftAgain() async {
        let jobs = table()
        await jobs.track(.start, within: nil) { job in
            await Job.wait(on: .hostLook) {
                #expect(job.view(at: clock.now).hop == .hostLook)
                // What is generic says nothing where it is known better.
                await Job.waitUnlessSaid(on: .files) { #expect(job.view(at: clock.now).hop == .hostLook) }
                await Job.wait(on: .gate) {
                    clock.advance(.seconds(1))
                    let view = job.view(at: clock.now)
                    #expect(view.hop == .gate && view.waitingFor == .seconds(1))
                }
                #expect(job.view(at: clock.now).hop == .hostLook)
            }
            await Job.waitUnlessSaid(on: .files) { #expect(job.view(at: clock.now).hop == .files) }
            #expect(job.view(at: clock.now).hop == .engine)
        }
    }

    @Test func tasksOfOneJobWaitSideBySide() async {
        let jobs = table()
        await jobs.track(.start, within: nil) { job in
            let (first, second) = (job.enter(.store), job.enter(.mount))
            #expect(job.view(at: clock.now).hop == .mount)
            job.leave(first)
            #expect(job.view(at: clock.now).hop == .mount)
            job.leave(second)
            #expect(job.view(at: clock.now).hop == .engine)
        }
    }

    /// Whoever asked for the outer one asked for the inner one, and the outer one waits on it.
    @Test func aJobOfACallIsWhatTheCallWaitsOn() async {
        let jobs = table()
        await jobs.track(.call, call: "POST /x", asker: .client(pid: 7, uid: 1), within: .seconds(1)) { call in
            await jobs.track(.remove, "c1", within: .seconds(30)) { job in
                #expect(job.asker == .client(pid: 7, uid: 1))
                clock.advance(.seconds(10))
                let view = call.view(at: clock.now)
                #expect(view.hop == .job(job.number) && view.expectation == nil && !view.isOverdue)
            }
        }
    }

    @Test func aTaskThatOutlivesItsJobAsksForNobody() async {
        let jobs = table()
        var late: Task<Job.Asker, Never>?
        let gate = Promise<Void>()
        await jobs.track(.start, asker: .client(pid: 7, uid: 0), within: nil) { _ in
            late = Task {
                await gate.value()
                let job = jobs.begin(.remove, within: nil)
                defer { jobs.end(job) }
                return job.asker
            }
        }
        gate.resolve(())
        #expect(await late?.value == .engine("engine"))
    }

    @Test func aSharperStopIsExpectedSooner() {
        let jobs = table()
        let stop = jobs.begin(.stop, "c1", within: nil)
        #expect(stop.due == nil)
        clock.advance(.seconds(100))
        jobs.sharpen(stop, isKill: false, within: .seconds(120))
        jobs.sharpen(stop, isKill: true, within: .seconds(110))
        jobs.sharpen(stop, isKill: false, within: .seconds(130))
        let view = stop.view(at: clock.now)
        #expect(view.kind == .kill && view.expectation == .seconds(110))
        jobs.end(stop)
    }

    // MARK: the watchdog

    @Test func isReportedOnceAndThenEverMoreSeldom() {
        let jobs = table()
        let stop = jobs.begin(.stop, "c1", within: .seconds(10))
        clock.advance(.seconds(10))
        #expect(jobs.overdue(at: clock.now).isEmpty, "what comes a little late is not late")
        var reports: [Duration] = []
        let begin = clock.now
        for _ in 0..<40_000 where reports.count < 10 {
            clock.advance(.milliseconds(500))
            if jobs.overdue(at: clock.now).count == 1 { reports.append(clock.now - begin) }
        }
        let pauses = zip(reports.dropFirst(), reports).map { $0 - $1 }
        #expect(reports.first == .milliseconds(500))
        #expect(pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600].map { Duration.seconds($0) })
        #expect(jobs.counts(at: clock.now)[.stop]?.found == 1, "counted once")
        #expect(jobs.counts(at: clock.now)[.stop]?.overdue == 1)
        jobs.end(stop)
        #expect(jobs.counts(at: clock.now)[.stop]?.inFlight == 0)
    }

    @Test func theWatchIsSetForTheEarliest() {
        let jobs = table()
        let armed = Mutex<[Duration]>([])
        let begin = clock.now
        jobs.onDue { due in armed.withLock { $0.append(due - begin) } }
        let slack = OverdueAlarm.slack
        let first = jobs.begin(.start, within: .seconds(10))
        #expect(armed.withLock { $0 } == [.seconds(10) + slack])
        // Later ones need no watch of their own, an earlier one does, one without an end never.
        _ = jobs.begin(.start, within: .seconds(20))
        _ = jobs.begin(.call, within: nil)
        #expect(armed.withLock { $0.count } == 1)
        _ = jobs.begin(.exec, within: .seconds(5))
        #expect(armed.withLock { $0.last } == .seconds(5) + slack)
        clock.advance(.seconds(5) + slack)
        #expect(jobs.overdue(at: clock.now).count == 1)
        #expect(armed.withLock { $0.last } == .seconds(10) + slack, "the next one is watched")
        jobs.end(first)
        clock.advance(.seconds(5))
        #expect(jobs.overdue(at: clock.now).isEmpty, "it has ended in time")
        #expect(armed.withLock { $0.last } == .seconds(20) + slack)
    }

    @Test func whatIsOnlyWatchedIsNeverOverdue() async {
        let jobs = table()
        await jobs.track(.call, call: "GET /events", within: .seconds(1)) { job in
            job.expectsNoEnd()
            clock.advance(.seconds(1000))
            #expect(jobs.overdue(at: clock.now).isEmpty && !job.view(at: clock.now).isOverdue)
        }
    }

    @Test func theLineNamesEverything() {
        let jobs = table()
        let stop = jobs.begin(.stop, "c1", within: .seconds(20))
        stop.waits(on: .kernel)
        clock.advance(.milliseconds(20_500))
        let line = OverdueText.line(stop.view(at: clock.now), name: "web", finding: "1 task alive: cat[7] D")
        #expect(
            line == "job 1: stop of container web has taken 20500ms, expected were 20s: "
                + "it waits on the kernel, to let go of its tasks: 1 task alive: cat[7] D")
        let attributes = OverdueText.attributes(stop.view(at: clock.now), finding: nil)
        #expect(
            attributes == ["job": "1", "kind": "stop", "waitsOn": "kernel", "ageMs": "20500", "expectedMs": "20000"])
        jobs.end(stop)
    }
}
