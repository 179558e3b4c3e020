import APITypes
import Lifecycle
import Linux
import TestKit
import Testing

@testable import Engine

@Suite(.serialized, .timeLimit(.minutes(2))) struct StatsTests {
    /// What the document has for cgroup v1 alone is there on v1 and only there.
    @Test func countersAreThoseOfTheCgroupVersion() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(shell("while :; do :; done"))
            let stream = try await fixture.engine.containerStats(id, stream: false, oneShot: true)
            let stats = try #require(try await stream.next())
            let isUnified = fixture.engine.core.facts.isUnified
            let block = stats.blkioStats
            #expect(block.ioServiceBytesRecursive != nil)
            for list in [
                block.ioServicedRecursive, block.ioQueueRecursive, block.ioServiceTimeRecursive,
                block.ioWaitTimeRecursive, block.ioMergedRecursive, block.ioTimeRecursive, block.sectorsRecursive,
            ] { #expect((list == nil) == isUnified) }
            #expect((stats.memoryStats.failcnt == nil) == isUnified)
            #expect((stats.memoryStats.maxUsage == nil) == isUnified)
            let each = stats.cpuStats.cpuUsage.percpuUsage
            #expect((each == nil) == isUnified)
            if let each {
                #expect(each.count >= fixture.engine.core.facts.processors)
                #expect(each.reduce(0, +) > 0)
            }
        }
    }

    /// A stream, a single sample, and one that waits for nothing: they differ in what they are compared with.
    @Test func eachSampleIsComparedWithTheOneBefore() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(shell("while :; do :; done"))
            let stream = try await fixture.engine.containerStats(id, stream: true, oneShot: false)
            let first = try #require(try await stream.next())
            let second = try #require(try await stream.next())
            #expect(first.preread == Timestamp.never.description && first.precpuStats.cpuUsage.totalUsage == 0)
            #expect(second.preread == first.read)
            #expect(second.precpuStats.cpuUsage.totalUsage == first.cpuStats.cpuUsage.totalUsage)
            #expect(second.cpuStats.cpuUsage.totalUsage > first.cpuStats.cpuUsage.totalUsage)
            #expect((second.cpuStats.systemCPUUsage ?? 0) > (first.cpuStats.systemCPUUsage ?? 0))
            #expect(second.memoryStats.usage ?? 0 > 0 && second.pidsStats.current ?? 0 > 0)

            let compared = try await fixture.engine.containerStats(id, stream: false, oneShot: false)
            let one = try #require(try await compared.next())
            #expect(one.preread != Timestamp.never.description && one.precpuStats.cpuUsage.totalUsage > 0)
            #expect(try await compared.next() == nil)
            let began = MonotonicClock.now()
            let hasty = try await fixture.engine.containerStats(id, stream: false, oneShot: true)
            #expect(try await hasty.next()?.preread == Timestamp.never.description)
            #expect(MonotonicClock.now() - began < .seconds(1), "it waits for no second look")
            #expect(try await hasty.next() == nil)

            _ = try await fixture.engine.killContainer(id).result()
            while try await stream.next() != nil {}
            let ended = try await fixture.engine.containerStats(id, stream: false, oneShot: true)
            let empty = try #require(try await ended.next())
            #expect(empty.id == id && empty.cpuStats.cpuUsage.totalUsage == 0)
        }
    }

    /// Limits of a device are what the kernel enforces.
    @Test(.enabled(if: try BlockDevice.first() != nil, "there is no block device"))
    func limitsOfADeviceReachTheKernel() async throws {
        let device = try #require(try BlockDevice.first())
        func limit(_ rate: UInt64) -> [ThrottleDevice] {
            var limit = ThrottleDevice()
            (limit.path, limit.rate) = (device.path, rate)
            return [limit]
        }
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "60"]) { request in
                request.hostConfig?.blkioDeviceReadBps = limit(1_048_576)
                request.hostConfig?.blkioDeviceWriteBps = limit(2_097_152)
                request.hostConfig?.blkioDeviceReadIOps = limit(300)
                request.hostConfig?.blkioDeviceWriteIOps = limit(400)
            }
            let cgroup = fixture.engine.core.cgroup(id)
            let number = "\(device.number.major):\(device.number.minor)"
            if fixture.engine.core.facts.isUnified {
                let directory = try #require(cgroup.unifiedDirectory)
                let text = String(decoding: try File.read(directory + "/io.max"), as: UTF8.self)
                #expect(text.contains("\(number) rbps=1048576 wbps=2097152 riops=300 wiops=400"), "\(text)")
            } else {
                let directory = try #require(cgroup.directory(of: .blkio))
                for (file, rate) in [
                    ("read_bps", 1_048_576), ("write_bps", 2_097_152), ("read_iops", 300), ("write_iops", 400),
                ] {
                    let path = "\(directory)/blkio.throttle.\(file)_device"
                    #expect(
                        String(decoding: try File.read(path), as: UTF8.self).contains("\(number) \(rate)"), "\(file)")
                }
            }
        }
    }

    /// Right after the start the runtime's own processes may still be there.
    @Test func topShowsTheProgramAndNothingOfTheRuntimes() async throws {
        try await Fixture.with { fixture in
            for mode in ["", "host"] {
                for _ in 0..<10 {
                    let id = try await fixture.run(["sleep", "60"]) { $0.hostConfig?.pidMode = mode }
                    let top = try await fixture.engine.topContainer(id, psArguments: nil)
                    #expect(top.processes.map { $0.last } == ["sleep 60"], "\(top)")
                    try await fixture.engine.removeContainer(id, force: true, volumes: false)
                }
            }
        }
    }
}

/// A disk of this machine, to name.
private struct BlockDevice {
    let path: String
    let number: DeviceNumber

    static func first() throws -> BlockDevice? {
        for entry in try File.list("/sys/block").sorted(by: { $0.name < $1.name }) {
            let path = "/dev/" + entry.name
            let size = String(decoding: try File.read("/sys/block/\(entry.name)/size"), as: UTF8.self)
            guard size != "0\n", let status = try File.status(of: path), status.kind == .blockDevice else { continue }
            return BlockDevice(path: path, number: status.special)
        }
        return nil
    }
}
