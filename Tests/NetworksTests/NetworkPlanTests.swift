import Testing

@testable import Networks

@Suite struct NetworkPlanTests {
    private func definition(
        driver: String = "bridge", used: [(String, String)] = [], _ change: (inout NetworkPlan) -> Void = { _ in }
    ) throws -> NetworkDefinition {
        var plan = NetworkPlan(name: "web", driver: driver)
        change(&plan)
        return try plan.definition(
            id: "ab12", created: 7, device: "quell-ab12",
            used: try used.map { (try #require(Subnet(parsing: $0.0)), $0.1) })
    }

    private func pool(_ subnet: String?, range: String? = nil, gateway: String? = nil) -> NetworkPlan.Pool {
        var pool = NetworkPlan.Pool()
        (pool.subnet, pool.range, pool.gateway) = (subnet, range, gateway)
        return pool
    }

    @Test func withoutAnythingItGetsAFreeSubnet() throws {
        let network = try definition(used: [("172.17.0.0/16", "network bridge")])
        #expect(network.pools.map(\.subnet.description) == ["172.18.0.0/16"])
        #expect(network.pools[0].gateway.description == "172.18.0.1" && network.pools[0].isChosen)
        #expect(
            network.device == "quell-ab12" && network.masquerades && network.connectsContainers && network.mtu == nil)
    }

    @Test func takesWhatIsAsked() throws {
        let network = try definition {
            $0.pools = [pool("10.9.0.0/16", range: "10.9.8.0/24", gateway: "10.9.0.254"), pool("fd00:1::/64")]
            $0.pools[0].reserved = ["router": "10.9.8.1"]
            $0.enablesIPv6 = true
            $0.options = [
                "com.docker.network.bridge.name": "br-web", "com.docker.network.driver.mtu": "1400",
                "com.docker.network.bridge.enable_icc": "false",
                "com.docker.network.bridge.enable_ip_masquerade": "false",
            ]
        }
        #expect(network.pools.map(\.gateway.description) == ["10.9.0.254", "fd00:1::1"])
        #expect(network.pools[0].range?.description == "10.9.8.0/24")
        #expect(network.device == "br-web" && network.mtu == 1400)
        #expect(!network.masquerades && !network.connectsContainers)
    }

    @Test func aSecondFamilyIsMadeUpWhereItIsAskedFor() throws {
        let network = try definition { $0.enablesIPv6 = true }
        #expect(network.pools.count == 2 && network.pools[1].subnet.family == .v6)
    }

    @Test(
        arguments: [
            ("10.9.0.0", nil, nil, "invalid subnet 10.9.0.0"), ("10.9.0.0/31", nil, nil, "no room"),
            ("10.9.0.0/16", "10.8.0.0/24", nil, "invalid ip-range 10.8.0.0/24"),
            ("10.9.0.0/16", nil, "10.8.0.1", "invalid gateway 10.8.0.1"),
            ("10.9.0.0/16", nil, "10.9.0.0", "subnet's own"),
            ("10.9.0.0/16", nil, "10.9.255.255", "subnet's own"), (nil, nil, "10.9.0.1", "needs a subnet"),
            ("10.1.2.0/24", nil, nil, "overlaps 10.1.0.0/16 of device eth0"),
            ("fd00::/64", nil, nil, "IPv6 is not enabled"),
        ] as [(String?, String?, String?, String)])
    func badPoolsAreRefusedByName(subnet: String?, range: String?, gateway: String?, says: String) throws {
        do {
            _ = try definition(used: [("10.1.0.0/16", "device eth0")]) {
                $0.pools = [pool(subnet, range: range, gateway: gateway)]
            }
            Issue.record("it was taken")
        } catch let fault as NetworkFault { #expect(fault.description.contains(says), "\(fault)") }
    }

    @Test(arguments: [
        ("bridge", "nonsense", "1"), ("bridge", "com.docker.network.driver.mtu", "none"),
        ("bridge", "com.docker.network.bridge.name", "a/b"),
        ("bridge", "com.docker.network.bridge.name", "sixteen-letters-"),
        ("bridge", "parent", "eth0"), ("macvlan", "com.docker.network.bridge.enable_icc", "true"),
        ("bridge", "com.docker.network.bridge.enable_icc", "yes"), ("macvlan", "macvlan_mode", "l2"),
        ("bridge", "com.docker.network.bridge.host_binding_ipv4", "::1"),
    ])
    func optionsWithoutEffectAreRefused(driver: String, key: String, value: String) {
        do {
            _ = try definition(driver: driver) {
                if driver != "bridge" { $0.options["parent"] = "eth0" }
                $0.options[key] = value
            }
            Issue.record("it was taken")
        } catch { #expect("\(error)".contains(key), "\(error)") }
    }

    @Test func driversAreKnownOrRefused() throws {
        #expect(try definition(driver: "").driver == .bridge)
        let macvlan = try definition(driver: "macvlan") { $0.options = ["parent": "eth0", "macvlan_mode": "private"] }
        #expect(macvlan.device == "eth0" && !macvlan.masquerades)
        for driver in ["overlay", "macvlan"] {
            #expect(throws: NetworkFault.self) { try definition(driver: driver) }
        }
    }

    @Test func ports() throws {
        #expect(try PortMapping.port(parsing: "80") == (80, .tcp))
        #expect(try PortMapping.port(parsing: "53/UDP") == (53, .udp))
        for text in ["", "0", "65536", "80/", "80/x", "80/tcp/udp", "-1", "+1", "a"] {
            #expect(throws: NetworkFault.self, "\(text)") { try PortMapping.port(parsing: text) }
        }
        let fixed = try PortMapping.mapping("80/tcp", address: "127.0.0.1", hostPort: "8080")
        #expect(fixed.mapping.host == 8080 && fixed.choices == nil && fixed.mapping.address?.description == "127.0.0.1")
        let any = try PortMapping.mapping("80/tcp", address: "0.0.0.0", hostPort: "8000-8010")
        #expect(any.choices == 8000...8010 && any.mapping.address == nil)
        #expect(try PortMapping.mapping("80/tcp", address: "", hostPort: "").mapping.host == 0)
        for (address, port) in [("x", ""), ("", "x"), ("", "9-8"), ("", "1-2-3"), ("", "70000"), ("", "-")] {
            #expect(throws: NetworkFault.self) { try PortMapping.mapping("80/tcp", address: address, hostPort: port) }
        }
    }

    @Test func collisions() throws {
        func port(_ address: String?, _ host: UInt16, _ transport: PortMapping.Transport = .tcp) -> PortMapping {
            PortMapping(
                container: 80, transport: transport, address: address.flatMap { IPAddress(parsing: $0) }, host: host)
        }
        #expect(port(nil, 80).collides(with: port(nil, 80)))
        #expect(port(nil, 80).collides(with: port("127.0.0.1", 80)))
        #expect(port("127.0.0.1", 80).collides(with: port(nil, 80)))
        #expect(!port("127.0.0.1", 80).collides(with: port("127.0.0.2", 80)))
        #expect(!port(nil, 80).collides(with: port("::1", 80)))
        #expect(!port(nil, 80).collides(with: port(nil, 81)))
        #expect(!port(nil, 80).collides(with: port(nil, 80, .udp)))
    }
}
