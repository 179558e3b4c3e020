import Testing

@testable import Networks

@Suite struct CNIConfigurationTests {
    private func network(_ change: (inout NetworkPlan) -> Void = { _ in }) throws -> NetworkDefinition {
        var plan = NetworkPlan(name: "web", driver: "bridge")
        var pool = NetworkPlan.Pool()
        pool.subnet = "10.9.0.0/16"
        plan.pools = [pool]
        change(&plan)
        return try plan.definition(id: "ab12", created: 7, device: "quell-ab12", used: [])
    }

    private func text(_ call: CNICall?) throws -> String {
        String(decoding: try #require(call).configuration, as: UTF8.self)
    }

    @Test func bridge() throws {
        let plan = EndpointPlan(network: try network(), interface: "eth0")
        let call = try plan.device(leases: "/run/l")
        #expect(call.plugin == "bridge")
        #expect(
            try text(call) == #"{"bridge":"quell-ab12","cniVersion":"1.0.0","hairpinMode":true,"#
                + #""ipMasq":false,"ipam":{"dataDir":"/run/l","ranges":[[{"gateway":"10.9.0.1","subnet":"10.9.0.0/16"}]],"#
                + #""routes":[{"dst":"0.0.0.0/0"}],"type":"host-local"},"isGateway":true,"name":"ab12","#
                + #""runtimeConfig":{},"type":"bridge"}"#)
        #expect(try plan.publication(after: nil) == nil)
    }

    @Test func wishes() throws {
        let network = try network {
            $0.pools[0].range = "10.9.0.0/24"
            $0.pools[0].gateway = "10.9.9.9"
            $0.isInternal = true
            $0.options = ["com.docker.network.driver.mtu": "1400"]
        }
        let plan = EndpointPlan(
            network: network, interface: "eth0", macAddress: "02:00:00:00:00:01",
            addresses: [try #require(IPAddress(parsing: "10.9.0.7"))])
        let text = try text(plan.device(leases: "/l"))
        for part in [
            #""ips":["10.9.0.7/16"]"#, #""mac":"02:00:00:00:00:01""#, #""mtu":1400"#, #""routes":[]"#,
            #""rangeStart":"10.9.0.1""#, #""rangeEnd":"10.9.0.255""#, #""gateway":"10.9.9.9""#,
        ] { #expect(text.contains(part), "\(part) in \(text)") }
    }

    @Test func onlyTheFirstNetworkIsTheWayOut() throws {
        let text = try text(EndpointPlan(network: try network(), interface: "eth1").device(leases: "/l"))
        #expect(text.contains(#""routes":[]"#))
    }

    /// Everybody's address is given to nobody.
    @Test func rangeAtTheEnd() throws {
        let network = try network { $0.pools[0].range = "10.9.255.0/24" }
        let text = try text(EndpointPlan(network: network, interface: "eth0").device(leases: "/l"))
        #expect(text.contains(#""rangeStart":"10.9.255.0""#) && text.contains(#""rangeEnd":"10.9.255.254""#))
    }

    /// What the plugin of Debian's containernetworking-plugins 1.1.1 said.
    private static let said = """
        {"cniVersion": "1.0.0", "interfaces": [{"name": "quell0", "mac": "1a:bd:25:eb:ca:e4"},
          {"name": "veth253fc9ee", "mac": "7a:8a:4b:ba:11:e9"},
          {"name": "eth0", "mac": "22:e4:8c:86:7d:d0", "sandbox": "/run/ns"}],
         "ips": [{"interface": 2, "address": "10.88.0.2/16", "gateway": "10.88.0.1"}],
         "routes": [{"dst": "0.0.0.0/0"}], "dns": {}}
        """

    @Test func resultAndPorts() throws {
        let result = try CNIResult(reading: Array(CNIConfigurationTests.said.utf8))
        #expect(result.macAddress == "22:e4:8c:86:7d:d0")
        let address = try #require(result.addresses.first)
        #expect(address.address.description == "10.88.0.2" && address.subnet.length == 16)
        #expect(address.gateway?.description == "10.88.0.1")
        let port = PortMapping(container: 80, transport: .tcp, address: IPAddress(parsing: "127.0.0.1"), host: 8080)
        let plan = EndpointPlan(network: try network(), interface: "eth0", ports: [port])
        let text = try text(plan.publication(after: result))
        #expect(
            text.contains(
                #""portMappings":[{"containerPort":80,"hostIP":"127.0.0.1","hostPort":8080,"protocol":"tcp"}]"#))
        #expect(
            text.contains(
                #""prevResult":{"cniVersion":"1.0.0","interfaces":[{"mac":"1a:bd:25:eb:ca:e4","name":"quell0"}"#))
    }

    @Test func faults() {
        let fault = CNIFault(reading: Array(#"{"cniVersion":"1.0.0","code":11,"msg":"no addresses"}"#.utf8))
        #expect(fault?.msg == "no addresses")
        #expect(CNIFault(reading: Array("panic: oh".utf8)) == nil)
    }

    @Test func rulesOfTheHost() throws {
        var inner = try network { $0.isInternal = true }
        inner.device = "br-in"
        let rules = HostRules(chain: "QUELL-1", networks: [try network(), inner])
        #expect(
            rules.text(for: .v4) == """
                *filter
                :QUELL-1 - [0:0]
                -A QUELL-1 -i br-in ! -o br-in -j DROP
                -A QUELL-1 ! -i br-in -o br-in -j DROP
                -A QUELL-1 -o br-in -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
                -A QUELL-1 -o br-in -m conntrack --ctstate DNAT -j ACCEPT
                -A QUELL-1 -i br-in -o quell-ab12 -j DROP
                -A QUELL-1 -i br-in -o br-in -j ACCEPT
                -A QUELL-1 -o quell-ab12 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
                -A QUELL-1 -o quell-ab12 -m conntrack --ctstate DNAT -j ACCEPT
                -A QUELL-1 -i quell-ab12 -o br-in -j DROP
                -A QUELL-1 -i quell-ab12 -o quell-ab12 -j ACCEPT
                -A QUELL-1 -i quell-ab12 ! -o quell-ab12 -j ACCEPT
                COMMIT
                *nat
                :QUELL-1 - [0:0]
                -A QUELL-1 -s 10.9.0.0/16 ! -o quell-ab12 -j MASQUERADE
                COMMIT

                """)
        #expect(rules.text(for: .v6) == "*filter\n:QUELL-1 - [0:0]\nCOMMIT\n*nat\n:QUELL-1 - [0:0]\nCOMMIT\n")
    }
}
