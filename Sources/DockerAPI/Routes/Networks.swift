import APITypes
import Engine
import NIOHTTP1

// Host and none need no device of their own, and are made here; the others are the engine's.

extension API {
    var networkRoutes: [Route] {
        [
            Route(.GET, "/networks") { call in
                let filters = try call.filters()
                var list = await engine.listNetworks(labels: filters["label"] ?? [])
                for network in BuiltInNetwork.allCases {
                    var summary = network.summary
                    if call.version < APIVersion(minor: 28) { summary.containers = try await members(of: network) }
                    list.append(summary)
                }
                var fitting: [NetworkSummary] = []
                for network in list where try await fits(network, filters) { fitting.append(network) }
                try await call.answer(.ok, json: fitting)
            },
            Route(.POST, "/networks/create") { call in
                let request = try await call.json(NetworkCreateRequest.self)
                try await call.answer(.created, json: try await engine.createNetwork(request))
            },
            Route(.GET, "/networks/{id}") { call in
                let id = try call.id
                if let scope = call.query.string("scope"), !scope.isEmpty, scope != "local" {
                    throw APIFailure(.notFound, "network \(id) not found")
                }
                guard let network = BuiltInNetwork.find(id) else {
                    return try await call.answer(.ok, json: try await engine.inspectNetwork(id))
                }
                var summary = network.summary
                summary.containers = try await members(of: network)
                try await call.answer(.ok, json: summary)
            },
            Route(.POST, "/networks/{id}/connect") { call in
                let request = try await call.json(NetworkConnectRequest.self)
                try BuiltInNetwork.refuse(try call.id, "container cannot be connected to")
                try await engine.connect(try call.id, request)
                try await call.answer(.ok)
            },
            Route(.POST, "/networks/{id}/disconnect") { call in
                let request = try await call.json(NetworkDisconnectRequest.self)
                try BuiltInNetwork.refuse(try call.id, "container cannot be disconnected from")
                try await engine.disconnect(try call.id, request)
                try await call.answer(.ok)
            },
            Route(.POST, "/networks/prune") { call in
                let filters = try call.filters()
                for key in filters.keys where !["until", "label", "label!"].contains(key) {
                    throw APIFailure.invalid("invalid filter '\(key)'")
                }
                try await call.answer(.ok, json: ["NetworksDeleted": try await engine.pruneNetworks(filters)])
            },
            Route(.DELETE, "/networks/{id}") { call in
                if let network = BuiltInNetwork.find(try call.id) {
                    throw APIFailure(.forbidden, "\(network.rawValue) is a pre-defined network and cannot be removed")
                }
                try await engine.removeNetwork(try call.id)
                try await call.answer(.noContent)
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

    private func fits(_ network: NetworkSummary, _ filters: [String: [String]]) async throws -> Bool {
        for (key, values) in filters {
            let isFit: Bool
            switch key {
            case "name": isFit = values.contains(where: network.name.contains)
            case "id": isFit = values.contains(where: network.id.hasPrefix)
            case "driver": isFit = values.contains(network.driver)
            case "scope": isFit = values.contains(network.scope)
            case "type": isFit = values.contains(network.isBuiltIn ? "builtin" : "custom")
            // Looked at by the engine; host and none have none.
            case "label": isFit = BuiltInNetwork(rawValue: network.name) == nil
            case "dangling":
                let dangling = values.contains { ["true", "1"].contains($0) }
                let isUsed = network.isBuiltIn ? true : await engine.usesNetwork(network.id)
                isFit = isUsed != dangling
            default: throw APIFailure.invalid("invalid filter '\(key)'")
            }
            if !isFit { return false }
        }
        return true
    }
}

extension NetworkSummary {
    fileprivate var isBuiltIn: Bool { name == "bridge" || BuiltInNetwork(rawValue: name) != nil }
}

/// A network that every engine has.
enum BuiltInNetwork: String, CaseIterable {
    case host, none

    static func find(_ reference: String) -> BuiltInNetwork? {
        allCases.first {
            $0.rawValue == reference || $0.id == reference || (reference.utf8.count >= 12 && $0.id.hasPrefix(reference))
        }
    }

    static func refuse(_ reference: String, _ what: String) throws(APIFailure) {
        guard let network = find(reference) else { return }
        throw APIFailure(.forbidden, "\(what) \(network.rawValue) network")
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
}
