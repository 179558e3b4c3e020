import APITypes
import Client
import Diagnosis
import Linux

enum WhyCommand: Command {
    static let about = About(
        "why", "Explain why containers do not end, and what a stop would do", usage: "[CONTAINER...]",
        details: """
            Looks at every task: what it waits in, on which file and mount, who does not answer, and what would free it at \
            which cost to others. Answers within a second, whatever hangs. Without a daemon it looks by itself, with the \
            defaults of a stop. Exit status: 0 when nothing is stuck, 3 when something is, 1 on an error.
            """,
        examples: [
            ("quell why web", "what a stop of it would do, and what keeps it"),
            ("quell why --pid 4711", "the same for any process of the host, daemon or not"),
            ("quell why --cgroup /system.slice/cron.service --format json", "for a control group, for programs"),
        ])
    static let pid = Option("pid", "PID", "Explain this process instead", in: 1...Int(Int32.max))
    static let cgroup = Option("cgroup", "PATH", "Explain the processes of this control group instead") {
        (text) throws(ValueFault) in try CgroupArgument.path(text)
    }
    static let runRoot = Option(
        "run-root", "DIR", "Where quelld has its run-time files, for when it is dead (the directory of its socket)",
        completion: .directories
    ) { (text) throws(ValueFault) in text }
    static let options: [any OptionSpec] = [pid, cgroup, runRoot, Shared.format]
    static let operands = Operands.atLeast(0, .containers)
    // 0, 1 and 3 are all that it ends with.
    static let usageStatus: Int32 = 1

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let format = try arguments.format()
        let look = WhyLook(session, runRoot: try arguments[runRoot])
        var reports: [Result<WhyReport, any Error>] = []
        if let number = try arguments[pid] { reports.append(Result { try look.process(Int32(number)) }) }
        if let path = try arguments[cgroup] { reports.append(Result { try look.cgroup(path) }) }
        if reports.isEmpty && arguments.operands.isEmpty {
            throw UsageError("quell why needs a container, --pid or --cgroup")
        }
        reports += await concurrently(arguments.operands, width: 16) { name in
            do { return Result<WhyReport, any Error>.success(try await look.container(name)) } catch {
                return .failure(error)
            }
        }
        return try tell(reports, format, session)
    }

    private static func tell(
        _ reports: [Result<WhyReport, any Error>], _ format: OutputFormat, _ session: Session
    ) throws -> Int32 {
        var status: Int32 = 0
        for report in reports {
            switch report {
            case .success(let report):
                if report.stuck { status = 3 }
                try tell(report, format, session)
            case .failure(let error):
                if status == 0 { status = 1 }
                try session.warn("\(error)")
            }
        }
        return status
    }

    private static func tell(_ report: WhyReport, _ format: OutputFormat, _ session: Session) throws {
        if case .table = format { return try session.out.write(WhyText(report).text) }
        let value = try JSONValue(answer: [UInt8](try DockerJSON.encode(report)), about: report.name)
        switch format {
        case .table, .json: try session.print(value.compact)
        case .template(let template), .tableTemplate(let template):
            try session.print(try template.render(withReason(value)))
        }
    }

    /// Where nothing was found the document has none, and a template that asks for it is not wrong.
    private static func withReason(_ value: JSONValue) -> JSONValue {
        guard case .object(let members) = value, value["reason"] == nil else { return value }
        return .object(members + [JSONValue.Member("reason", .null)])
    }
}
