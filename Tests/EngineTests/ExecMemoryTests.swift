import APITypes
import Lifecycle
import TestKit
import Testing

@testable import Engine

/// Which execs a container remembers.
@Suite(.timeLimit(.minutes(2)))
struct ExecMemoryTests {
    private let now = Instant(sinceBoot: .seconds(10_000))

    @Test func whatHasJustEndedIsKept() {
        let many = (0..<500).map { ended($0, ago: .seconds(1)) }
        #expect(ExecMemory.toForget(many.shuffled(), at: now) == [])
    }

    @Test func theOldestGoFirst() {
        let old = (0..<200).map { ended($0, ago: .seconds(1000 - $0)) }
        let forgotten = Set(ExecMemory.toForget(old.shuffled(), at: now))
        #expect(forgotten == Set((0..<136).map { "\($0)" }))
    }

    @Test func thoseNeverStartedAreBounded() {
        let created = (0..<1100).map { ExecRecord(id: "\($0)", number: $0, request: ExecCreateRequest()) }
        #expect(Set(ExecMemory.toForget(created.shuffled(), at: now)) == Set((0..<76).map { "\($0)" }))
    }

    @Test func largeOnesAreBoundedByTheirSize() {
        var request = ExecCreateRequest()
        request.env = [String(repeating: "x", count: 7 << 20)]
        let created = (0..<5).map { ExecRecord(id: "\($0)", number: $0, request: request) }
        #expect(Set(ExecMemory.toForget(created, at: now)) == ["0", "1", "2"])
        request.env = [String(repeating: "x", count: 70 << 20)]
        #expect(ExecMemory.toForget([ExecRecord(id: "large", number: 0, request: request)], at: now) == [])
    }

    @Test func whatRunsIsNeverForgotten() {
        let running = (0..<3000).map { number in
            var record = ExecRecord(id: "\(number)", number: number, request: ExecCreateRequest())
            record.phase = number % 2 == 0 ? .running : .starting
            return record
        }
        #expect(ExecMemory.toForget(running, at: now) == [])
    }

    @Test func everyCodeOfManyAtOnceIsTold() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(["sleep", "1000"])
            let engine = fixture.engine
            let codes = try await withThrowingTaskGroup(of: [Int?].self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        var codes: [Int?] = []
                        for _ in 0..<15 {
                            var request = ExecCreateRequest()
                            (request.cmd, request.attachStdout) = (["/bin/sh", "-c", "exit 7"], true)
                            let exec = try await engine.createExec(id, request)
                            let streams = try await engine.startExec(exec, ExecStartRequest())
                            while try await streams?.output.next() != nil {}
                            try await poll("its end is known") { try await !engine.inspectExec(exec).running }
                            codes.append(try await engine.inspectExec(exec).exitCode)
                        }
                        return codes
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(codes == Array(repeating: 7, count: 90))
        }
    }

    private func ended(_ number: Int, ago: Duration) -> ExecRecord {
        var record = ExecRecord(id: "\(number)", number: number, request: ExecCreateRequest())
        (record.phase, record.endedAt) = (.exited(.code(0)), Instant(sinceBoot: now.sinceBoot - ago))
        return record
    }
}
