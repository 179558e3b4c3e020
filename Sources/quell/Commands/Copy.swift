import APITypes
import Client
import Linux

enum CpCommand: Command {
    static let about = About(
        "cp", "Copy files between a container and here",
        usage: "CONTAINER:PATH PATH|-  or  PATH|- CONTAINER:PATH",
        details: """
            A path that ends in /. means the content of the directory. With - a tar archive goes to standard output, or \
            comes from standard input. What is copied here belongs to you, unless -a is given.
            """,
        examples: [
            ("quell cp web:/etc/hosts .", "out of it"),
            ("quell cp site/. web:/srv/www", "the content of a directory into it"),
            ("quell cp web:/var/log - | tar tv", "as an archive"),
        ])
    static let archive = Flag("archive", short: "a", "Keep owners")
    static let followLink = Flag("follow-link", short: "L", "Copy what a link as the source points to")
    static let quiet = Flag("quiet", short: "q", "No progress")
    static let options: [any OptionSpec] = [archive, followLink, quiet]
    static let operands = Operands(2...2, .copyPlaces)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let (source, target) = (CopyPlace(arguments.operands[0]), CopyPlace(arguments.operands[1]))
        switch (source, target) {
        case (.container(let name, let path), .local(let local)):
            try await copyOut(name, path, to: local, arguments, session)
        case (.local(let local), .container(let name, let path)):
            do { try await copyIn(local, name, to: path, arguments, session) } catch let error as ClientError {
                throw error.namingBody(ArchiveSource.name(of: local))
            }
        case (.container, .container):
            throw UsageError("copying between two containers is not supported: copy it here first")
        case (.local, .local): throw UsageError("one of both must be CONTAINER:PATH")
        }
        return 0
    }

    // MARK: out of the container

    private static func copyOut(
        _ container: String, _ path: String, to local: String, _ arguments: Arguments, _ session: Session
    ) async throws {
        let client = session.client
        let path = try await resolved(path, in: container, arguments, session)
        if local == "-" {
            try await client.getArchive(of: container, path) { _, stream in
                for try await bytes in stream { try await session.out.send(bytes) }
            }
            return
        }
        let keepsOwners = try arguments[archive]
        let bar = ProgressBar(try arguments[quiet] ? nil : session.err, "Copying", total: nil)
        defer { bar.finish() }
        try await client.getArchive(of: container, path) { stat, stream in
            let target = absolutePath(local, in: session.workingDirectory)
            let plan = try CopyPlan(
                sourceName: stat.name, sourceIsDirectory: stat.isDirectory, contentOnly: path.hasSuffix("/."),
                target: target, targetKind: CopyPlan.kind(ofLocal: target), mustBeDirectory: local.hasSuffix("/"))
            if plan.makesDirectory { try File.makeDirectory(plan.directory) }
            var extractor = TarExtractor(into: plan.directory, rename: plan.rename, keepsOwners: keepsOwners)
            for try await bytes in stream {
                try extractor.consume(bytes)
                bar.advance(bytes.count)
            }
            try extractor.finish()
            for warning in extractor.warnings { try session.warn(warning) }
        }
    }

    /// With -L: where the link at the end leads, inside the container.
    private static func resolved(
        _ path: String, in container: String, _ arguments: Arguments, _ session: Session
    ) async throws -> String {
        guard try arguments[followLink] else { return path }
        let stat = try await session.client.statPath(in: container, path)
        guard stat.isLink, !stat.linkTarget.isEmpty else { return path }
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        return absolutePath(stat.linkTarget, in: "/" + parent)
    }

    // MARK: into the container

    private static func copyIn(
        _ local: String, _ container: String, to path: String, _ arguments: Arguments, _ session: Session
    ) async throws {
        let client = session.client
        let keepsOwners = try arguments[archive]
        if local == "-" {
            if Terminal.isTerminal(0) {
                throw Failure("an archive does not come from a terminal: redirect standard input")
            }
            try await client.putArchive(
                into: container, path, copyUIDGID: keepsOwners, archive: try DescriptorStream(0))
            return
        }
        var source = absolutePath(local, in: session.workingDirectory)
        if try arguments[followLink] || local.hasSuffix("/") { source = try LocalPath.following(source) }
        guard let status = try File.status(of: source, following: false) else {
            throw Failure("\(local): no such file or directory")
        }
        let contentOnly = local.hasSuffix("/.") || local == "."
        let name = source.split(separator: "/").last.map(String.init) ?? "."
        let plan = try CopyPlan(
            sourceName: name, sourceIsDirectory: status.kind == .directory, contentOnly: contentOnly,
            target: path, targetKind: try await kind(of: path, in: container, session),
            mustBeDirectory: path.hasSuffix("/"))
        let bar = ProgressBar(try arguments[quiet] ? nil : session.err, "Copying", total: nil)
        defer { bar.finish() }
        let inside = plan.makesDirectory ? CopyPlan.split(plan.directory) : nil
        try await client.putArchive(
            into: container, inside?.parent ?? plan.directory, copyUIDGID: keepsOwners,
            archive: TarSource(path: source, name: inside?.name ?? (contentOnly ? "." : plan.rename?.to ?? name)) {
                bar.advance($0)
            })
    }

    private static func kind(of path: String, in container: String, _ session: Session) async throws -> CopyPlan.Kind {
        do {
            var stat = try await session.client.statPath(in: container, path)
            if stat.isLink {
                let parent = "/" + path.split(separator: "/").dropLast().joined(separator: "/")
                stat = try await session.client.statPath(in: container, absolutePath(stat.linkTarget, in: parent))
            }
            return stat.isDirectory ? .directory : .file
        } catch let error as ClientError where error.isNotFound {
            // The container itself may be what is missing: this says so.
            _ = try await session.client.inspectContainerJSON(container)
            return .missing
        }
    }
}

