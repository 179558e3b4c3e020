import APITypes
import Client
import Diagnosis
import Lifecycle
import Linux

enum ReleaseCommand: Command {
    static let about = About(
        "release", "Free what hangs in containers, and tell what it changed", usage: "[CONTAINER...]",
        details: """
            Without options it does what costs nobody else anything: it thaws freezers of the container, continues its \
            stopped processes, and gives back the memory of the killed. What reaches beyond the container wants its option, \
            which quell why names; where others use the same file system it is refused, naming them, unless forced. \
            Exit status: 0 when nothing hangs any more, 3 when something does, 1 when something asked for was refused or failed.
            """,
        examples: [
            ("quell release web", "what is always safe, and what else there is"),
            ("quell release --abort-fuse --dry-run web", "who else would suffer?"),
            ("quell release --detach-tracer 4711 web", "continue the stopped debugger that holds it"),
            ("quell release --thaw-fs --pid 4712", "for any process of the host, daemon or not"),
        ])
    static let thaw = Flag("thaw", "Thaw freezers above the container, too")
    static let resume = Flag("continue", "Continue stopped processes outside that it waits for, too")
    static let detachTracer = Repeated("detach-tracer", "PID", "Continue this stopped tracer, so that it can let go") {
        (text) throws(ValueFault) in try number(text)
    }
    static let killTracer = Repeated("kill-tracer", "PID", "Kill this tracer of its processes") {
        (text) throws(ValueFault) in try number(text)
    }
    static let abortFuse = Flag(
        "abort-fuse", "Abort the FUSE connection it waits for: the mount fails for all its users")
    static let thawFs = Flag("thaw-fs", "Thaw the frozen file system it waits for")
    static let resumeDm = Flag("resume-dm", "Resume the suspended device-mapper device it waits for")
    static let umount = Flag("umount", "Unmount the network file system it waits for by force")
    static let killParent = Repeated("kill-parent", "PID", "Kill this parent outside that does not reap its dead") {
        (text) throws(ValueFault) in try number(text)
    }
    static let force = Flag("force", "Even though others use the file system, or are held by the same tracer")
    static let dryRun = Flag("dry-run", "Check everything, do nothing")
    static let pid = Option("pid", "PID", "Release this process instead", in: 1...Int(Int32.max))
    static let cgroup = Option("cgroup", "PATH", "Release the processes of this control group instead") {
        (text) throws(ValueFault) in try CgroupArgument.path(text)
    }
    static let options: [any OptionSpec] = [
        thaw, resume, detachTracer, killTracer, abortFuse, thawFs, resumeDm, umount, killParent, force, dryRun, pid,
        cgroup,
        Shared.format,
    ]
    static let operands = Operands.atLeast(0, .runningContainers)
    // 0, 1 and 3 are all that it ends with.
    static let usageStatus: Int32 = 1

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let (format, request, client) = (try arguments.format(), try request(arguments), session.client)
        var results: [Result<ReleaseResult, any Error>] = []
        if let number = try arguments[pid] { results.append(Result { try release(Int32(number), request) }) }
        if let path = try arguments[cgroup] { results.append(Result { try release(path, request) }) }
        if results.isEmpty && arguments.operands.isEmpty {
            throw UsageError("quell release needs a container, --pid or --cgroup")
        }
        results += await concurrently(arguments.operands, width: 8) { name in
            do { return Result<_, any Error>.success(try await client.releaseContainer(name, request)) } catch {
                return .failure(error)
            }
        }
        var status: Int32 = 0
        for result in results { status = max(status, try tell(result, format, session)) }
        return status
    }

    private static func request(_ arguments: Arguments) throws -> ReleaseRequest {
        var request = ReleaseRequest()
        (request.thaw, request.resume) = (try arguments[thaw], try arguments[resume])
        (request.detachTracer, request.killTracer) = (try arguments[detachTracer], try arguments[killTracer])
        request.killParent = try arguments[killParent]
        (request.abortFuse, request.thawFs) = (try arguments[abortFuse], try arguments[thawFs])
        (request.resumeDm, request.umount) = (try arguments[resumeDm], try arguments[umount])
        (request.force, request.dryRun) = (try arguments[force], try arguments[dryRun])
        return request
    }

    // MARK: without a daemon

    private static func release(_ pid: Int32, _ request: ReleaseRequest) throws -> ReleaseResult {
        guard try Procfs.live.stat(of: pid) != nil else { throw Failure("no process has the number \(pid)") }
        return release(Subject(.process(pid), main: pid, pids: [pid]), request)
    }

    private static func release(_ path: String, _ request: ReleaseRequest) throws -> ReleaseResult {
        let group = Cgroup(path, on: try CgroupHost.detect())
        guard try group.exists() else { throw Failure("there is no control group \(path)") }
        return release(Subject(.cgroup(path), cgroups: [group]), request)
    }

    private static func release(_ subject: Subject, _ request: ReleaseRequest) -> ReleaseResult {
        let began = MonotonicClock.now()
        // This program, as it runs: the hidden word makes it a disposable child.
        let prober = ProbeRunner("/proc/self/exe", words: [Quell.probeWord])
        let report = Diagnosis.Release(subject, ReleaseWishes(request), prober: prober).run()
        return ReleaseResult(report, elapsed: MonotonicClock.now() - began)
    }

    // MARK: telling

    private static func tell(
        _ result: Result<ReleaseResult, any Error>, _ format: OutputFormat, _ session: Session
    ) throws -> Int32 {
        switch result {
        case .failure(let error):
            try session.warn("\(error)")
            return 1
        case .success(let result):
            try tell(result, format, session)
            return ReleaseText(result).status
        }
    }

    private static func tell(_ result: ReleaseResult, _ format: OutputFormat, _ session: Session) throws {
        if case .table = format { return try session.print(ReleaseText(result).lines.joined(separator: "\n")) }
        let value = try JSONValue(answer: [UInt8](try DockerJSON.encode(result)), about: result.name)
        switch format {
        case .table, .json: try session.print(value.compact)
        case .template(let template), .tableTemplate(let template): try session.print(try template.render(value))
        }
    }

    // MARK: values

    private static func number(_ text: String) throws(ValueFault) -> Int {
        guard let pid = Int32(text), pid > 0 else {
            throw ValueFault("it is no process", expected: "a pid such as 4711")
        }
        return Int(pid)
    }
}

