import APITypes
import FoundationEssentials
import TestKit
import Testing

@testable import Client

@Suite struct JSONReaderTests {
    private func reader(_ text: String) -> JSONReader { JSONReader(Array(text.utf8)) }

    /// Passes over the whole document.
    private func skim(_ bytes: [UInt8]) throws(JSONFault) {
        var reader = JSONReader(bytes)
        try reader.skip()
        try reader.finish()
    }

    @Test func readsInTheOrderOfTheText() throws {
        var reader = reader(#" { "a" : [ 1 , -2.50e+3 ] , "b" : { } , "c" : null , "d" : "x\ty" , "e" : false } "#)
        try reader.beginObject()
        #expect(try reader.nextKey() == "a")
        try reader.beginArray()
        #expect(try reader.nextElement())
        #expect(try reader.integer() == 1)
        #expect(try reader.nextElement())
        #expect(try reader.number() == "-2.50e+3")
        #expect(try !reader.nextElement())
        #expect(try reader.nextKey() == "b")
        try reader.beginObject()
        #expect(try reader.nextKey() == nil)
        #expect(try reader.nextKey() == "c")
        #expect(try reader.null())
        #expect(try reader.nextKey() == "d")
        #expect(try !reader.null())
        #expect(try reader.string() == "x\ty")
        #expect(try reader.nextKey() == "e")
        #expect(try reader.bool() == false)
        #expect(try reader.nextKey() == nil)
        try reader.finish()
    }

    @Test(arguments: [
        (#""\u00e4\ud83d\ude00\/""#, "ä😀/"), (#""\ud800\u0041""#, "\u{FFFD}A"), (#""\ud800""#, "\u{FFFD}"),
        (#""\udc00x""#, "\u{FFFD}x"), (#""\b\f\n\r\t\"\\plain""#, "\u{8}\u{C}\n\r\t\"\\plain"), ("\"\"", ""),
        (#""\u0000""#, "\0"),
    ])
    func understandsEscapes(_ text: String, _ expected: String) throws {
        var reader = reader(text)
        #expect(try reader.string() == expected)
        try reader.finish()
    }

    @Test func textThatIsNoUTF8IsRepaired() throws {
        var reader = JSONReader([0x22, 0x61, 0xFF, 0x62, 0x22])
        #expect(try reader.string() == "a\u{FFFD}b")
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1}", "{]", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#,
        #"{"a":1 "b":2}"#, #"{,"a":1}"#, "{1:2}", #"{"a":1]"#, "\"open", #""\"#, #""\x""#, #""\u12""#, #""\u12g4""#,
        "\"\u{1}\"", "tru", "nul", "truex", "1 2", "01", "-", "+1", ".5", "1.", "1e", "--1", "0x10", "NaN", "]", "}",
    ])
    func refuses(_ text: String) { #expect(throws: JSONFault.self) { try skim(Array(text.utf8)) } }

    @Test(arguments: ["[", "{\"a\":"])
    func depthHasALimit(_ opening: String) {
        let bytes = Array(String(repeating: opening, count: 100_000).utf8)
        #expect { try skim(bytes) } throws: { ($0 as? JSONFault)?.fault == "too deep" }
    }

    @Test(arguments: ["9223372036854775808", "1.0", "1e3", "-9223372036854775809", "99999999999999999999999"])
    func aNumberThatDoesNotFitIsAFault(_ text: String) {
        var reader = reader(text)
        #expect(throws: JSONFault(offset: 0, fault: "expected a whole number, found \(text)")) {
            try reader.integer()
        }
    }

    @Test func anotherKindThanExpectedIsAFault() {
        for text in ["1", "{}", "[]", "null", "true"] {
            var reader = reader(text)
            #expect(throws: JSONFault(offset: 0, fault: "expected a string")) { try reader.string() }
        }
        var object = reader("[]")
        #expect(throws: JSONFault(offset: 0, fault: "expected an object")) { try object.beginObject() }
        var array = reader("\"x\"")
        #expect(throws: JSONFault(offset: 0, fault: "expected an array")) { try array.beginArray() }
    }

    /// Whatever bytes come, there is an answer and no trap.
    @Test func mutatedListsDoNotTrap() throws {
        var generator = Seed.generator(for: "container lists")
        let document = Array(try DockerJSON.encode([ContainerSummary.full, ContainerSummary()]))
        for _ in 0..<3000 {
            var bytes = document
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(
                    in: .min ... .max, using: &generator)
            }
            // Half of them are cut.
            bytes = Array(bytes.prefix(Int.random(in: 0...(bytes.count * 2), using: &generator)))
            var reader = JSONReader(bytes)
            do { _ = try [ContainerSummary](reading: &reader) } catch {
                #expect(error.offset <= bytes.count, "QUELL_SEED=\(Seed.value)")
            }
        }
    }
}

@Suite struct ContainerSummaryReadingTests {
    private func containers(_ text: String) throws -> [ContainerSummary] {
        try read([ContainerSummary].self, from: Array(text.utf8), call: "list")
    }

