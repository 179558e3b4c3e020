import Linux
import Testing

@Suite struct ProcessStatTests {
    static func line(name: String, terminal: String = "34819") -> [UInt8] {
        Array(
            """
            4711 (\(name)) S 4700 4711 4711 \(terminal) 4712 4194304 151 0 0 0 12 34 0 0 20 0 3 0 890123 4599808 416 \
            18446744073709551615 1 1 0 0 0 0 0 4096 0 1 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0

            """.utf8)
    }

    @Test(arguments: ["sh", "a b", "a) R 1 (b", ")", "(", "", "x\ny"])
    func namesMayHoldAnything(_ name: String) throws {
        let stat = try #require(ProcessStat(parsing: Self.line(name: name)))
        #expect(stat.name == name)
        #expect(stat.pid == 4711 && stat.state == "S" && stat.parent == 4700 && stat.session == 4711)
        #expect(stat.userTicks == 12 && stat.systemTicks == 34 && stat.threads == 3 && stat.startTicks == 890123)
        #expect(stat.virtualBytes == 4_599_808 && stat.residentPages == 416)
        #expect(stat.terminalName == "pts/3" && stat.processor == 1)
    }

    @Test func knowsTerminals() throws {
        #expect(try #require(ProcessStat(parsing: Self.line(name: "x", terminal: "0"))).terminalName == "?")
        #expect(try #require(ProcessStat(parsing: Self.line(name: "x", terminal: "1025"))).terminalName == "tty1")
        #expect(try #require(ProcessStat(parsing: Self.line(name: "x", terminal: "1088"))).terminalName == "ttyS0")
    }

    @Test(arguments: ["", "1", "1 (x", "1 (x) S", "x (x) S 1 1 1 0", ")(", "1 (x) SS 1 2 3"])
    func damagedTextIsNoStat(_ text: String) {
        #expect(ProcessStat(parsing: Array(text.utf8)) == nil)
    }
}
