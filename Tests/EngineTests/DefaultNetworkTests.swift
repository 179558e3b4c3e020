import APITypes
import Testing

@testable import Engine

/// What a container joins that names no network.
@Suite struct DefaultNetworkTests {
    private func request(_ change: (inout ContainerCreateRequest) -> Void = { _ in }) -> ContainerCreateRequest {
        var request = ContainerCreateRequest()
        (request.config.image, request.config.cmd, request.hostConfig) = ("busybox", ["true"], HostConfig())
        change(&request)
        return request
    }

    @Test func withoutPluginsItHasNoneAndIsTold() async throws {
        try await Fixture.with { configuration in
            (configuration.defaultNetwork, configuration.pluginDirectories) = (nil, ["/nowhere"])
        } _: { fixture in
            let made = try await fixture.engine.createContainer(request(), name: nil)
            #expect(made.warnings.contains { $0.contains("containernetworking-plugins") }, "\(made.warnings)")
            #expect(try await fixture.engine.inspectContainer(made.id).hostConfig.networkMode == "none")
            #expect(try await fixture.engine.systemInfo().warnings?.contains { $0.contains("/nowhere") } == true)
            for change: (inout ContainerCreateRequest) -> Void in [
                { $0.hostConfig?.networkMode = "bridge" }, { $0.hostConfig?.publishAllPorts = true },
                { $0.hostConfig?.portBindings = ["80/tcp": [PortBinding()]] },
            ] {
                do throws(EngineError) {
                    _ = try await fixture.engine.createContainer(request(change), name: nil)
                    Issue.record("it was made")
                } catch { #expect("\(error)".contains("install the package containernetworking-plugins"), "\(error)") }
            }
        }
    }

    @Test func theConfigurationDecides() async throws {
        try await Fixture.with {
            $0.defaultNetwork = .host
        } _: { fixture in
            let made = try await fixture.engine.createContainer(request(), name: nil)
            #expect(try await fixture.engine.inspectContainer(made.id).hostConfig.networkMode == "host")
            let disabled = request { $0.config.networkDisabled = true }
            let other = try await fixture.engine.createContainer(disabled, name: nil)
            #expect(try await fixture.engine.inspectContainer(other.id).hostConfig.networkMode == "none")
        }
    }

    /// A network that is named without a mode is the one it joins, as in Docker; nothing is made on the host before it starts.
    @Test func networkOfTheEndpoints() async throws {
        try await Fixture.with { fixture in
            var network = NetworkCreateRequest()
            network.name = "app"
            _ = try await fixture.engine.createNetwork(network)
            let asked = request { request in
                request.networkingConfig = NetworkingConfig()
                request.networkingConfig?.endpointsConfig = ["app": EndpointSettings()]
            }
            let made = try await fixture.engine.createContainer(asked, name: nil)
            let shown = try await fixture.engine.inspectContainer(made.id)
            #expect(shown.hostConfig.networkMode == "app" && shown.networkSettings.networks.keys.sorted() == ["app"])
        }
    }
}
