import APITypes
import Lifecycle

/// Bounds of the numbers that a request may have. What is let through here cannot overflow anywhere later; what comes
/// another way (an image, a row of an older engine) is clamped where it is used.
enum NumberChecks {
    /// 1 EiB: more than any host has, and far from the end of `Int`.
    static let mostBytes = 1 << 60

    static func check(_ request: ContainerCreateRequest) throws(EngineError) {
        if let timeout = request.config.stopTimeout { try check(stopTimeout: timeout) }
        if let health = request.config.healthcheck { try check(health) }
        if let host = request.hostConfig { try check(host) }
    }

    private static func check(stopTimeout seconds: Int) throws(EngineError) {
        guard Grace(seconds: seconds) != nil else {
            throw .invalid("StopTimeout: \(seconds) seconds are more than 10 years; -1 waits without bound")
        }
    }

    private static func check(_ health: HealthConfig) throws(EngineError) {
        let spans = [
            ("Interval", health.interval), ("Timeout", health.timeout), ("StartPeriod", health.startPeriod),
            ("StartInterval", health.startInterval),
        ]
        for (name, span) in spans where span.map({ $0 != 0 && $0 < 1_000_000 }) ?? false {
            throw .invalid("\(name) in Healthcheck cannot be less than 1ms")
        }
        if (health.retries ?? 0) < 0 { throw .invalid("Retries in Healthcheck cannot be negative") }
    }

    /// The resources of a container that is made, or what an update has of them.
    static func check(_ host: HostConfig) throws(EngineError) {
        try check("Memory", host.memory, from: 0)
        try check("MemoryReservation", host.memoryReservation, from: 0)
        // -1: as much swap as there is.
        try check("MemorySwap", host.memorySwap, from: -1)
        try check("ShmSize", host.shmSize, from: 0)
        for (name, value) in [("CpuShares", host.cpuShares), ("NanoCpus", host.nanoCpus)] where (value ?? 0) < 0 {
            throw .invalid("\(name): \(value ?? 0) is negative")
        }
        if let period = host.cpuPeriod, period != 0, !(1000...1_000_000).contains(period) {
            throw .invalid(
                "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000): \(period)")
        }
        if let quota = host.cpuQuota, quota > 0, quota < 1000 {
            throw .invalid("CPU cfs quota can not be less than 1ms (i.e. 1000): \(quota)")
        }
        if let weight = host.blkioWeight, weight != 0, !(10...1000).contains(weight) {
            throw .invalid("Range of blkio weight is from 10 to 1000: \(weight)")
        }
        if let swappiness = host.memorySwappiness, !(-1...100).contains(swappiness) {
            throw .invalid("Invalid value: \(swappiness), valid memory swappiness range is 0-100")
        }
    }

    private static func check(_ name: String, _ bytes: Int?, from least: Int) throws(EngineError) {
        guard let bytes, !(least...mostBytes).contains(bytes) else { return }
        throw .invalid("\(name): \(bytes) bytes are \(bytes < least ? "less than nothing" : "more than 1 EiB")")
    }
}

extension FixedWidthInteger {
    /// The sum, or the end of the range that it would pass. For sums of what a container can choose (sizes of sparse files).
    func saturatingSum(_ other: Self) -> Self {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
