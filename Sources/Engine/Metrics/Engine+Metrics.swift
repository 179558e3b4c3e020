import Diagnosis
import Lifecycle
import Linux
import Logging
import Synchronization

extension Engine {
    /// Everything the engine counts and holds. Answers whatever hangs: it reads counters, what containers have published,
    /// and `/proc/self`.
    public func writeMetrics(to text: inout MetricsText) async {
        writeContainers(&text)
        writeStops(&text)
        writeJobs(&text)
        writeShims(&text)
        writeHelpers(&text)
        await writeReactor(&text)
        writeProcess(&text)
    }

    private func writeContainers(_ text: inout MetricsText) {
        let snapshots = core.registry.all.map(\.snapshot)
        var states: [String: Int] = [:]
        for snapshot in snapshots { states[StateText.quell(snapshot.live), default: 0] += 1 }
        text.family("quell_containers", .gauge, "Containers by state.")
        for state in MetricNames.states { text.sample(["state": state], states.removeValue(forKey: state) ?? 0) }
        for (state, count) in states.sorted(by: { $0.key < $1.key }) { text.sample(["state": state], count) }
        text.family("quell_containers_unsupervised", .gauge, "Containers that run without their shim.")
        text.sample(snapshots.count { $0.isRunning && !$0.supervised })
        text.family("quell_stuck_tasks", .gauge, "Tasks that hold stuck containers, by reason, as last seen.")
        var tasks: [String: Int] = ["unknown": 0]
        for snapshot in snapshots where snapshot.live == .stuck || snapshot.live == .quarantined {
            let known = core.stuckReasons.withLock { $0[snapshot.id] }
            for (reason, count) in known ?? ["unknown": snapshot.finding?.tasks.count ?? 0] {
                tasks[reason, default: 0] += count
            }
        }
        for (reason, count) in tasks.sorted(by: { $0.key < $1.key }) { text.sample(["reason": reason], count) }
    }

    private func writeStops(_ text: inout MetricsText) {
        let counts = core.metrics.current
        text.family("quell_stop_duration_seconds", .histogram, "Stops by verdict, from the order to the verdict.")
        for (key, histogram) in counts.stops.sorted(by: { MetricNames.order($0.key) < MetricNames.order($1.key) }) {
            text.samples(["verdict": key.verdict, "how": key.how, "rung": key.rung], histogram)
        }
        text.family("quell_kills_total", .counter, "Containers that were killed, by what the kill needed.")
        for mechanism in KillMechanism.allCases {
            for by in ["shim", "engine"] {
                let count = counts.kills[EngineMetrics.KillKey(mechanism: mechanism, by: by)] ?? 0
                text.sample(["mechanism": mechanism.name, "by": by], count)
            }
        }
    }

    private func writeJobs(_ text: inout MetricsText) {
        let counts = core.jobs.counts(at: MonotonicClock.now()).sorted { $0.key.rawValue < $1.key.rawValue }
        text.family("quell_jobs", .gauge, "Calls in flight, by kind.")
        for (kind, count) in counts { text.sample(["kind": kind.rawValue], count.inFlight) }
        text.family("quell_jobs_overdue", .gauge, "Calls in flight that have lasted longer than expected, by kind.")
        for (kind, count) in counts { text.sample(["kind": kind.rawValue], count.overdue) }
        text.family("quell_jobs_overdue_total", .counter, "Calls that were found overdue, each counted once.")
        for (kind, count) in counts { text.sample(["kind": kind.rawValue], count.found) }
    }

    private func writeShims(_ text: inout MetricsText) {
        let counts = core.metrics.current
        text.family("quell_shims_lost_total", .counter, "Running containers that lost their shim.")
        text.sample(counts.lostShims)
        text.family("quell_shims_regained_total", .counter, "Shims that were lost and reached again.")
        text.sample(counts.regainedShims)
    }

    private func writeHelpers(_ text: inout MetricsText) {
        text.family(
            "quell_probes_abandoned_total", .counter, "Looks at the host that were given up, by what they were for.")
        text.sample(["for": "mount"], core.metrics.current.abandonedLooks)
        text.sample(["for": "why"], core.prober.abandoned)
        text.family("quell_probes_hanging", .gauge, "Given-up looks whose process is still in the kernel.")
        text.sample(["for": "mount"], core.hostLook.hangingCount)
        text.sample(["for": "why"], core.prober.hanging)
        text.family("quell_helper_processes", .gauge, "Helper processes, those that hang among them.")
        text.sample(core.children.inside)
        text.family("quell_blocking_calls", .gauge, "Blocking calls under way, by kind.")
        for kind in Blocking.Kind.allCases { text.sample(["kind": "\(kind)"], Blocking.threads(of: kind).inside) }
        text.family("quell_event_readers", .gauge, "Clients that read the event stream.")
        text.sample(core.events.readerCount)
    }

    private func writeReactor(_ text: inout MetricsText) async {
        let lag = await LoopProbe.lag(within: .seconds(1)) { [reactor = core.reactor] done in reactor.after(.zero, done)
        }
        text.family(
            "quell_reactor_lag_seconds", .gauge, "What the engine's event loop took to answer this scrape; at most 1.")
        text.sample(lag.seconds)
        text.family("quell_reactor_delay_seconds", .histogram, "How late timers of the engine's event loop came.")
        text.samples([:], core.reactor.delays)
    }

    private func writeProcess(_ text: inout MetricsText) {
        text.family("quell_build_info", .gauge, "The version that runs.")
        text.sample(["version": core.configuration.version], 1)
        do throws(SystemError) {
            let usage = try ProcessUsage.own()
            text.family("process_cpu_seconds_total", .counter, "Processor time of quelld.")
            text.sample(usage.processorTime.seconds)
            text.family("process_resident_memory_bytes", .gauge, "Resident memory of quelld.")
            text.sample(usage.residentBytes)
            text.family("process_virtual_memory_bytes", .gauge, "Virtual memory of quelld.")
            text.sample(usage.virtualBytes)
            text.family("process_start_time_seconds", .gauge, "When quelld was started, since 1970.")
            text.sample(usage.startTime)
            text.family("process_open_fds", .gauge, "Open descriptors of quelld.")
            text.sample(usage.descriptors)
            text.family("process_max_fds", .gauge, "Descriptors quelld may open.")
            text.sample(usage.descriptorLimit)
            text.family("process_threads", .gauge, "Threads of quelld.")
            text.sample(usage.threads)
        } catch { core.logger.warning("the engine's own usage: \(error)") }
    }
}

private enum MetricNames {
    /// Also those that no container is in.
    static let states = [
        "created", "running", "paused", "restarting", "stopping", "stuck", "exited", "removing", "quarantined",
    ]

    static func order(_ key: EngineMetrics.StopKey) -> (String, String, String) { (key.verdict, key.how, key.rung) }
}

/// How long an event loop takes to run what it is given.
public enum LoopProbe {
    /// At most the limit, where it does not.
    public static func lag(
        within limit: Duration, _ submit: (_ done: @escaping @Sendable () -> Void) -> Void
    ) async -> Duration {
        let begun = ContinuousClock.now
        let answer = Promise<Duration>()
        submit { answer.resolve(.now - begun) }
        let timer = Task {
            // Cancelled: it has answered.
            do { try await Task.sleep(for: limit) } catch { return }
            answer.resolve(limit)
        }
        defer { timer.cancel() }
        return await answer.value()
    }
}

extension ContinuousClock.Instant {
    fileprivate static func - (later: Self, earlier: Self) -> Duration { earlier.duration(to: later) }
}
