import APITypes
import Client
import Diagnosis
import Linux

enum DoctorCommand: Command {
    static let about = About(
        "doctor", "Find what will hurt when containers are stopped, before it does",
        details: """
            Looks at every running container (will its main process get the stop signal? does anybody handle it? which network \
            and FUSE file systems does it use?) and at the settings of the host, and names the cure of each finding in a line. \
            Without a daemon it looks at the host alone. Exit status: 0 when nothing will hurt, 1 when something will, or on \
            an error.
            """,
        examples: [
            ("quell doctor", "containers, host and cures"),
            ("quell doctor --format json", "one object, for programs"),
            ("quell doctor --format '{{.healthy}}'", "true or false"),
        ])
    static let options: [any OptionSpec] = [Shared.format]
    static let operands = Operands.none
    // 0 and 1 are all that it ends with.
    static let usageStatus: Int32 = 1

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let format = try arguments.format()
        var isWhole = true
        let report: DoctorReport
        do { report = try await session.client.doctor() } catch {
            if case ClientError.api = error { throw error }
            (report, isWhole) = (try hostAlone(), false)
            try session.warn("quelld was not asked (\(error)): this is the host alone, no container was looked at")
        }
        switch format {
        case .table: try session.out.write(try DoctorText(report).text)
        case .json: try session.print(try JSONValue(encoding: report).compact)
        case .template(let template), .tableTemplate(let template):
            try session.print(try template.render(try JSONValue(encoding: report)))
        }
        return report.healthy && isWhole ? 0 : 1
    }

    /// What can be seen without a daemon; of its data root it is assumed that it is where it usually is.
    private static func hostAlone() throws -> DoctorReport {
        let settings = HostSettings.read(
            dataRoot: "/var/lib/quell", host: try CgroupHost.detect(), canProtectItself: true)
        return DoctorReport(Checkup(containers: [], host: settings))
    }
}

/// A report as it is shown to people.
struct DoctorText {
    private let report: DoctorReport

    init(_ report: DoctorReport) { self.report = report }

    var text: String { get throws { try containers + findings + summary } }

    private var containers: String {
        get throws {
            if report.containers.isEmpty { return "" }
            let listing = Listing(
                headings: ["Name": "CONTAINER", "Stop": "STOP", "Message": "WHAT A STOP MEETS"],
                columns: ["Name", "Stop", "Message"], items: report.containers
            ) { container, column in
                switch column {
                case "Name": container.name
                case "Stop": container.stop
                case "Message": container.message
                default: ""
                }
            }
            return try listing.text(.table) + "\n"
        }
    }

    private var findings: String {
        report.findings.map { finding in
            let subject = finding.container ?? "host"
            return "\(finding.severity): \(subject): \(finding.message)\n"
                + (finding.cure.map { "    cure: \($0)\n" } ?? "")
        }.joined()
    }

    private var summary: String {
        let counts = ["problem", "warning"].map { severity in
            let count = report.findings.count { $0.severity == severity }
            return "\(count) \(severity)\(count == 1 ? "" : "s")"
        }
        return (report.findings.isEmpty ? "" : "\n") + counts.joined(separator: ", ") + "\n"
    }
}
