import APITypes
import Engine
import NIOHTTP1

// The two networks that need no device of their own. Bridges are not there yet.

extension API {
    var networkRoutes: [Route] {
        [
            Route(.GET, "/networks") { call in
                let filters = try call.filters()
                var list: [NetworkSummary] = []
                for network in try BuiltInNetwork.allCases.filter({ try $0.fits(filters) }) {
                    var summary = network.summary
                    if call.version < APIVersion(minor: 28) { summary.containers = try await members(of: network) }
                    list.append(summary)
                }
                try await call.answer(.ok, json: list)
            },
            Route(.GET, "/networks/{id}") { call in
                let network = try BuiltInNetwork.find(try call.id)
                var summary = network.summary
                summary.containers = try await members(of: network)
                try await call.answer(.ok, json: summary)
            },
            Route(.POST, "/networks/prune") { call in
                for key in try call.filters().keys where !["until", "label", "label!"].contains(key) {
                    throw APIFailure.invalid("invalid filter '\(key)'")
                }
                // There are none but the two that stay.
                try await call.answer(.ok, json: ["NetworksDeleted": [String]()])
            },
            Route(.DELETE, "/networks/{id}") { call in
                let network = try BuiltInNetwork.find(try call.id)
                throw APIFailure(.forbidden, "\(network.rawValue) is a pre-defined network and cannot be removed")
            },
        ]
    }

    private func members(of network: BuiltInNetwork) async throws -> [String: NetworkContainer] {
        var members: [String: NetworkContainer] = [:]
        for container in try await engine.listContainers() where container.hostConfig.networkMode == network.rawValue {
            var member = NetworkContainer()
            member.name = container.names.first.map { String($0.drop { $0 == "/" }) } ?? ""
            members[container.id] = member
        }
        return members
    }
}

/// A network that every engine has.
enum BuiltInNetwork: String, CaseIterable {
    case host, none

    static func find(_ reference: String) throws(APIFailure) -> BuiltInNetwork {
        guard let network = allCases.first(where: { $0.rawValue == reference || $0.id.hasPrefix(reference) }) else {
            throw APIFailure(.notFound, "network \(reference) not found")
        }
        return network
    }

    /// 64 hex digits as an id must have; the name's own bytes, then zeros, so that it is the same everywhere.
    var id: String {
        let digits = rawValue.utf8.map { String($0, radix: 16) }.joined()
        return digits + String(repeating: "0", count: 64 - digits.count)
    }

    var summary: NetworkSummary {
        var summary = NetworkSummary()
        (summary.name, summary.id, summary.scope) = (rawValue, id, "local")
        summary.driver = self == .none ? "null" : "host"
        summary.created = Timestamp.never.description
        (summary.ipam.driver, summary.ipam.config) = ("default", [])
        (summary.containers, summary.options, summary.labels) = ([:], [:], [:])
        return summary
    }

    func fits(_ filters: [String: [String]]) throws(APIFailure) -> Bool {
        for (key, values) in filters {
            switch key {
            case "name": guard values.contains(where: rawValue.contains) else { return false }
            case "id": guard values.contains(where: id.hasPrefix) else { return false }
            case "driver": guard values.contains(summary.driver) else { return false }
            case "scope": guard values.contains("local") else { return false }
            case "type": guard values.contains("builtin") else { return false }
            case "label": return false
            case "dangling": return false
            default: throw APIFailure.invalid("invalid filter '\(key)'")
            }
        }
        return true
    }
}
