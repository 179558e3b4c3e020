import Client
import Linux

enum ExportCommand: Command {
    static let about = About(
        "export", "Write the file system of a container as a tar archive", usage: "CONTAINER",
        examples: [("quell export -o web.tar web", "to a file")])
    static let output = Option(
        "output", short: "o", "FILE", "Write to a file instead of standard output", completion: .files)
    static let options: [any OptionSpec] = [output]
    static let operands = Operands(1...1, .containers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let target = try ArchiveTarget(try arguments[output], session)
        try await session.client.exportContainer(arguments.operands[0]) { try await target.write($0) }
        return 0
    }
}

/// Where an archive is written: a file that appears only when it is whole, a device or pipe, or standard output.
struct ArchiveTarget: Sendable {
    private let path: String?
    private let session: Session

    init(_ path: String?, _ session: Session) throws {
        self.session = session
        self.path = path.map { absolutePath($0, in: session.workingDirectory) }
        if path == nil && session.out.isTerminal {
            throw Failure("an archive is not for a terminal: give -o FILE, or redirect standard output")
        }
    }

    func write(_ stream: ByteStream) async throws {
        guard let path else {
            for try await bytes in stream { try await session.out.send(bytes) }
            return
        }
        switch try File.status(of: path)?.kind {
        case .regular, nil: try await replace(path, with: stream)
        case .directory: throw Failure("\(path) is a directory: name a file in it")
        // /dev/null and its like must not be replaced by a file.
        default: try await copy(stream, to: Output(try File.open(path, .writeOnly).release()))
        }
    }

    private func replace(_ path: String, with stream: ByteStream) async throws {
        let partial = "\(path).partial-\(ProcessSelf.pid)"
        // Closed with the program.
        let file = Output(try File.open(partial, [.writeOnly, .create, .exclusive], mode: 0o644).release())
        do {
            try await copy(stream, to: file)
            try File.rename(partial, to: path)
        } catch {
            // What is left of it is of no use; that it cannot be removed is not what went wrong.
            try? File.unlink(partial)
            throw error
        }
    }

    private func copy(_ stream: ByteStream, to file: Output) async throws {
        let bar = ProgressBar(session.err, "Writing", total: nil)
        defer { bar.finish() }
        for try await bytes in stream {
            try await file.send(bytes)
            bar.advance(bytes.count)
        }
    }
}
