import APITypes
import Testing

@testable import quell

@Suite struct TableTests {
    @Test func columnsAreSetAsDockersAre() {
        #expect(
            Table.text([["NAME", "IMAGE", "PORTS"], ["web", "registry/long-image", ""], ["x", "", "80/tcp"]])
                == "NAME      IMAGE                 PORTS\nweb       registry/long-image   \nx                               80/tcp\n"
        )
    }

    private var listing: Listing {
        Listing(
            headings: ["ID": "CONTAINER ID", "Names": "NAMES"], columns: ["ID", "Names"],
            rows: [.row(["ID": "1", "Names": "a"]), .row(["ID": "2", "Names": "b"])])
    }

    @Test(
        arguments: [
            (nil, "CONTAINER ID   NAMES\n1              a\n2              b\n"),
            ("table", "CONTAINER ID   NAMES\n1              a\n2              b\n"),
            ("json", "{\"ID\":\"1\",\"Names\":\"a\"}\n{\"ID\":\"2\",\"Names\":\"b\"}\n"), ("{{.Names}}", "a\nb\n"),
            ("table {{.Names}}\\t{{.ID}}", "NAMES     CONTAINER ID\na         1\nb         2\n"),
            ("{{.ID}}\\t{{.Names}}", "1\ta\n2\tb\n"),
        ] as [(String?, String)])
    func formats(_ format: String?, _ expected: String) throws {
        #expect(try listing.text(try OutputFormat(parsing: format)) == expected)
    }

    /// Cells that are made when they are asked for print as rows do, and a table asks for those it shows.
    @Test(arguments: [nil, "table", "json", "{{.Names}}", "table {{.Names}}\\t{{.ID}}"] as [String?])
    func cellsCanBeMadeOnDemand(_ format: String?) throws {
        let format = try OutputFormat(parsing: format)
        let lazy = Listing(
            headings: ["ID": "CONTAINER ID", "Names": "NAMES"], columns: ["ID", "Names"], items: ["1a", "2b"]
        ) { item, field in field == "ID" ? String(item.prefix(1)) : String(item.suffix(1)) }
        #expect(try lazy.text(format) == listing.text(format))
    }

    @Test func widthIsInScalars() {
        #expect(Table.text([["a\nb", "x\u{1B}[2J"], ["c", "y"]], minimum: 1) == "a\\nb   x\\x1b[2J\nc      y\n")
        #expect(Table.text([["äö€", "x"], ["abc", "y"]], minimum: 1) == "äö€   x\nabc   y\n")
    }

    @Test func containersBecomeRows() {
        var container = ContainerSummary()
        container.id = String(repeating: "a", count: 64)
        container.names = ["/web"]
        container.command = "sh -c 'while true; do sleep 1; done'"
        container.created = 1000
        container.state = "running"
        (container.status, container.image, container.hostConfig.networkMode) = ("Up 1 second", "base", "none")
        container.quellState = "stuck"
        container.labels = ["b": "2", "a": "1"]
        var port = PortSummary()
        (port.privatePort, port.publicPort, port.type) = (80, 8080, "tcp")
        container.ports = [port]
        func field(_ name: String, full: Bool = false) -> String {
            PsCommand.field(name, of: container, now: 1090, full: full)
        }
        #expect(field("ID") == "aaaaaaaaaaaa" && field("Names") == "web")
        #expect(field("Command") == "\"sh -c 'while true; …\"" && field("Mounts") == "")
        #expect(field("RunningFor") == "About a minute ago" && field("Labels") == "a=1,b=2")
        #expect(field("Ports") == "0.0.0.0:8080->80/tcp" && field("QuellState") == "stuck")
        #expect(field("CreatedAt") == "1970-01-01 00:16:40 +0000 UTC")
        #expect(field("ID", full: true) == container.id)
        // No field of the heading is forgotten.
        for (name, _) in PsCommand.headings where name != "Mounts" { #expect(!field(name).isEmpty, "\(name)") }
    }

    @Test func imagesHaveARowForEachName() {
        var image = ImageSummary()
        image.id = "sha256:" + String(repeating: "b", count: 64)
        image.repoTags = ["base:1", "host:5000/base:2"]
        image.size = 1_982_000
        image.created = 10
        let rows = ImageLsCommand.rows(image, now: 15, full: false)
        #expect(rows.map { $0["Repository"] } == [.string("base"), .string("host:5000/base")])
        #expect(rows.map { $0["Tag"] } == [.string("1"), .string("2")])
        #expect(rows[0]["ID"] == .string("bbbbbbbbbbbb") && rows[0]["Size"] == .string("1.98MB"))
        image.repoTags = []
        #expect(ImageLsCommand.rows(image, now: 15, full: false)[0]["Repository"] == .string("<none>"))
    }

    @Test func statisticsAreSharesOfAProcessor() {
        var stats = ContainerStats()
        (stats.cpuStats.cpuUsage.totalUsage, stats.precpuStats.cpuUsage.totalUsage) = (300, 100)
        (stats.cpuStats.systemCPUUsage, stats.precpuStats.systemCPUUsage) = (2000, 1000)
        stats.cpuStats.onlineCPUs = 4
        #expect(StatsCommand.processorPercent(stats) == 80)
        stats.precpuStats.cpuUsage.totalUsage = 400
        #expect(StatsCommand.processorPercent(stats) == 0)
        stats.memoryStats.usage = 100
        stats.memoryStats.stats = ["inactive_file": 30]
        #expect(StatsCommand.memoryUsed(stats.memoryStats) == 70)
        stats.memoryStats.stats = ["total_inactive_file": 130]
        #expect(StatsCommand.memoryUsed(stats.memoryStats) == 100)
    }
}
