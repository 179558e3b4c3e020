/// The host's packet filter for all bridge networks of one engine: whole chains of its own, written anew at each change, so that
/// nothing of an earlier state can stay.
public struct HostRules: Hashable, Sendable {
    /// `QUELL-` and what tells the engine from others.
    public let chain: String
    private let networks: [NetworkDefinition]

    public init(chain: String, networks: [NetworkDefinition]) {
        self.chain = chain
        self.networks = networks.filter { $0.driver == .bridge }.sorted { $0.device < $1.device }
    }

    public func has(_ family: IPAddress.Family) -> Bool {
        networks.contains { $0.pools.contains { $0.subnet.family == family } }
    }

    /// Where the chains are called from: table, and chain.
    public static let jumps = [(table: "filter", from: "FORWARD"), (table: "nat", from: "POSTROUTING")]

    /// For `iptables-restore --noflush` and its sister for version 6.
    public func text(for family: IPAddress.Family) -> String {
        let lines =
            ["*filter", ":\(chain) - [0:0]"] + filter(family) + ["COMMIT", "*nat", ":\(chain) - [0:0]"] + nat(family)
        return (lines + ["COMMIT", ""]).joined(separator: "\n")
    }

    private func filter(_ family: IPAddress.Family) -> [String] {
        let present = networks.filter { $0.pools.contains { $0.subnet.family == family } }
        let devices = present.map(\.device)
        var rules: [String] = []
        for network in present {
            let device = network.device
            if network.isInternal {
                rules.append("-A \(chain) -i \(device) ! -o \(device) -j DROP")
                rules.append("-A \(chain) ! -i \(device) -o \(device) -j DROP")
            }
            // Answers, and what a published port leads here.
            rules.append("-A \(chain) -o \(device) -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
            rules.append("-A \(chain) -o \(device) -m conntrack --ctstate DNAT -j ACCEPT")
            // Networks are apart.
            for other in devices where other != device { rules.append("-A \(chain) -i \(device) -o \(other) -j DROP") }
            let among = network.connectsContainers ? "ACCEPT" : "DROP"
            rules.append("-A \(chain) -i \(device) -o \(device) -j \(among)")
            if !network.isInternal { rules.append("-A \(chain) -i \(device) ! -o \(device) -j ACCEPT") }
        }
        return rules
    }

    private func nat(_ family: IPAddress.Family) -> [String] {
        networks.filter(\.masquerades).flatMap { network in
            network.pools.filter { $0.subnet.family == family }.map {
                "-A \(chain) -s \($0.subnet) ! -o \(network.device) -j MASQUERADE"
            }
        }
    }
}
