public import APITypes
import Lifecycle
import Linux
import Synchronization

extension Engine {
    /// One sample a second until the container ends; `stream: false` gives one (after two looks, unless `oneShot`).
    public func containerStats(_ reference: String, stream: Bool, oneShot: Bool) async throws(EngineError)
        -> PulledStream<ContainerStats>
    {
        let sampler = StatsSampler(try core.container(reference), core, once: !stream, oneShot: oneShot)
        return PulledStream { () throws(EngineError) in
            try await sampler.next()
        } cancel: {
            sampler.close()
        }
    }
}

/// Takes samples of one container.
private actor StatsSampler {
    private let container: Container
    private let core: EngineCore
    private let once: Bool
    private let oneShot: Bool
    private var before: (stamp: String, cpu: CPUStats)?
    private var count = 0
    private nonisolated let closed = Mutex(false)

    init(_ container: Container, _ core: EngineCore, once: Bool, oneShot: Bool) {
        (self.container, self.core, self.once, self.oneShot) = (container, core, once, oneShot)
    }

    nonisolated func close() { closed.withLock { $0 = true } }

    func next() async throws(EngineError) -> ContainerStats? {
        if closed.withLock({ $0 }) || (once && count > 0) { return nil }
        if count > 0 || (once && !oneShot) {
            if before == nil { _ = try await sample() }
            guard await core.reactor.pause(.seconds(1)), !closed.withLock({ $0 }) else { return nil }
        }
        let isGone = container.removed.current != nil
        if count > 0, isGone || !container.snapshot.isRunning { return nil }
        count += 1
        return try await sample()
    }

    private func sample() async throws(EngineError) -> ContainerStats {
        let snapshot = container.snapshot
        var stats = ContainerStats()
        (stats.id, stats.name) = (snapshot.id, "/" + snapshot.name)
        stats.read = Timestamp.now.description
        stats.preread = before?.stamp ?? Timestamp.never.description
        if let before { stats.precpuStats = before.cpu }
        guard snapshot.isRunning else { return stats }
        let cgroup = core.cgroup(container.id)
        let (used, system) = try await Blocking.run { () throws(EngineError) in
            try attempt { () throws(SystemError) in (try cgroup.statistics(), try Host.processorTime()) }
        }
        fill(&stats, used, system)
        before = (stats.read, stats.cpuStats)
        return stats
    }

    private func fill(_ stats: inout ContainerStats, _ used: CgroupStatistics, _ system: UInt64) {
        var cpu = CPUStats()
        cpu.cpuUsage.totalUsage = used.processor.usageNanoseconds
        cpu.cpuUsage.percpuUsage = used.processor.perProcessorNanoseconds
        cpu.cpuUsage.usageInUsermode = used.processor.userNanoseconds
        cpu.cpuUsage.usageInKernelmode = used.processor.systemNanoseconds
        (cpu.systemCPUUsage, cpu.onlineCPUs) = (system, core.facts.processors)
        cpu.throttlingData.periods = used.processor.periods
        cpu.throttlingData.throttledPeriods = used.processor.throttledPeriods
        cpu.throttlingData.throttledTime = used.processor.throttledNanoseconds
        stats.cpuStats = cpu
        (stats.memoryStats.usage, stats.memoryStats.failcnt) = (used.memory.usageBytes, used.memory.limitHits)
        // As documented: v1 alone.
        stats.memoryStats.maxUsage = used.blockRequests == nil ? nil : used.memory.peakBytes
        stats.memoryStats.limit = min(used.memory.limitBytes ?? .max, core.facts.memoryBytes)
        stats.memoryStats.stats = used.memory.details
        (stats.pidsStats.current, stats.pidsStats.limit) = (used.processes.current, used.processes.limit)
        stats.blkioStats = BlkioStats(used)
    }
}

extension BlkioStats {
    fileprivate init(_ used: CgroupStatistics) {
        self.init()
        func entries(_ counters: [CgroupStatistics.BlockCounter]) -> [BlkioEntry] { counters.map(BlkioEntry.init) }
        ioServiceBytesRecursive = entries(used.blockBytes)
        guard let requests = used.blockRequests else { return }
        ioServicedRecursive = entries(requests.serviced)
        ioQueueRecursive = entries(requests.queued)
        ioServiceTimeRecursive = entries(requests.serviceTime)
        ioWaitTimeRecursive = entries(requests.waitTime)
        ioMergedRecursive = entries(requests.merged)
        ioTimeRecursive = entries(requests.time)
        sectorsRecursive = entries(requests.sectors)
    }
}

extension BlkioEntry {
    fileprivate init(_ counter: CgroupStatistics.BlockCounter) {
        self.init()
        (major, minor) = (UInt64(counter.device.major), UInt64(counter.device.minor))
        (op, value) = (counter.operation, counter.value)
    }
}
