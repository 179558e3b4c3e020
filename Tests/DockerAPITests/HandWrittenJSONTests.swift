import APITypes
import FoundationEssentials
import Testing

/// The list and inspect are written by hand; the generic encoding is what they have to be.
@Suite struct HandWrittenJSONTests {
    private func same(_ list: [ContainerSummary], _ note: Comment? = nil) throws {
        try same(ContainerSummary.line(list), list, note)
    }

    private func same(_ inspect: ContainerInspect, _ note: Comment? = nil) throws {
        try same(inspect.line, inspect, note)
    }

    private func same<Value: Codable & Equatable>(_ ours: [UInt8], _ value: Value, _ note: Comment?) throws {
        let generic = String(decoding: try DockerJSON.line(value), as: UTF8.self)
        let text = String(decoding: ours, as: UTF8.self)
        #expect(text.utf8.elementsEqual(generic.utf8), note)
        #expect(try DockerJSON.decode(Value.self, from: Data(ours)) == value, note)
    }

    @Test func emptyOnes() throws {
        try same([])
        try same([ContainerSummary()])
        try same([ContainerSummary(), ContainerSummary()])
        try same(ContainerInspect())
    }

    /// Every member is there, so that one that is forgotten is found.
    @Test func fullOnes() throws {
        let filling = Filling(texts: ["plain", "other", "third"])
        let summary = try filling.make(ContainerSummary.self)
        try same([summary, summary])
        let object = try DockerJSON.decode([[String: AnyMember]].self, from: Data(ContainerSummary.line([summary])))
        #expect(object.first?.count == Mirror(reflecting: summary).children.count)
        let inspect = try filling.make(ContainerInspect.self)
        try same(inspect)
        #expect(inspect.hostConfig.ioMaximumBandwidth != nil && inspect.config.healthcheck?.test != nil)
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
            for number in [Int.min, .max] {
                let filling = Filling(texts: [text], numbers: [number])
                try same([try filling.make(ContainerSummary.self)])
                try same(try filling.make(ContainerInspect.self))
            }
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
        let filling = Filling(
            texts: ["x", "\"q\"", "\\", "\n", "ä", "", "0", "\u{0}"], numbers: [0, -1, 1, .max, .min], seed: seed)
        for list in try filling.make([ContainerSummary].self, count: 200) { try same(list, "seed \(seed)") }
        for inspect in try filling.make(ContainerInspect.self, count: 200) { try same(inspect, "seed \(seed)") }
    }
}

/// Any member, for counting.
private struct AnyMember: Decodable { init(from decoder: any Decoder) throws {} }
