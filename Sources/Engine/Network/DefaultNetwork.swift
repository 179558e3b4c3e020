import APITypes
import Networks

/// What a container joins that names no network.
public enum DefaultNetwork: String, Sendable, CaseIterable {
    case bridge, host
    /// A loopback device and nothing else.
    case isolated = "none"
}

extension EngineCore {
    /// Why a network of this kind can have no containers on this host; nil: it can.
    func fault(of driver: NetworkDefinition.Driver) -> String? {
        var plugins = [driver.rawValue, "host-local"]
        if driver == .bridge { plugins.append("portmap") }
        if let fault = networks.plugins.fault(of: plugins) { return fault }
        return driver == .bridge ? HostFilter.fault : nil
    }

    /// The request with the name of its network, and a warning where that is not the one which is usual.
    func namingNetwork(in request: ContainerCreateRequest) -> (request: ContainerCreateRequest, warning: String?) {
        var (request, host) = (request, request.hostConfig ?? HostConfig())
        guard ["", "default"].contains(host.networkMode ?? "") else { return (request, nil) }
        var named = request.networkingConfig?.endpointsConfig ?? [:]
        let own = named.removeValue(forKey: "default")
        let publishes = host.publishAllPorts || (host.portBindings ?? [:]).values.contains { !($0 ?? []).isEmpty }
        let (mode, warning) = networkMode(
            among: named.keys.sorted(), publishes: publishes, isDisabled: request.config.networkDisabled == true)
        if let own, named[mode] == nil { named[mode] = own }
        host.networkMode = mode
        request.hostConfig = host
        if request.networkingConfig != nil { request.networkingConfig?.endpointsConfig = named }
        return (request, warning)
    }

    private func networkMode(
        among named: [String], publishes: Bool, isDisabled: Bool
    ) -> (mode: String, warning: String?) {
        if isDisabled { return (DefaultNetwork.isolated.rawValue, nil) }
        // Networks that are named without a mode are those it joins.
        if let first = named.first { return (first, nil) }
        if let chosen = configuration.defaultNetwork { return (chosen.rawValue, nil) }
        // Who publishes ports wants an error and not a warning.
        guard !publishes, let fault = fault(of: .bridge) else { return (DefaultNetwork.bridge.rawValue, nil) }
        return (DefaultNetwork.isolated.rawValue, "The container has no network: \(fault)")
    }
}
