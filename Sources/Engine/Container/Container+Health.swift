import APITypes
import Lifecycle
import Linux
import Logging

/// How a container's health is tested, every default decided (Docker's: 30 s, 30 s, 3, 0, 5 s).
struct HealthPlan: Hashable, Sendable {
    var command: [String]
    var interval: Duration
    var timeout: Duration
    var retries: Int
    var startPeriod: Duration
    var startInterval: Duration

    /// Nil: no test.
    init?(_ config: HealthConfig?, shell: [String]?) {
        guard let config, let test = config.test, let kind = test.first else { return nil }
        switch kind {
        case "CMD": command = Array(test.dropFirst())
        case "CMD-SHELL": command = (shell.flatMap { $0.isEmpty ? nil : $0 } ?? ["/bin/sh", "-c"]) + test.dropFirst()
        default: return nil
        }
        guard !command.isEmpty else { return nil }
        func span(_ nanoseconds: Int?, _ standard: Duration) -> Duration {
            (nanoseconds ?? 0) > 0 ? .nanoseconds(Int64(nanoseconds ?? 0)) : standard
        }
        interval = span(config.interval, .seconds(30))
        timeout = span(config.timeout, .seconds(30))
        startPeriod = span(config.startPeriod, .zero)
        startInterval = span(config.startInterval, .seconds(5))
        retries = (config.retries ?? 0) > 0 ? config.retries ?? 3 : 3
    }

    /// The next state after a result. Failures in the start period do not count.
    func advance(_ state: HealthState, _ result: HealthState.Result, sinceStart: Duration) -> HealthState {
        var next = state
        next.log = Array((state.log + [result]).suffix(5))
        if result.exitCode == 0 {
            (next.status, next.failingStreak) = (.healthy, 0)
        } else if !(state.status == .starting && sinceStart < startPeriod) {
            next.failingStreak += 1
            if next.failingStreak >= retries { next.status = .unhealthy }
        }
        return next
    }
}

extension Container {
    static let healthOutput = 4096

    /// Tests as long as this run lasts.
    /// `fresh`: the results of an earlier run say nothing about this one.
    func startHealthChecks(fresh: Bool = true) {
        healthTask?.cancel()
        guard let plan = HealthPlan(document.config.healthcheck, shell: document.config.shell) else {
            state.health = nil
            return
        }
        if state.health == nil || fresh { state.health = HealthState() }
        publish()
        let (number, reactor) = (run, core.reactor)
        healthTask = Task { [weak self] in
            while true {
                guard let pause = await self?.healthPause(plan), await reactor.pause(pause) else { return }
                guard await self?.testHealth(plan, run: number) == true else { return }
            }
        }
    }

    private func healthPause(_ plan: HealthPlan) -> Duration {
        let since = startedAt.map { MonotonicClock.now() - $0 } ?? .zero
        return state.health?.status == .starting && since < plan.startPeriod ? plan.startInterval : plan.interval
    }

    /// False when there is nothing left to test.
    private func testHealth(_ plan: HealthPlan, run number: Int) async -> Bool {
        guard number == run, machine.isActive else { return false }
        guard machine.state == .running else { return true }
        let start = WallTime.now().nanosecondsSince1970
        let (code, output) = await probe(plan)
        guard number == run, machine.isActive, !Task.isCancelled, let before = state.health else { return false }
        let result = HealthState.Result(
            start: start, end: WallTime.now().nanosecondsSince1970, exitCode: code, output: output)
        let since = startedAt.map { MonotonicClock.now() - $0 } ?? .zero
        let after = plan.advance(before, result, sinceStart: since)
        state.health = after
        publish()
        if after.status != before.status {
            core.store.enqueueSave(state, of: id)
            post("health_status: \(after.status.rawValue)")
        }
        return true
    }

    private func probe(_ plan: HealthPlan) async -> (Int, String) {
        var request = ExecCreateRequest()
        (request.cmd, request.attachStdout, request.attachStderr) = (plan.command, true, true)
        // One that could not be killed is not given company.
        if let lateProbe, execs[lateProbe]?.isRunning == true { return (-1, "the last health check still runs") }
        if let late = lateProbe.take() { forgetExec(late) }
        do throws(EngineError) {
            let exec = try createExec(request)
            defer { probeDone(exec) }
            let asker = Job.Asker.engine("health check")
            guard let stream = try await startExec(exec, detached: false, consoleSize: nil, asker: asker),
                let record = execs[exec]
            else { return (-1, "") }
            return await watch(record, stream, plan)
        } catch { return (-1, error.description) }
    }

    private func probeDone(_ exec: String) {
        if execs[exec]?.isRunning == true { lateProbe = exec } else { forgetExec(exec) }
    }

    private func watch(_ record: ExecRecord, _ stream: AttachedStream, _ plan: HealthPlan) async -> (Int, String) {
        let output = Task { await Container.collect(stream, limit: Container.healthOutput) }
        let ended = Promise<ExitStatus?>()
        Task { ended.resolve(await record.ended.value()) }
        let timer = core.reactor.after(plan.timeout) { ended.resolve(nil) }
        let status = await ended.value()
        core.reactor.cancel(timer)
        guard let status else {
            if let pid = execs[record.id]?.pid, pid > 0 { await killProbe(pid) }
            stream.detach()
            return (-1, "Health check exceeded timeout (\(plan.timeout.shortText))")
        }
        let text = await output.value
        stream.detach()
        return (status.shellCode.map { Int($0) } ?? -1, text)
    }

    /// The number may be somebody else's by now: it must be one of this container, as seen after the handle was taken.
    private func killProbe(_ pid: Int32) async {
        let cgroup = core.cgroup(id)
        do throws(EngineError) {
            try await Blocking.run { () throws(EngineError) in
                try attempt("end a health check") { () throws(SystemError) in
                    let probe: Pidfd
                    do throws(SystemError) { probe = try Pidfd(opening: pid) } catch {
                        if error.isNoSuchProcess { return }
                        throw error
                    }
                    guard try cgroup.members().contains(pid) else { return }
                    do throws(SystemError) { try probe.send(.kill) } catch {
                        if !error.isNoSuchProcess { throw error }
                    }
                }
            }
        } catch { core.logger.warning("container \(id): \(error)") }
    }

    private static func collect(_ stream: AttachedStream, limit: Int) async -> String {
        var bytes: [UInt8] = []
        do throws(EngineError) {
            while let chunk = try await stream.next() {
                if bytes.count < limit { bytes += chunk.bytes.prefix(limit - bytes.count) }
            }
        } catch { return "\(error)" }
        return String(decoding: bytes, as: UTF8.self)
    }
}
