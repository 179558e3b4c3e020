import APITypes
import Networks

// What Docker's API shows of a container's networks.

extension EngineCore {
    func endpointViews(_ snapshot: ContainerSnapshot) -> [String: EndpointSettings] {
        let document = snapshot.document
        switch document.namespaces.network {
        case .host: return ["host": EndpointSettings()]
        case .shared: return [:]
        case .own, .none: break
        }
        let wishes = document.endpoints ?? []
        if wishes.isEmpty { return ["none": EndpointSettings()] }
        var views: [String: EndpointSettings] = [:]
        for wish in wishes {
            let endpoint = snapshot.state.endpoints?.first { $0.network == wish.network }
            views[networks.withID(wish.network)?.name ?? wish.networkName] = view(wish, endpoint, of: document.id)
        }
        return views
    }

    private func view(_ wish: EndpointWish, _ endpoint: Endpoint?, of container: String) -> EndpointSettings {
        var view = EndpointSettings()
        view.networkID = wish.network
        view.aliases = wish.aliases.isEmpty ? nil : wish.aliases
        if !wish.addresses.isEmpty {
            var asked = EndpointIPAMConfig()
            asked.ipv4Address = wish.addresses.first { $0.family == .v4 }?.description
            asked.ipv6Address = wish.addresses.first { $0.family == .v6 }?.description
            view.ipamConfig = asked
        }
        view.macAddress = wish.macAddress
        guard let endpoint else { return view }
        view.endpointID = endpoint.id(in: container)
        view.macAddress = endpoint.macAddress
        if let own = endpoint.address(.v4) {
            (view.ipAddress, view.ipPrefixLen) = (own.address.description, own.length)
            view.gateway = own.gateway?.description
        }
        if let own = endpoint.address(.v6) {
            (view.globalIPv6Address, view.globalIPv6PrefixLen) = (own.address.description, own.length)
            view.ipv6Gateway = own.gateway?.description
        }
        return view
    }

    func networkSettings(_ snapshot: ContainerSnapshot) -> NetworkSettings {
        var view = NetworkSettings()
        view.networks = endpointViews(snapshot)
        for port in (snapshot.document.config.exposedPorts ?? [:]).keys where snapshot.isRunning {
            view.ports[port] = .some(nil)
        }
        for port in snapshot.state.endpoints?.flatMap(\.ports) ?? [] {
            var binding = PortBinding()
            (binding.hostIp, binding.hostPort) = (port.address?.description ?? "0.0.0.0", "\(port.host)")
            let name = "\(port.container)/\(port.transport.rawValue)"
            view.ports[name] = ((view.ports[name] ?? nil) ?? []) + [binding]
        }
        guard let first = snapshot.state.endpoints?.first else { return view }
        let id = snapshot.document.id
        (view.sandboxID, view.sandboxKey) = (id, paths.networkNamespace(id))
        // Docker's old members, of its default network only.
        guard networks.withID(first.network)?.name == NetworkTable.defaultName else { return view }
        (view.endpointID, view.macAddress) = (first.id(in: id), first.macAddress ?? "")
        if let own = first.address(.v4) {
            (view.ipAddress, view.ipPrefixLen) = (own.address.description, own.length)
            view.gateway = own.gateway?.description ?? ""
        }
        return view
    }

    /// As `ps` shows them: those that are exposed without being published too.
    func publishedPorts(_ snapshot: ContainerSnapshot) -> [PortSummary] {
        guard snapshot.isRunning else { return [] }
        let ports = snapshot.state.endpoints?.flatMap(\.ports) ?? []
        var list: [PortSummary] = []
        for (name, _) in (snapshot.document.config.exposedPorts ?? [:]).sorted(by: { $0.key < $1.key }) {
            // Read when the container was made: what is not one is not there.
            guard let (number, transport) = try? PortMapping.port(parsing: name),
                !ports.contains(where: { $0.container == number && $0.transport == transport })
            else { continue }
            list.append(PortSummary(number, transport))
        }
        for port in ports {
            var summary = PortSummary(port.container, port.transport)
            (summary.ip, summary.publicPort) = (port.address?.description ?? "0.0.0.0", Int(port.host))
            list.append(summary)
        }
        return list
    }
}

extension Endpoint {
    /// Of the endpoint as Docker numbers them: the container's and the network's together tell it from all others.
    func id(in container: String) -> String { String(container.prefix(32)) + String(network.prefix(32)) }
}

extension PortSummary {
    fileprivate init(_ port: UInt16, _ transport: PortMapping.Transport) {
        self.init()
        (privatePort, type) = (Int(port), transport.rawValue)
    }
}
