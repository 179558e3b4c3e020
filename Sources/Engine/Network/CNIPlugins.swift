import Lifecycle
import Linux
import Networks

/// Runs the plugins of the Container Network Interface, which do the work on devices, addresses and published ports.
struct CNIPlugins: Sendable {
    enum Command: String, Sendable { case add = "ADD", check = "CHECK", delete = "DEL" }

    /// Where the distributions put them.
    static let usualPlaces = ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni", "/usr/local/lib/cni"]
    /// What a plugin may take: it starts others, and waits for locks of the host's packet filter.
    private static let deadline = Duration.seconds(20)
    private static let longestAnswer = 1 << 20

    /// Searched in order.
    let places: [String]

    /// The result of ADD; nil of the others. `lock`: see `Child.run`; a plugin goes on although the engine is killed.
    @discardableResult
    func run(
        _ command: Command, _ call: CNICall, container: String, interface: String, namespace: String, lock: String,
        _ core: EngineCore
    ) async throws(EngineError) -> CNIResult? {
        let environment = [
            "CNI_COMMAND=\(command.rawValue)", "CNI_CONTAINERID=\(container)", "CNI_NETNS=\(namespace)",
            "CNI_IFNAME=\(interface)", "CNI_PATH=\(places.joined(separator: ":"))", "PATH=\(HostFilter.path)",
        ]
        let what = "network plugin \(call.plugin) (\(command.rawValue))"
        let result = try await Child.run(
            try program(call.plugin), [], environment: environment, input: call.configuration, holding: lock,
            for: what, within: CNIPlugins.deadline, limit: CNIPlugins.longestAnswer, core)
        guard result.status?.isSuccess == true else {
            let fault = CNIFault(reading: Array(result.text.utf8))
            let text = fault.map { [$0.msg, $0.details ?? ""].filter { !$0.isEmpty }.joined(separator: ": ") }
            throw .system("\(what) failed: \(text ?? result.text.trimmingWhitespace)")
        }
        guard command == .add else { return nil }
        do { return try CNIResult(reading: Array(result.text.utf8)) } catch {
            throw .system("\(what) said something else than a result: \(result.text.trimmingWhitespace)")
        }
    }

    /// What is missing of them, and what to do about it; nil: nothing.
    func fault(of names: [String]) -> String? {
        names.first { path(of: $0) == nil }.map { name in
            "network plugin \(name) is not in \(places.joined(separator: ", ")): install the package containernetworking-plugins, or use --network none or host"
        }
    }

    private func path(of name: String) -> String? {
        places.map { "\($0)/\(name)" }.first(where: File.isExecutable)
    }

    private func program(_ name: String) throws(EngineError) -> String {
        if let path = path(of: name) { return path }
        throw .system(fault(of: [name]) ?? "network plugin \(name) was there a moment ago")
    }
}
