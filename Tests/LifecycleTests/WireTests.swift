import TestKit
import Testing

@testable import Lifecycle

@Suite(.timeLimit(.minutes(1))) struct WireTests {
    @Test func everySampleRoundTrips() throws {
        try roundTrip(WireSamples.requests)
        try roundTrip(WireSamples.messages)
        try roundTrip(WireSamples.configurations)
        try roundTrip((1...64).compactMap { Signal(number: $0) })
        var bare = WireSamples.configurations[0]
        bare.log = nil
        try roundTrip([bare])
    }

    private func roundTrip<Value: WireCodable & Equatable>(_ values: [Value]) throws {
        for value in values { #expect(try Value(wireBytes: value.wireBytes) == value) }
    }

    /// The bytes are the protocol: a shim of yesterday serves a daemon of today.
    @Test func theBytesAreStable() {
        #expect(ShimRequest(id: 0x0102_0304, call: .hello).wireBytes == [4, 3, 2, 1, 1])
        #expect(ShimRequest(id: 1, call: .signal(.term)).wireBytes == [1, 0, 0, 0, 4, 15])
        let order = StopOrder(
            ladder: Ladder(rungs: [Rung(signal: .term, grace: .bounded(.nanoseconds(258)))]), unhandled: .wait)
        #expect(
            order.wireBytes == [
                1, 0, 0, 0, 15, Scope.auto.rawValue, 1, 2, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0xE4, 0x0B, 0x54, 2, 0, 0, 0,
            ])
        #expect(ShimMessage.reply(1, .accepted(job: 2)).wireBytes == [1, 1, 0, 0, 0, 4, 2, 0, 0, 0])
        #expect(ShimMessage.event(.stop(job: 1, .thawed)).wireBytes == [2, 5, 1, 0, 0, 0, 4])
        #expect(ShimMessage.event(.output(.error, [7])).wireBytes == [2, 9, 2, 1, 0, 0, 0, 7])
        #expect(ExitStatus.signal(.kill, coreDumped: true).wireBytes == [2, 9, 1])
        #expect(Scope.allCases.map(\.rawValue) == [0, 1, 2])
        #expect(Unhandled.allCases.map(\.rawValue) == [0, 1])
        #expect(ShimState.allCases.map(\.rawValue) == Array(1...8))
        #expect(StartFailure.allCases.map(\.rawValue) == Array(1...5))
        #expect(UnobservedReason.allCases.map(\.rawValue) == Array(1...5))
    }

    /// A shim that is newer than its engine, after a downgrade: its news of other kinds is left out, and no more than that.
    @Test func eventsOfAnotherKindArePassedOver() throws {
        #expect(try ShimMessage.known(in: [2, 99, 1, 2, 3]) == nil)
        let known = ShimMessage.event(.paused)
        #expect(try ShimMessage.known(in: known.wireBytes) == known)
        #expect(throws: WireError.unknown("reply", 99)) { try ShimMessage.known(in: [1, 1, 0, 0, 0, 99]) }
        #expect(throws: WireError.unknown("message", 3)) { try ShimMessage.known(in: [3]) }
        // What is known in part says that it is broken: half an exit must not be taken for none.
        #expect(throws: WireError.self) { try ShimMessage.known(in: [2, 2, 1]) }
    }

    @Test func truncatedAnywhereIsAnError() {
        truncate(WireSamples.requests)
        truncate(WireSamples.messages)
        truncate(WireSamples.configurations)
    }

    private func truncate<Value: WireCodable>(_ values: [Value]) {
        for value in values {
            let bytes = value.wireBytes
            for length in bytes.indices {
                #expect(throws: WireError.self) { try Value(wireBytes: Array(bytes.prefix(length))) }
            }
            #expect(throws: WireError.trailing(1)) { try Value(wireBytes: bytes + [0]) }
        }
    }

    @Test(arguments: [
        (ShimRequest.self as any WireCodable.Type, [0, 0, 0, 0, 0], WireError.unknown("call", 0)),
        (ShimRequest.self, [0, 0, 0, 0, 99], .unknown("call", 99)), (ShimMessage.self, [3], .unknown("message", 3)),
        (ShimReply.self, [7], .unknown("reply", 7)), (ShimEvent.self, [255], .unknown("event", 255)),
        (StopUpdate.self, [9], .unknown("stop update", 9)), (ExitStatus.self, [4], .unknown("exit status", 4)),
        (ExitStatus.self, [3, 9], .unknown("reason", 9)), (ExitStatus.self, [2, 0, 0], .unknown("signal", 0)),
        (ExitStatus.self, [2, 65, 0], .unknown("signal", 65)), (ExitStatus.self, [2, 9, 2], .unknown("bool", 2)),
        (Rung.self, [15, 3, 0], .unknown("scope", 3)), (StopOrder.self, [0, 0, 0, 0, 2], .unknown("unhandled", 2)),
        (ShimConfiguration.self, [3, 0], .unknown("configuration version", 3)),
        (StreamTarget.self, [1, 1, 0, 0, 0, 0xff], .invalidText),
        (StreamTarget.self, [1, 255, 255, 255, 255, 0], .truncated),
        (StopOrder.self, [255, 255, 255, 255, 0], .oversized(0xFFFF_FFFF)),
        (LiveTask.self, [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 82, 83, 0, 0, 0, 0, 1], .invalidText),
        (LiveTask.self, [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], .invalidText),
    ])
    func hostileBytesAreNamed(type: any WireCodable.Type, bytes: [UInt8], error: WireError) {
        #expect(throws: error) { try type.init(wireBytes: bytes) }
    }

    /// A ladder comes from a text of at most sixteen rungs; a message must not bring a million.
    @Test func aLadderBeyondTheLimitIsRefused() throws {
        let rungs = Array(repeating: WireSamples.rungs[0], count: Ladder.limit)
        let order = StopOrder(ladder: Ladder(rungs: rungs), unhandled: .wait)
        #expect(try StopOrder(wireBytes: order.wireBytes) == order)
        let longer = StopOrder(ladder: Ladder(rungs: rungs + rungs), unhandled: .wait)
        #expect(throws: WireError.oversized(32)) { try StopOrder(wireBytes: longer.wireBytes) }
    }

    @Test func randomBytesNeverTrap() {
        var random = Seed.generator(for: "wire bytes")
        for _ in 0..<4000 {
            let bytes = (0..<Int.random(in: 0...48, using: &random)).map { _ in
                // Small numbers are tags and lengths, and get further.
                Bool.random(using: &random)
                    ? UInt8.random(in: 0...12, using: &random) : UInt8.random(in: 0...255, using: &random)
            }
            readBack(ShimRequest.self, bytes)
            readBack(ShimMessage.self, bytes)
            readBack(ShimConfiguration.self, [2, 0] + bytes)
        }
    }

    @Test func randomlyDamagedMessagesNeverTrap() {
        var random = Seed.generator(for: "damaged messages")
        for message in WireSamples.messages {
            for _ in 0..<20 { readBack(ShimMessage.self, damaged(message.wireBytes, using: &random)) }
        }
        for request in WireSamples.requests {
            for _ in 0..<20 { readBack(ShimRequest.self, damaged(request.wireBytes, using: &random)) }
        }
    }

    private func damaged(_ bytes: [UInt8], using random: inout SplitMix) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        return bytes
    }

    /// What is read at all is written as it was read.
    private func readBack<Value: WireCodable>(_ type: Value.Type, _ bytes: [UInt8]) {
        do throws(WireError) {
            let value = try Value(wireBytes: bytes)
            #expect(value.wireBytes == bytes)
        } catch {
            // Refused, as it should be; that it did not trap is the test.
        }
    }

    @Test func negativeAndHugeSpansAreKept() throws {
        for nanoseconds in [Int64.min, -1, 0, .max] {
            let order = StopOrder.kill(deadline: .nanoseconds(nanoseconds))
            #expect(try StopOrder(wireBytes: order.wireBytes) == order)
        }
        let far = StopUpdate.killing(until: Instant(sinceBoot: .seconds(Int64.max / 4)))
        #expect(
            try StopUpdate(wireBytes: far.wireBytes) == .killing(until: Instant(sinceBoot: .nanoseconds(Int64.max))))
    }

    @Test func countsOutsideTheWireAreClamped() throws {
        let update = StopUpdate.mainEnded(.code(0), remaining: -1)
        #expect(try StopUpdate(wireBytes: update.wireBytes) == .mainEnded(.code(0), remaining: 0))
    }
}
