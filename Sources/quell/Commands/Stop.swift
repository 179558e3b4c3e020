import APITypes
import Client
import Lifecycle

enum StopCommand: Command {
    static let about = About(
        "stop", "Stop containers, and tell how each ended", usage: "CONTAINER [CONTAINER...]",
        details: """
            Sends the stop signal, waits for the grace period, and kills what is left. Where nothing in a container can \
            react to the signal it does not wait in vain. Exit status: 0 when all have ended, 3 when any is stuck, 1 on \
            an error. The stop is quelld's: it goes on when this command is interrupted.
            """,
        examples: [
            ("quell stop web db", "both at once, each by its own settings"),
            ("quell stop --ladder \"INT:5s, TERM@all:5s, KILL\" web", "steps of your own"),
            ("quell stop -t 30 --unhandled wait --format json web", "docker's waiting, and a verdict for programs"),
        ])
    static let timeout = Option(
        "timeout", short: "t", aliases: ["time"], "SECONDS", "Grace period; -1: without end", in: -1...Int(Int32.max))
    static let signal = Option("signal", short: "s", "SIGNAL", "Signal instead of the container's stop signal") {
        (text) throws(ValueFault) in try Limits.signal(text)
    }
    static let ladder = Option("ladder", "LADDER", "Steps, such as \"TERM:10s, KILL\"") {
        (text) throws(ValueFault) in try Limits.ladder(text)
    }
    static let scope = Option(
        "scope", "SCOPE", "Whom the signal goes to: auto, init or all", completion: .words(["auto", "init", "all"])
    ) {
        (text) throws(ValueFault) in try Limits.scope(text)
    }
    static let unhandled = Option(
        "unhandled", "WHAT", "When nothing can react: kill at once, or wait", completion: .words(["kill", "wait"])
    ) {
        (text) throws(ValueFault) in try Limits.unhandled(text)
    }
    static let killDeadline = Option("kill-deadline", "DURATION", "From the kill to the verdict 'stuck' (10s)") {
        (text) throws(ValueFault) in try parseDuration(text)
    }
    static let options: [any OptionSpec] = [timeout, signal, ladder, scope, unhandled, killDeadline, Shared.format]
    static let operands = Operands.atLeast(1, .runningContainers)
    // 0, 1 and 3 are all that they end with.
    static let usageStatus: Int32 = 1

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let (order, client) = (try order(arguments), session.client)
        return try await StopFleet(session: session, format: try arguments.format()) { name, update in
            try await client.stopContainer(name, order, update)
        }.run(arguments.operands)
    }

    static func order(_ arguments: Arguments) throws -> StopRequest {
        var order = StopRequest()
        if arguments.isGiven(ladder) {
            for other in [timeout, signal, scope] as [any OptionSpec] where arguments.isGiven(other) {
                throw UsageError.conflict("ladder", other.name)
            }
        }
        order.ladder = try arguments[ladder]?.description
        order.signal = try arguments[signal]?.description
        order.timeout = try arguments[timeout]
        order.scope = try arguments[scope]?.description
        order.unhandled = try arguments[unhandled]?.description
        order.killDeadlineMs = try arguments[killDeadline].map { Int($0.wholeMilliseconds) }
        return order
    }
}

enum KillCommand: Command {
    static let about = About(
        "kill", "Kill containers, or send them another signal", usage: "CONTAINER [CONTAINER...]",
        details: """
            KILL ends the whole container, and the answer comes when it has ended. Any other signal goes to the main \
            process, and that is all: it is no stop.
            """,
        examples: [
            ("quell kill web", "end it now, and say how it went"),
            ("quell kill -s HUP web", "tell it to read its configuration again"),
        ])
    static let signal = Option("signal", short: "s", "SIGNAL", "Signal to send (KILL)") {
        (text) throws(ValueFault) in try Limits.signal(text)
    }
    static let options: [any OptionSpec] = [signal, StopCommand.killDeadline, Shared.format]
    static let operands = Operands.atLeast(1, .runningContainers)
    // 0, 1 and 3 are all that they end with.
    static let usageStatus: Int32 = 1

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let client = session.client
        let signal = try arguments[signal] ?? .kill
        guard signal == .kill else {
            return try await session.each(arguments.operands) {
                try await client.signalContainer($0, "\(signal.number)")
                return $0
            }
        }
        let deadline = try arguments[StopCommand.killDeadline].map { Int($0.wholeMilliseconds) }
        return try await StopFleet(session: session, format: try arguments.format()) { name, update in
            try await client.killContainer(name, killDeadlineMs: deadline, update)
        }.run(arguments.operands)
    }
}