    /// A member that is written and not read, or that `full` forgets, fails this.
    @Test func allThatIsWrittenIsRead() throws {
        let list = [ContainerSummary.full, ContainerSummary()]
        let bytes = Array(try DockerJSON.encode(list))
        #expect(try read([ContainerSummary].self, from: bytes, call: "list") == list)
        for (object, members) in [
            (Mirror(reflecting: list[0]), Mirror(reflecting: list[1])),
            (Mirror(reflecting: EndpointSettings.full), Mirror(reflecting: EndpointSettings())),
        ] {
            for (full, empty) in zip(object.children, members.children) {
                #expect("\(full.value)" != "\(empty.value)", "\(full.label ?? "") is left empty")
            }
        }
    }

    @Test func isAsLenientAsDecoding() throws {
        for text in [
            "[]", "[{}]", #"[{"Names":null,"Labels":null,"Created":null,"SizeRw":null,"Mounts":[{}]}]"#,
            #"[{"Unknown":{"deep":[1,{"x":null}]},"Id":"1"}]"#, #"[{"Id":"1","Id":"1"}]"#,
            #"[{"NetworkSettings":{"Networks":{"a":{},"b":{"IPPrefixLen":24}}}}]"#,
        ] {
            #expect(
                try containers(text) == DockerJSON.decode([ContainerSummary].self, from: Data(text.utf8)),
                "\(text)")
        }
    }

    @Test func theFaultNamesCallAndPlace() {
        #expect(throws: ClientError.malformed(call: "list", reason: "at byte 7: expected a string")) {
            try containers(#"[{"Id":1}]"#)
        }
        #expect(throws: ClientError.malformed(call: "list", reason: "at byte 0: expected an array")) {
            try containers(#"{"message":"x"}"#)
        }
        #expect(throws: ClientError.malformed(call: "list", reason: "at byte 3: something follows the document")) {
            try containers("[] []")
        }
    }
}

extension ContainerSummary {
    /// With something in every member.
    fileprivate static var full: ContainerSummary {
        var container = ContainerSummary()
        (container.id, container.names, container.image, container.imageID) = ("1", ["/a", "/b"], "i:1", "sha256:2")
        (container.command, container.created, container.state) = ("sh -c \"x\ty\" ä😀", 1_700_000_000, "running")
        (container.status, container.quellState, container.quellStop) = ("Up 3 minutes", "stopping", "graceful")
        (container.sizeRw, container.sizeRootFs) = (3, 4_000_000_000)
        container.labels = ["k": "v", "": "\\"]
        var port = PortSummary()
        (port.ip, port.privatePort, port.publicPort, port.type) = ("::1", 80, 8080, "tcp")
        container.ports = [port]
        (container.hostConfig.networkMode, container.hostConfig.annotations) = ("none", ["x": "y"])
        container.networkSettings.networks = ["none": .full, "other": EndpointSettings()]
        var mount = MountPoint()
        (mount.type, mount.name, mount.source, mount.destination) = ("volume", "v", "/s", "/d")
        (mount.driver, mount.mode, mount.rw, mount.propagation) = ("local", "z", true, "rprivate")
        container.mounts = [mount]
        return container
    }
}

extension EndpointSettings {
    fileprivate static var full: EndpointSettings {
        var endpoint = EndpointSettings()
        var ipam = EndpointIPAMConfig()
        (ipam.ipv4Address, ipam.ipv6Address, ipam.linkLocalIPs) = ("10.0.0.2", "fd00::2", ["169.254.0.2"])
        (endpoint.ipamConfig, endpoint.links, endpoint.macAddress) = (ipam, ["l"], "02:00:00:00:00:01")
        (endpoint.aliases, endpoint.driverOpts, endpoint.gwPriority) = (["al"], ["o": "1"], 7)
        (endpoint.networkID, endpoint.endpointID, endpoint.gateway) = ("n", "e", "10.0.0.1")
        (endpoint.ipAddress, endpoint.ipPrefixLen, endpoint.ipv6Gateway) = ("10.0.0.2", 24, "fd00::1")
        (endpoint.globalIPv6Address, endpoint.globalIPv6PrefixLen, endpoint.dnsNames) = ("fd00::2", 64, ["d"])
        return endpoint
    }
}
