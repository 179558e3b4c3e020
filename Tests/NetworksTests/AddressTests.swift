import Testing

@testable import Networks

@Suite struct AddressTests {
    @Test(arguments: [
        ("10.1.2.3", "10.1.2.3"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("::", "::"),
        ("::1", "::1"), ("fd00::", "fd00::"), ("FD00:0:0:1:0:0:0:1", "fd00:0:0:1::1"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ("::ffff:10.1.2.3", "::ffff:a01:203"), ("1::8", "1::8"), ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
    ])
    func isReadAndWritten(text: String, canonical: String) throws {
        #expect(try #require(IPAddress(parsing: text)).description == canonical)
        #expect(IPAddress(parsing: canonical)?.description == canonical)
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.-4", "1.2.3.+4", " 1.2.3.4", "1.2.3.4 ", ":",
        ":::",
        "1:2", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7", "::1.2.3",
        "::1%eth0",
        "1:2:3:4:5:6:7:8::", "::+1", "1.2.3.4::",
    ])
    func isRefused(text: String) { #expect(IPAddress(parsing: text) == nil) }

    /// What is written is read as the same again.
    @Test func everyNumberComesBack() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            // Zeros in places, for the sake of `::`.
            let number = (0..<8).reduce(0 as UInt128) { sum, _ in
                sum << 16 | (Bool.random(using: &generator) ? 0 : UInt128(UInt16.random(in: 0...UInt16.max)))
            }
            let address = IPAddress(.v6, number)
            #expect(IPAddress(parsing: address.description) == address, "\(address)")
        }
    }

    @Test func kindsOfAddresses() throws {
        #expect(try #require(IPAddress(parsing: "127.9.9.9")).isLoopback)
        #expect(try #require(IPAddress(parsing: "::1")).isLoopback)
        #expect(try #require(IPAddress(parsing: "224.0.0.1")).isMulticast)
        #expect(try #require(IPAddress(parsing: "ff02::1")).isMulticast)
        #expect(IPAddress(parsing: "255.255.255.255")?.advanced(by: 1) == nil)
        #expect(IPAddress(.v6, .max).advanced(by: 1) == nil)
    }

    @Test func subnets() throws {
        let net = try #require(Subnet(parsing: "10.1.2.3/16"))
        #expect(net.description == "10.1.0.0/16")
        #expect(net.firstHost?.description == "10.1.0.1" && net.last.description == "10.1.255.255")
        #expect(net.contains(try #require(IPAddress(parsing: "10.1.9.9"))))
        #expect(!net.contains(try #require(IPAddress(parsing: "10.2.0.0"))))
        #expect(!net.contains(try #require(IPAddress(parsing: "::1"))))
        #expect(net.overlaps(try #require(Subnet(parsing: "10.0.0.0/8"))))
        #expect(net.overlaps(try #require(Subnet(parsing: "10.1.2.0/24"))))
        #expect(!net.overlaps(try #require(Subnet(parsing: "10.2.0.0/16"))))
        #expect(try #require(Subnet(parsing: "0.0.0.0/0")).contains(net))
        #expect(try #require(Subnet(parsing: "fd00::/64")).last.description == "fd00::ffff:ffff:ffff:ffff")
        #expect(Subnet(parsing: "10.0.0.0/31")?.firstHost == nil)
        for text in ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "/8", "10.0.0.0/+8", "10.0.0.0/8/8", "::/129", "x/8"] {
            #expect(Subnet(parsing: text) == nil, "\(text)")
        }
    }

    @Test func poolAvoidsWhatIsInUse() throws {
        #expect(try SubnetPool.docker.free(besides: []).description == "172.17.0.0/16")
        let used = ["172.16.0.0/14", "172.20.1.0/24"].compactMap(Subnet.init(parsing:))
        #expect(try SubnetPool.docker.free(besides: used).description == "172.21.0.0/16")
        var taken: [Subnet] = []
        for _ in 0..<31 { taken.append(try SubnetPool.docker.free(besides: taken)) }
        #expect(Set(taken).count == 31)
        #expect(taken.last?.description == "192.168.240.0/20")
        #expect(throws: SubnetPool.Exhausted.exhausted) { try SubnetPool.docker.free(besides: taken) }
        let v6 = try #require(SubnetPool.v6(for: "web"))
        #expect(v6.length == 64 && v6 != SubnetPool.v6(for: "db"))
        #expect(v6.description.hasPrefix("fd"))
    }
}