/// One side of a copy.
enum CopyPlace: Hashable {
    case container(String, String)
    case local(String)

    /// `NAME:PATH`, unless the colon comes after a slash or the text begins as a path does.
    init(_ text: String) {
        guard !text.hasPrefix("/"), !text.hasPrefix("."), text != "-", let colon = text.firstIndex(of: ":"),
            colon != text.startIndex, !text[..<colon].contains("/")
        else {
            self = .local(text)
            return
        }
        let path = String(text[text.index(after: colon)...])
        self = .container(String(text[..<colon]), path.hasPrefix("/") ? path : "/" + path)
    }
}

/// Into which directory a copy goes and under which name, by docker's rules. Pure.
struct CopyPlan: Hashable {
    enum Kind: Hashable { case missing, file, directory }
    struct Rename: Hashable {
        let from: String
        let to: String
    }

    /// Where the archive is unpacked.
    let directory: String
    /// It has to be made first.
    let makesDirectory: Bool
    private let newName: Rename?

    var rename: (from: String, to: String)? { newName.map { ($0.from, $0.to) } }

    init(
        sourceName: String, sourceIsDirectory: Bool, contentOnly: Bool, target: String, targetKind: Kind,
        mustBeDirectory: Bool
    ) throws(Failure) {
        if contentOnly && !sourceIsDirectory { throw Failure("\(sourceName) is no directory") }
        switch targetKind {
        case .directory:
            (directory, makesDirectory, newName) = (target, false, contentOnly ? Rename(from: sourceName, to: "") : nil)
        case .file:
            guard !sourceIsDirectory else { throw Failure("a directory cannot take the place of the file \(target)") }
            guard !mustBeDirectory else { throw Failure("\(target) is no directory") }
            let (parent, name) = CopyPlan.split(target)
            (directory, makesDirectory, newName) = (parent, false, Rename(from: sourceName, to: name))
        case .missing:
            if contentOnly {
                (directory, makesDirectory, newName) = (target, true, Rename(from: sourceName, to: ""))
                return
            }
            guard sourceIsDirectory || !mustBeDirectory else { throw Failure("the directory \(target) does not exist") }
            let (parent, name) = CopyPlan.split(target)
            (directory, makesDirectory, newName) = (parent, false, Rename(from: sourceName, to: name))
        }
    }

    static func split(_ path: String) -> (parent: String, name: String) {
        let parts = path.split(separator: "/").filter { $0 != "." }
        return ("/" + parts.dropLast().joined(separator: "/"), parts.last.map(String.init) ?? ".")
    }

    static func kind(ofLocal path: String) throws(SystemError) -> Kind {
        guard let status = try File.status(of: path) else { return .missing }
        return status.kind == .directory ? .directory : .file
    }
}

enum LocalPath {
    /// Where a chain of links ends.
    static func following(_ path: String) throws -> String {
        var path = path
        for _ in 0..<40 {
            guard try File.status(of: path, following: false)?.kind == .symbolicLink else { return path }
            path = absolutePath(try File.readLink(path), in: CopyPlan.split(path).parent)
        }
        throw Failure("\(path): too many links")
    }
}

extension PathStat {
    // Go's os.FileMode.
    var isDirectory: Bool { mode & 1 << 31 != 0 }
    var isLink: Bool { mode & 1 << 27 != 0 }
}
