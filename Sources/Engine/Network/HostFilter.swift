import Lifecycle
import Linux
import Networks
import Synchronization

/// Puts the rules of all networks into the host's packet filter.
final class HostFilter: Sendable {
    static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    /// Others may hold the lock of the packet filter.
    private static let deadline = Duration.seconds(20)

    private let gate = Gate(limit: 1)
    /// What is there, as far as this engine knows.
    private let applied = Mutex<HostRules?>(nil)

    /// On return they are in force. Asked again, nothing is done.
    func apply(_ rules: HostRules, _ core: EngineCore) async throws(EngineError) {
        if applied.withLock({ $0 }) == rules { return }
        guard let place = await gate.enter(within: HostFilter.deadline) else {
            throw .timedOut("the packet filter of the host was busy for \(HostFilter.deadline.shortText)")
        }
        defer { place.leave() }
        if applied.withLock({ $0 }) == rules { return }
        try await apply(rules, .v4, core)
        try await apply(rules, .v6, core)
        applied.withLock { $0 = rules }
    }

    private func apply(_ rules: HostRules, _ family: IPAddress.Family, _ core: EngineCore) async throws(EngineError) {
        let tool = family == .v4 ? "iptables" : "ip6tables"
        // Without networks of version 6 there is nothing to protect, and a host without it has no tables for it.
        if family == .v6, !rules.has(.v6) { return }
        try await HostFilter.run(
            "\(tool)-restore", ["--noflush", "--wait", "10"], input: rules.text(for: family), core)
        for jump in HostRules.jumps {
            let rule = [jump.from, "-j", rules.chain]
            let there = try await HostFilter.status(tool, ["-w", "10", "-t", jump.table, "-C"] + rule, core)
            // First: a policy of the host's own may drop what is not named.
            if !there { try await HostFilter.run(tool, ["-w", "10", "-t", jump.table, "-I"] + rule, input: "", core) }
        }
    }

    private static func status(_ tool: String, _ arguments: [String], _ core: EngineCore) async throws(EngineError)
        -> Bool
    {
        try await child(tool, arguments, input: "", core).status?.isSuccess == true
    }

    private static func run(
        _ tool: String, _ arguments: [String], input: String, _ core: EngineCore
    ) async throws(EngineError) {
        let result = try await child(tool, arguments, input: input, core)
        guard result.status?.isSuccess == true else {
            throw .system("\(tool) \(arguments.joined(separator: " ")) failed: \(result.text.trimmingWhitespace)")
        }
    }

    /// What is missing of it, and what to do about it; nil: nothing.
    static var fault: String? { fault(of: "iptables") }

    private static func fault(of tool: String) -> String? {
        if program(tool) != nil { return nil }
        return "\(tool) is not installed, which bridge networks need: install the package iptables"
    }

    private static func program(_ tool: String) -> String? {
        path.split(separator: ":").map { "\($0)/\(tool)" }.first(where: File.isExecutable)
    }

    private static func child(
        _ tool: String, _ arguments: [String], input: String, _ core: EngineCore
    ) async throws(EngineError) -> Child.Result {
        guard let program = program(tool) else { throw .system(fault(of: tool) ?? tool) }
        return try await Child.run(
            program, arguments, environment: ["PATH=\(path)"], input: Array(input.utf8), for: tool, within: deadline,
            limit: 1 << 20, core)
    }
}
