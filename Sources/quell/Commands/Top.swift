import APITypes
import Client

enum TopCommand: Command {
    static let about = About(
        "top", "Show the processes of a container", usage: "CONTAINER [ps OPTIONS]",
        examples: [("quell top web -o pid,stat,wchan:20,cmd", "with columns of ps(1)")])
    static let options: [any OptionSpec] = []
    static let operands = Operands.atLeast(1, .runningContainers, stopsOptions: true)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let psArguments = arguments.operands.dropFirst().joined(separator: " ")
        let top = try await session.client.topContainer(
            arguments.operands[0], psArguments: psArguments.isEmpty ? nil : psArguments)
        try session.out.write(Table.text([top.titles] + top.processes, minimum: 20))
        return 0
    }
}

enum DiffCommand: Command {
    static let about = About(
        "diff", "Show what a container changed in its file system", usage: "CONTAINER",
        details: "A: added, C: changed, D: deleted.", examples: [("quell diff web", "one path a line")])
    static let options: [any OptionSpec] = [Shared.format]
    static let operands = Operands(1...1, .containers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let format = try arguments.format()
        let changes = try await session.client.containerChanges(arguments.operands[0]) ?? []
        let letters = ["C", "A", "D"]
        let rows = changes.map { change in
            JSONValue.row([
                "Type": letters.indices.contains(change.kind) ? letters[change.kind] : "?", "Path": change.path,
            ])
        }
        if case .table = format {
            try session.out.write(rows.map { "\($0["Type"]?.goText ?? "") \($0["Path"]?.goText ?? "")\n" }.joined())
        } else {
            try session.out.write(
                try Listing(headings: ["Type": "CHANGE TYPE", "Path": "PATH"], columns: ["Type", "Path"], rows: rows)
                    .text(format))
        }
        return 0
    }
}
