import APITypes
import Client
import Lifecycle

enum RestartCommand: Command {
    static let about = About(
        "restart", "Stop containers and start them again", usage: "CONTAINER [CONTAINER...]",
        examples: [("quell restart -t 3 web", "with three seconds to end")])
    static let options: [any OptionSpec] = [StopCommand.timeout, StopCommand.signal]
    static let operands = Operands.atLeast(1, .containers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let client = session.client
        let (timeout, signal) = (try arguments[StopCommand.timeout], try arguments[StopCommand.signal]?.description)
        return try await session.each(arguments.operands, width: 100) {
            try await client.restartContainer($0, timeout: timeout, signal: signal)
            return $0
        }
    }
}

enum PauseCommand: Command {
    static let about = About(
        "pause", "Freeze every process of containers", usage: "CONTAINER [CONTAINER...]",
        examples: [("quell pause web", "it stands still until 'quell unpause web'")])
    static let options: [any OptionSpec] = []
    static let operands = Operands.atLeast(1, .runningContainers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let client = session.client
        return try await session.each(arguments.operands) {
            try await client.pauseContainer($0)
            return $0
        }
    }
}

enum UnpauseCommand: Command {
    static let about = About(
        "unpause", "Let frozen containers go on", usage: "CONTAINER [CONTAINER...]",
        examples: [("quell unpause web", "as if nothing had been")])
    static let options: [any OptionSpec] = []
    static let operands = Operands.atLeast(1, .runningContainers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let client = session.client
        return try await session.each(arguments.operands) {
            try await client.unpauseContainer($0)
            return $0
        }
    }
}

enum WaitCommand: Command {
    static let about = About(
        "wait", "Wait until containers have ended, and print their exit codes", usage: "CONTAINER [CONTAINER...]",
        examples: [
            ("quell --deadline 1m wait job", "at most a minute"),
            ("quell wait --condition healthy db", "until its health check has passed"),
        ])
    enum Condition: String, CaseIterable, Sendable { case ended, exited, stopped, running, healthy, unhealthy }
    static let condition = Option(
        "condition", "CONDITION", "ended (as do exited and stopped), running, healthy or unhealthy",
        completion: .words(Condition.allCases.map(\.rawValue))
    ) { (text) throws(ValueFault) -> Condition in
        guard let condition = Condition(rawValue: text) else {
            throw ValueFault("it is no such state", expected: "ended, running, healthy or unhealthy")
        }
        return condition
    }
    static let options: [any OptionSpec] = [condition]
    static let operands = Operands.atLeast(1, .containers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let client = session.client
        if let condition = try arguments[condition], let reached = reached(condition) {
            return try await session.each(arguments.operands, width: arguments.operands.count) {
                try await wait($0, condition, until: reached, session)
                return nil
            }
        }
        return try await session.each(arguments.operands, width: arguments.operands.count) {
            let ended = try await client.waitForEnd($0)
            if let error = ended.error, !error.message.isEmpty { throw Failure("\($0): \(error.message)") }
            return "\(ended.statusCode)"
        }
    }
}

extension WaitCommand {
    private struct Reached: Error {}

    /// Nil: what the daemon waits for itself.
    private static func reached(_ condition: Condition) -> (@Sendable (ContainerState) -> Bool)? {
        switch condition {
        case .ended, .exited, .stopped: nil
        case .running: { $0.running }
        case .healthy, .unhealthy: { $0.running && $0.health?.status == condition.rawValue }
        }
    }

    /// Looked at now, and again at each of its events: those from before this look on, so that none is missed.
    private static func wait(
        _ name: String, _ condition: Condition, until reached: @Sendable (ContainerState) -> Bool, _ session: Session
    ) async throws {
        let (client, since) = (session.client, "\(session.now - 1)")
        let found = try await client.inspectContainer(name)
        if reached(found.state) { return }
        do {
            try await client.events(since: since, until: nil, filters: ["container": [found.id]]) { event in
                let state = try await client.inspectContainer(found.id).state
                if reached(state) { throw Reached() }
                if event.action == "die", !state.running {
                    throw Failure("\(name) has ended with \(state.exitCode), and was not \(condition.rawValue) before")
                }
            }
        } catch is Reached { return }
        throw Failure("\(name): the daemon ended before it was \(condition.rawValue)")
    }
}