/// A release as it is told to people.
struct ReleaseText {
    let result: ReleaseResult

    init(_ result: ReleaseResult) { self.result = result }

    /// Of the command; a dry run that would do all is 0.
    var status: Int32 {
        if result.remedies.contains(where: { ["refused", "failed", "unfinished"].contains($0.outcome) }) { return 1 }
        return result.held.isEmpty || result.dryRun ? 0 : 3
    }

    var lines: [String] {
        let reason = result.reason.map { " (\($0))" } ?? ""
        let name = withoutSlash(result.name)
        var lines = ["\(name): \(result.summary ?? "nothing was found that keeps it from ending")\(reason)"]
        for remedy in result.remedies { lines += ReleaseText.lines(remedy) }
        return lines + outcome
    }

    private static func lines(_ remedy: ReleaseRemedy) -> [String] {
        let detail = remedy.detail.map { ": \($0)" } ?? ""
        switch remedy.outcome {
        case "done":
            return [
                "  done: "
                    + ((remedy.changes ?? [remedy.remedy]) + [remedy.detail].compactMap { $0 }).joined(separator: "; ")
            ]
        case "would-do": return ["  would do \(remedy.remedy)\(detail)"] + users(remedy)
        case "needs-option": return ["  not done, give \(remedy.option ?? "its option"): \(remedy.remedy)\(detail)"]
        // Nobody asked for it.
        case "nothing-to-do" where remedy.option == nil: return []
        case "nothing-to-do": return ["  nothing to do for \(remedy.remedy)\(detail)"]
        case "refused": return ["  REFUSED \(remedy.remedy)\(detail)"] + users(remedy)
        default:
            let changes = remedy.changes.map { "; " + $0.joined(separator: "; ") } ?? ""
            return ["  \(remedy.outcome.uppercased()) \(remedy.remedy)\(detail)\(changes)"]
        }
    }

    private static func users(_ remedy: ReleaseRemedy) -> [String] {
        let users = remedy.users ?? []
        let shown = users.prefix(10).map { user in
            "    used by \(user.comm) (pid \(user.pid))" + (user.container.map { " of \($0)" } ?? "") + ": \(user.use)"
        }
        return shown + (users.count > 10 ? ["    and \(users.count - 10) more"] : [])
    }

    private var outcome: [String] {
        var lines: [String] = []
        if !result.freed.isEmpty { lines.append("  freed: \(ReleaseText.names(result.freed))") }
        if !result.held.isEmpty { lines.append("  still held: \(ReleaseText.names(result.held))") }
        if result.populated == false, result.held.isEmpty { lines.append("  all of it has ended") }
        return lines
    }

    private static func names(_ tasks: [ReleaseTask]) -> String {
        tasks.map { "\($0.comm)[\($0.tid)]" }.joined(separator: ", ")
    }
}
