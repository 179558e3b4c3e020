import APITypes
import FoundationEssentials
import Testing

/// The list is written by hand; the generic encoding is what it has to be.
@Suite struct SummaryJSONTests {
    private func same(_ list: [ContainerSummary], _ note: Comment? = nil) throws {
        let ours = ContainerSummary.line(list)
        let generic = String(decoding: try DockerJSON.line(list), as: UTF8.self)
        #expect(String(decoding: ours, as: UTF8.self).utf8.elementsEqual(generic.utf8), note)
        #expect(try DockerJSON.decode([ContainerSummary].self, from: Data(ours)) == list, note)
    }

    @Test func emptyOnes() throws {
        try same([])
        try same([ContainerSummary()])
        try same([ContainerSummary(), ContainerSummary()])
    }

    /// Every member is there, so that one that is forgotten is found.
    @Test func aFullOne() throws {
        var source = HostileSummary(texts: ["plain"], numbers: [7])
        let summary = source.next()
        try same([summary, summary])
        let object = try DockerJSON.decode([[String: AnyMember]].self, from: Data(ContainerSummary.line([summary])))
        #expect(object.first?.count == Mirror(reflecting: summary).children.count)
    }

    @Test func hostileTexts() throws {
        let texts =
            (0..<0x100).map { String(Unicode.Scalar(UInt8($0))) }
            + [
                "", "\"", "\\", "\\\"", "</script>", "a/b", "\u{7f}", "\u{2028}\u{2029}", "\u{fffd}", "e\u{301}", "é",
                "👩‍👩‍👧",
                "\u{10ffff}", String(repeating: "\n\"", count: 5000), "a,b:c{d}[e]", "\r\n", "\u{feff}x",
            ]
        for text in texts {
            var source = HostileSummary(texts: [text], numbers: [Int.min, .max])
            try same([source.next()])
        }
    }

    /// Members of objects whose names come from outside are in the generic encoder's order.
    @Test func ordersOfNames() throws {
        var summary = ContainerSummary()
        let names = [
            "a", "B", "b", "A", "a1", "a10", "a2", "é", "e\u{301}x", "ex", "f", "z", "Ω", "日本", "\u{1}", "", "a.b",
            "a-b",
            "a_b", "A.b", "👩", "\u{fb01}", "fi", "com.docker.compose.project", "com.docker.compose.Project",
        ]
        for name in names { summary.labels[name] = name }
        try same([summary])
    }

    @Test func randomOnes() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = HostileSummary(
            texts: ["x", "\"q\"", "\\", "\n", "ä", "", "0", "\u{0}"], numbers: [0, -1, 1, .max, .min])
        random.seed(seed)
        for _ in 0..<200 {
            let list = (0..<Int(random.draw(4))).map { _ in random.next() }
            try same(list, "seed \(seed)")
        }
    }
}

/// Any member, for counting.
private struct AnyMember: Decodable { init(from decoder: any Decoder) throws {} }

/// Summaries in which every member is there (or, once seeded, some are) and has a value out of a list.
private struct HostileSummary {
    private let texts: [String]
    private let numbers: [Int]
    private var state: UInt64?

    init(texts: [String], numbers: [Int]) { (self.texts, self.numbers) = (texts, numbers) }

    mutating func seed(_ seed: UInt64) { state = seed | 1 }

    /// Below the bound; without a seed 1, or 0 where that is all there is.
    mutating func draw(_ bound: UInt64) -> UInt64 {
        guard var next = state else { return min(1, bound - 1) }
        next ^= next << 13
        next ^= next >> 7
        next ^= next << 17
        state = next
        return next % bound
    }

    private mutating func text() -> String { texts[Int(draw(UInt64(texts.count)))] }
    private mutating func number() -> Int { numbers[Int(draw(UInt64(numbers.count)))] }
    private mutating func isThere() -> Bool { draw(2) == 1 }
    private mutating func list() -> [String] { (0...draw(3)).map { _ in text() } }
    private mutating func table() -> [String: String] {
        var table: [String: String] = [:]
        for index in 0...draw(4) { table[text() + (index == 0 ? "" : "\(index)")] = text() }
        return table
    }

    mutating func next() -> ContainerSummary {
        var summary = ContainerSummary()
        (summary.id, summary.names, summary.image, summary.imageID) = (text(), list(), text(), text())
        (summary.command, summary.created, summary.labels) = (text(), number(), table())
        (summary.state, summary.status) = (text(), text())
        if isThere() { summary.sizeRw = number() }
        if isThere() { summary.sizeRootFs = number() }
        if isThere() { summary.quellState = text() }
        if isThere() { summary.quellStop = text() }
        summary.hostConfig.networkMode = text()
        if isThere() { summary.hostConfig.annotations = table() }
        summary.ports = (0..<draw(3)).map { _ in port() }
        summary.mounts = (0..<draw(3)).map { _ in mount() }
        for index in 0..<draw(3) { summary.networkSettings.networks[text() + "\(index)"] = endpoint() }
        return summary
    }

    private mutating func port() -> PortSummary {
        var port = PortSummary()
        (port.privatePort, port.type) = (number(), text())
        if isThere() { port.ip = text() }
        if isThere() { port.publicPort = number() }
        return port
    }

    private mutating func mount() -> MountPoint {
        var mount = MountPoint()
        (mount.type, mount.source, mount.destination) = (text(), text(), text())
        (mount.mode, mount.rw, mount.propagation) = (text(), isThere(), text())
        if isThere() { mount.name = text() }
        if isThere() { mount.driver = text() }
        return mount
    }

    private mutating func endpoint() -> EndpointSettings {
        var endpoint = EndpointSettings()
        if isThere() {
            endpoint.ipamConfig = EndpointIPAMConfig()
            endpoint.ipamConfig?.ipv4Address = text()
            if isThere() { endpoint.ipamConfig?.ipv6Address = text() }
            if isThere() { endpoint.ipamConfig?.linkLocalIPs = list() }
        }
        if isThere() { (endpoint.links, endpoint.macAddress, endpoint.aliases) = (list(), text(), list()) }
        if isThere() { (endpoint.driverOpts, endpoint.gwPriority, endpoint.networkID) = (table(), number(), text()) }
        if isThere() { (endpoint.endpointID, endpoint.gateway, endpoint.ipAddress) = (text(), text(), text()) }
        if isThere() { (endpoint.ipPrefixLen, endpoint.ipv6Gateway) = (number(), text()) }
        if isThere() { (endpoint.globalIPv6Address, endpoint.globalIPv6PrefixLen) = (text(), number()) }
        if isThere() { endpoint.dnsNames = list() }
        return endpoint
    }
}
