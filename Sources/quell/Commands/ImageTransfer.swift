import APITypes
import Client
import Linux

/// An archive that is sent to the daemon: a file, standard input for `-`, or a directory as an archive of its content.
struct ArchiveSource: Sendable {
    typealias Stream = any AsyncSequence<[UInt8], any Error> & Sendable

    private let stream: Stream
    /// For messages.
    private let name: String
    private let bar: ProgressBar

    init(_ path: String?, title: String, option: String, _ session: Session) throws {
        name = ArchiveSource.name(of: path)
        guard let path, path != "-" else {
            if Terminal.isTerminal(0) {
                throw Failure("an archive does not come from a terminal: name a file, or redirect standard input")
            }
            (stream, bar) = try ArchiveSource.stream(of: 0, size: nil, title, session)
            return
        }
        let place = absolutePath(path, in: session.workingDirectory)
        do throws(SystemError) {
            let file = try File.open(place, .readOnly)
            let status = try File.status(of: file)
            if status.kind == .directory {
                let bar = ProgressBar(session.err, title, total: nil)
                self.bar = bar
                stream = TarSource(path: place, name: ".") { bar.advance($0) }
            } else {
                // Closed with the program: it is read to its end.
                let size = status.kind == .regular ? Int(status.size) : nil
                (stream, bar) = try ArchiveSource.stream(of: file.release(), size: size, title, session)
            }
        } catch {
            throw UsageError("invalid \(option) \"\(path)\": \(error); expected an archive that can be read, or -")
        }
    }

    static func name(of path: String?) -> String {
        guard let path, path != "-" else { return "standard input" }
        return path
    }

    private static func stream(
        of descriptor: Int32, size: Int?, _ title: String, _ session: Session
    ) throws(SystemError) -> (DescriptorStream, ProgressBar) {
        let bar = ProgressBar(session.err, title, total: size)
        return (try DescriptorStream(descriptor) { bar.advance($0) }, bar)
    }

    /// Makes a call with the archive as its body; shows the daemon's progress, and at the end what came of it.
    func send(
        _ session: Session, _ call: (Stream, (ProgressLine) async throws -> Void) async throws -> Void
    ) async throws {
        var results: [String] = []
        do {
            defer { bar.finish() }
            try await call(stream) { show($0, results: &results) }
        } catch let error as ClientError {
            throw error.namingBody(name)
        }
        try session.out.write(results.map { $0 + "\n" }.joined())
    }

    private func show(_ line: ProgressLine, results: inout [String]) {
        if let text = line.stream {
            results.append(text.hasSuffix("\n") ? String(text.dropLast()) : text)
        } else if let status = line.status {
            let detail = line.progress.map { " \($0)" } ?? ""
            if status.hasPrefix("sha256:") { results.append(status) } else { bar.note(status + detail) }
        }
    }
}

extension ClientError {
    /// The daemon calls what it was sent the request body; here it has a name.
    func namingBody(_ name: String) -> ClientError {
        let called = "request body"
        guard case .api(let status, let message) = self, message.hasPrefix(called) else { return self }
        return .api(status: status, message: name + message.dropFirst(called.count))
    }
}

enum ImageLoadCommand: Command {
    static let about = About(
        "load", "Load images from a docker-archive, an OCI archive or a directory in OCI layout",
        examples: [
            ("quell load -i busybox.tar", "from a file"),
            ("docker save busybox | quell load", "from another engine"),
            (
                "quell load --platform linux/arm64 -i many.tar",
                "of an archive with several, the one for another machine"
            ),
        ])
    static let input = Option(
        "input", short: "i", "FILE", "Read from a file or a directory instead of standard input", completion: .files)
    static let platform = Option(
        "platform", "OS/ARCH[/VARIANT]", "Only what is for this machine, such as linux/arm64"
    ) { (text) throws(ValueFault) in try ContentPlatform(parsing: text) }
    static let quiet = Flag("quiet", short: "q", "No progress")
    static let options: [any OptionSpec] = [input, platform, quiet]
    static let operands = Operands.none

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let source = try ArchiveSource(try arguments[input], title: "Loading", option: "--input", session)
        try await source.send(session) { stream, progress in
            try await session.client.loadImages(
                stream, quiet: try arguments[quiet], platform: try arguments[platform], progress)
        }
        return 0
    }
}

enum ImageImportCommand: Command {
    static let about = About(
        "import", "Make an image of a root file system in a tar archive", usage: "FILE|- [NAME[:TAG]]",
        details: "The archive may be plain or compressed with gzip, zstd or xz.",
        examples: [
            ("quell image import rootfs.tar.zst base:1", "from a file"),
            ("quell import -c 'CMD [\"/bin/sh\"]' - base < rootfs.tar", "from standard input, with what it runs"),
        ])
    static let change = Repeated(
        "change", short: "c", "INSTRUCTION",
        "Set CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME or WORKDIR")
    static let message = Option("message", short: "m", "TEXT", "Comment in the image's history")
    static let platform = Option("platform", "OS/ARCH", "Platform of the image")
    static let options: [any OptionSpec] = [change, message, platform]
    static let operands = Operands(1...2, .files)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let path = arguments.operands[0]
        if path.contains("://") {
            throw UsageError("invalid source \"\(path)\": no URL can be read; expected a file, or -")
        }
        let name = arguments.operands.count > 1 ? ImageName(arguments.operands[1]) : nil
        try await refuseDataRoot(path, session)
        let source = try ArchiveSource(path, title: "Importing", option: "source", session)
        try await source.send(session) { stream, progress in
            try await session.client.importImage(
                stream, repository: name?.repository, tag: name?.tag, message: try arguments[message],
                changes: try arguments[change], platform: try arguments[platform], progress)
        }
        return 0
    }
}

extension ImageImportCommand {
    /// The image is made in the data root: a directory that holds it would grow while it is read, until the disk is full.
    private static func refuseDataRoot(_ path: String, _ session: Session) async throws {
        guard path != "-" else { return }
        let place = absolutePath(path, in: session.workingDirectory)
        guard try File.status(of: place)?.kind == .directory else { return }
        let root = try await session.client.info().dockerRootDir
        if try holds(place, root + "/images/tmp") {
            throw Failure(
                "\(path) holds what grows while the image is made, the data root \(root): "
                    + "make an archive without it (tar --exclude), and import that")
        }
    }

    /// Whether `inner` is `directory` or lies below it, by whatever name either is called.
    private static func holds(_ directory: String, _ inner: String) throws(SystemError) -> Bool {
        guard let sought = try File.status(of: directory) else { return false }
        var parts = inner.split(separator: "/")
        while true {
            let status = try File.status(of: "/" + parts.joined(separator: "/"))
            if let status, status.device == sought.device, status.inode == sought.inode { return true }
            if parts.popLast() == nil { return false }
        }
    }
}

enum ImageSaveCommand: Command {
    static let about = About(
        "save", "Write images as a tar archive", usage: "IMAGE [IMAGE...]",
        examples: [("quell save -o images.tar busybox base:1", "two images in one file")])
    static let options: [any OptionSpec] = [ExportCommand.output]
    static let operands = Operands.atLeast(1, .images)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let target = try ArchiveTarget(try arguments[ExportCommand.output], session)
        try await session.client.saveImages(arguments.operands) { try await target.write($0) }
        return 0
    }
}
