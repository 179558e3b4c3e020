import Lifecycle
import Linux
import TestKit
import Testing

extension Daemon {
    /// Runs the body beside a container that runs and one that has ended. Afterwards both are as they were, and so are
    /// images and volumes; nothing came to them, in the lists or on the disk. The first goes on answering.
    func losingNothing(
        sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
    ) throws {
        try runReady("runs", Scripts.handles)
        try must("run", "--name", "ended", Programs.image, "true")
        let before = try possessions()
        try body()
        let after = try possessions()
        #expect(after == before, sourceLocation: sourceLocation)
        #expect(try must("exec", "runs", "echo", "well") == "well", sourceLocation: sourceLocation)
    }

    /// What the daemon has, one line each.
    func possessions() throws -> [String] {
        let containers = try must("ps", "-a", "--no-trunc", "--format", "container {{.ID}} {{.Names}} {{.State}}")
        let images = try must("images", "-a", "--no-trunc", "--format", "image {{.ID}} {{.Repository}}:{{.Tag}}")
        let volumes = try must("volume", "ls", "--format", "volume {{.Name}}")
        let pid = try inspect("runs", ".State.Pid")
        let directories = try ["containers", "volumes", "images/tmp", "images/layers"].flatMap { place in
            try File.list(dataRoot + "/" + place).map { "\(place)/\($0.name)" }
        }
        let bundles = try File.list(runRoot + "/c").map { "run/c/\($0.name)" }
        return [containers, images, volumes, "pid \(pid)"] + (directories + bundles).sorted()
    }

    /// The command fails with the status, by itself, and its message contains all the words.
    @discardableResult
    func refuses(
        _ arguments: [String], code: UInt8, saying words: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Finished {
        let end = try command(arguments).finish(within: Limit.command)
        #expect(end.status == .code(code), "\(arguments): \(end.text)", sourceLocation: sourceLocation)
        for word in words {
            #expect(end.errors.contains(word), "no \(word) in: \(end.text)", sourceLocation: sourceLocation)
        }
        return end
    }
}
