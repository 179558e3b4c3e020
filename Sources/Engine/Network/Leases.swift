import Linux
import Networks

/// Addresses in use, as the plugin `host-local` keeps them: a file for each, whose first line names the container.
enum Leases {
    /// Containers by address, of one network.
    static func read(_ directory: String) throws(SystemError) -> [IPAddress: String] {
        guard try File.status(of: directory) != nil else { return [:] }
        var held: [IPAddress: String] = [:]
        for entry in try File.list(directory) {
            // Others are the plugin's lock and where it goes on.
            guard let address = IPAddress(parsing: entry.name) else { continue }
            let text = String(decoding: try File.readIfPresent("\(directory)/\(entry.name)") ?? [], as: UTF8.self)
            held[address] = text.split(whereSeparator: \.isNewline).first.map { String($0).trimmingWhitespace }
        }
        return held
    }

    /// What the plugin said, with who has the address. `name`: what a container is called.
    static func explain(
        _ error: EngineError, _ plan: EndpointPlan, held: [IPAddress: String], name: (String) -> String
    ) -> EngineError {
        let network = plan.network
        for address in plan.addresses {
            guard let holder = held[address] else { continue }
            return .conflict(
                "address \(address) of network \(network.name) is in use by \(called(holder, name)): stop it, or choose another"
            )
        }
        guard "\(error)".contains("no IP addresses available") else { return error }
        let ranges = network.pools.map { "\($0.range ?? $0.subnet)" }.joined(separator: ", ")
        let holders = Set(held.values).map { called($0, name) }.sorted()
        let more = holders.count > 5 ? " and \(holders.count - 5) more" : ""
        return .conflict(
            "network \(network.name) has no address left in \(ranges): in use by \(holders.prefix(5).joined(separator: ", "))\(more)"
        )
    }

    private static func called(_ holder: String, _ name: (String) -> String) -> String {
        holder == reserved ? "an auxiliary address" : "container \(name(holder))"
    }

    /// In place of a container.
    static let reserved = "reserved"
}
