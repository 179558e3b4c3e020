import APITypes
import Lifecycle
import Linux
import TestKit
import Testing

@testable import Engine

/// What a user asked for is known to the next engine, no more and no less.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct IntentTests {
    private static let polite = "trap 'exit 4' TERM; trap 'exit 6' INT; echo ready; while :; do sleep 1000 & wait; done"

    private func code(_ fixture: Fixture, _ id: String) async throws -> Int? {
        try await fixture.engine.inspectContainer(id).state.exitCode
    }

    /// The engine ended between recording the stop and telling the shim.
    @Test func aStopThatTheShimNeverHeardOfIsCarriedOutAsItWasAsked() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(shell(IntentTests.polite))
            try await fixture.waitForLog(id, "ready")
            await fixture.abandon()
            let order = StopOrder(ladder: try Ladder(parsing: "INT:30s, KILL"), unhandled: .wait)
            try await fixture.edit { ($0.desired, $0.order) = (.stopped, StoredOrder(order)) }
            try await fixture.reopen()
            _ = await (try await fixture.engine.waitContainer(id, .notRunning)).result()
            #expect(try await code(fixture, id) == 6)
        }
    }

    /// A signal that happens to be the stop signal is no stop: who handles it and lives on is left alone.
    @Test func aSignalIsNoStopToTheNextEngine() async throws {
        try await Fixture.with { fixture in
            let script = "trap 'echo got' TERM; echo ready; while :; do sleep 1000 & wait; done"
            let id = try await fixture.run(shell(script)) { request in
                request.hostConfig?.restartPolicy = RestartPolicy()
                request.hostConfig?.restartPolicy?.name = "unless-stopped"
            }
            try await fixture.waitForLog(id, "ready")
            try await fixture.engine.signalContainer(id, .term)
            try await fixture.waitForLog(id, "got")
            try await fixture.reopen()
            #expect(try await fixture.engine.containerState(id).state == "running")
            let text = try await fixture.log(id)
            #expect(text.split(separator: "\n").filter { $0 == "got" }.count == 1, "\(text)")
        }
    }

    /// A stop that is over says nothing of the next run.
    @Test func anOrderIsOfOneRun() async throws {
        try await Fixture.with { fixture in
            let id = try await fixture.run(shell(IntentTests.polite))
            try await fixture.waitForLog(id, "ready")
            _ = try await fixture.engine.stopContainer(id).result()
            try await fixture.engine.startContainer(id)
            await fixture.abandon()
            try await fixture.edit { #expect($0.order == nil && $0.desired == .running) }
            try await fixture.reopen()
        }
    }

    @Test func ordersAreReadBack() throws {
        let ladder = try Ladder(parsing: "INT@all:5s, TERM:inf, USR1:1500ms")
        for order in [
            StopOrder(ladder: ladder, unhandled: .wait, killDeadline: .milliseconds(1)), .kill(deadline: .seconds(3)),
        ] { #expect(StoredOrder(order).order == order) }
        var unknown = StoredOrder(.kill())
        unknown.unhandled = "never heard of"
        #expect(unknown.order == nil)
    }

    /// What cannot be swept away keeps nothing else.
    @Test func aLeftoverThatStaysKeepsNoOther() async throws {
        try await Fixture.with { fixture in
            let (stays, goes) = (Identifier.random(), Identifier.random())
            await fixture.abandon()
            try File.makeDirectories(fixture.directory("data/containers/\(stays)"))
            // What it is renamed to is there and not empty.
            try File.makeDirectories(fixture.directory("data/tmp/swept-\(stays)/full"))
            try File.makeDirectories(fixture.directory("data/containers/\(goes)"))
            try File.makeDirectories(fixture.directory("run/c/\(goes)"))
            try await fixture.reopen()
            #expect(try File.status(of: fixture.directory("data/containers/\(goes)")) == nil)
            #expect(try File.status(of: fixture.directory("run/c/\(goes)")) == nil)
        }
    }
}
