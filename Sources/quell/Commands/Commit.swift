import APITypes
import Client

enum CommitCommand: Command {
    static let about = About(
        "commit", "Make an image of what a container changed", usage: "CONTAINER [NAME[:TAG]]",
        examples: [
            ("quell commit -m \"with tools\" -c 'CMD [\"/bin/sh\"]' build base:2", "the container is paused meanwhile")
        ])
    static let author = Option("author", short: "a", "TEXT", "Who made it")
    static let message = Option("message", short: "m", "TEXT", "Comment in the image's history")
    static let pause = Flag("pause", short: "p", default: true, "Freeze the container meanwhile")
    static let options: [any OptionSpec] = [author, message, pause, ImageImportCommand.change]
    static let operands = Operands(1...2, .containers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let name = arguments.operands.count > 1 ? ImageName(arguments.operands[1]) : nil
        let made = try await session.client.commitContainer(
            arguments.operands[0], repository: name?.repository, tag: name?.tag, comment: try arguments[message],
            author: try arguments[author], pause: try arguments[pause],
            changes: try arguments[ImageImportCommand.change])
        try session.print(made.id)
        return 0
    }
}
