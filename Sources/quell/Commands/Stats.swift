import APITypes
import Client

enum StatsCommand: Command {
    static let about = About(
        "stats", "Show what containers use", usage: "[CONTAINER...]",
        examples: [
            ("quell stats", "all that run, again and again"),
            ("quell stats --no-stream --format '{{.Name}} {{.MemUsage}}' web", "one look at one"),
        ])
    static let all = Flag("all", short: "a", "Also containers that do not run")
    static let noStream = Flag("no-stream", "One look only")
    static let options: [any OptionSpec] = [all, noStream, Shared.format, Shared.noTrunc]
    static let operands = Operands.atLeast(0, .runningContainers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let format = try arguments.format()
        let once = try arguments[noStream]
        let clock = ContinuousClock()
        var clearing = ""
        repeat {
            let begun = clock.now
            let rows = try await look(arguments, session)
            let text = try listing(rows).text(format)
            try session.out.write(Array(clearing.utf8))
            try session.out.write(text)
            // Home, and everything away (ECMA-48): the next look replaces this one.
            if session.out.isTerminal { clearing = "\u{1B}[H\u{1B}[2J" }
            // A look at containers that run takes a second by itself; one at others takes no time.
            if !once { try await clock.sleep(until: begun + .seconds(1)) }
        } while !once
        return 0
    }

    /// One look at each; the daemon takes a second for it, which is the pace of the display too.
    private static func look(_ arguments: Arguments, _ session: Session) async throws -> [JSONValue] {
        let client = session.client
        let full = try arguments[Shared.noTrunc]
        var names = arguments.operands
        if names.isEmpty { names = try await client.listContainers(all: try arguments[all]).map(\.id) }
        let results = await concurrently(names, width: 64) { name in
            await sample(name, client)
        }
        var rows: [JSONValue] = []
        for result in results {
            switch result {
            case .success(let stats): rows.append(row(stats, full: full))
            case .failure(let error as ClientError) where error.isNotFound && arguments.operands.isEmpty: continue
            case .failure(let error): throw error
            }
        }
        return rows
    }

    private static func sample(_ name: String, _ client: QuellClient) async -> Result<ContainerStats, any Error> {
        do {
            var last = ContainerStats()
            try await client.containerStats(name, stream: false) { last = $0 }
            return .success(last)
        } catch {
            return .failure(error)
        }
    }

    private static func listing(_ rows: [JSONValue]) -> Listing {
        Listing(
            headings: [
                "Container": "CONTAINER", "ID": "CONTAINER ID", "Name": "NAME", "CPUPerc": "CPU %",
                "MemUsage": "MEM USAGE / LIMIT", "MemPerc": "MEM %", "NetIO": "NET I/O", "BlockIO": "BLOCK I/O",
                "PIDs": "PIDS",
            ],
            columns: ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"], rows: rows)
    }

    static func row(_ stats: ContainerStats, full: Bool) -> JSONValue {
        let (used, limit) = (memoryUsed(stats.memoryStats), Double(stats.memoryStats.limit ?? 0))
        let network = (stats.networks ?? [:]).values.reduce(into: (0, 0)) { sum, card in
            sum.0 &+= Int(clamping: card.rxBytes)
            sum.1 &+= Int(clamping: card.txBytes)
        }
        let block = blockBytes(stats.blkioStats)
        return .row([
            "Container": shortID(stats.id, full: full), "ID": shortID(stats.id, full: full),
            "Name": withoutSlash(stats.name), "CPUPerc": fixed(processorPercent(stats), decimals: 2) + "%",
            "MemUsage": "\(humanBinarySize(used)) / \(humanBinarySize(limit))",
            "MemPerc": fixed(limit > 0 ? used / limit * 100 : 0, decimals: 2) + "%",
            "NetIO": "\(humanSize(network.0)) / \(humanSize(network.1))",
            "BlockIO": "\(humanSize(block.read)) / \(humanSize(block.write))",
            "PIDs": "\(stats.pidsStats.current ?? 0)",
        ])
    }

    /// 100 is one processor.
    static func processorPercent(_ stats: ContainerStats) -> Double {
        let used = Double(stats.cpuStats.cpuUsage.totalUsage) - Double(stats.precpuStats.cpuUsage.totalUsage)
        let system = Double(stats.cpuStats.systemCPUUsage ?? 0) - Double(stats.precpuStats.systemCPUUsage ?? 0)
        guard used > 0, system > 0 else { return 0 }
        return used / system * Double(stats.cpuStats.onlineCPUs ?? 1) * 100
    }

    /// Without the page cache that would be given back at once.
    static func memoryUsed(_ memory: MemoryStats) -> Double {
        let cache = memory.stats?["total_inactive_file"] ?? memory.stats?["inactive_file"] ?? 0
        let usage = memory.usage ?? 0
        return Double(cache < usage ? usage - cache : usage)
    }

    private static func blockBytes(_ block: BlkioStats) -> (read: Int, write: Int) {
        (block.ioServiceBytesRecursive ?? []).reduce(into: (read: 0, write: 0)) { sum, entry in
            switch entry.op.lowercased() {
            case "read": sum.read &+= Int(clamping: entry.value)
            case "write": sum.write &+= Int(clamping: entry.value)
            default: break
            }
        }
    }
}