enum RenameCommand: Command {
    static let about = About(
        "rename", "Give a container another name", usage: "CONTAINER NEW_NAME",
        examples: [("quell rename web web-old", "its id stays")])
    static let options: [any OptionSpec] = []
    static let operands = Operands(2...2, .containers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        try await session.client.renameContainer(arguments.operands[0], to: arguments.operands[1])
        return 0
    }
}

enum RmCommand: Command {
    static let about = About(
        "rm", aliases: ["remove"], "Remove containers", usage: "CONTAINER [CONTAINER...]",
        examples: [
            ("quell rm web", "one that has ended"),
            ("quell rm -fv web", "also while it runs, with its anonymous volumes"),
            ("quell rm --quarantine web", "also when it cannot be killed: its name is free for another at once"),
        ])
    static let force = Flag("force", short: "f", "Kill it first, if it runs")
    static let volumes = Flag("volumes", short: "v", "Its anonymous volumes too")
    static let quarantine = Flag(
        "quarantine", "Kill it first, if it runs, and set it aside if it does not die; 'quell quarantine ls' lists it")
    static let options: [any OptionSpec] = [force, volumes, quarantine, StopCommand.killDeadline]
    static let operands = Operands.atLeast(1, .containers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        if try arguments[quarantine] { return try await quarantine(arguments, session) }
        guard try arguments[StopCommand.killDeadline] == nil else {
            throw Failure("--kill-deadline is for --quarantine: without it, rm -f waits as the container is configured")
        }
        let client = session.client
        let (force, volumes) = (try arguments[force], try arguments[volumes])
        return try await session.each(arguments.operands) { name in
            do {
                try await client.removeContainer(name, force: force, volumes: volumes)
                return name
            } catch let error as ClientError where force && error.isNotFound {
                // As rm -f: what is not there need not be removed. That a name may be misspelt is told.
                try session.warn("\(error)")
                return nil
            }
        }
    }
}

extension RmCommand {
    private static func quarantine(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let client = session.client
        var order = QuarantineRequest()
        order.killDeadlineMs = try arguments[StopCommand.killDeadline].map { Int($0.wholeMilliseconds) }
        order.volumes = try arguments[volumes]
        return try await session.each(arguments.operands, width: 100) { [order] name in
            let result = try await client.quarantineContainer(name, order)
            guard let left = result.quarantined else { return result.name }
            let id = shortID(result.id, full: false)
            try session.warn("\(result.name) is quarantined as \(id): \(left.finding.message)")
            return result.name
        }
    }
}

enum ContainerPruneCommand: Command {
    static let about = About(
        "prune", "Remove all containers that do not run",
        examples: [("quell container prune -f --filter until=24h", "those older than a day")])
    static let options: [any OptionSpec] = [Shared.force, Shared.pruneFilter]
    static let operands = Operands.none

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        guard try arguments[Shared.force] || session.confirm("This removes all stopped containers.") else { return 0 }
        let report = try await session.client.pruneContainers(filters: try arguments.filters(Shared.pruneFilter))
        try session.out.write(
            pruneText("Deleted Containers:", report.containersDeleted ?? [], reclaimed: report.spaceReclaimed))
        return 0
    }
}

/// What a prune took away, as docker tells it.
func pruneText(_ title: String, _ names: [String], reclaimed: Int) -> String {
    let list = names.isEmpty ? "" : ([title] + names).joined(separator: "\n") + "\n\n"
    return list + "Total reclaimed space: \(humanSize(reclaimed, digits: 4))\n"
}
