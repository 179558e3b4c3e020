import Lifecycle
import Linux
import Logging
import Networks
import Synchronization

/// Containers of a network of one's own find each other by name: aardvark-dns answers at the network's own address. It is a process
/// of its own, which outlives the engine.
final class NameServer: Sendable {
    private static let deadline = Duration.seconds(10)
    private static let places = ["/usr/lib/podman", "/usr/libexec/podman", "/usr/local/libexec/podman", "/usr/bin"]

    private let gate = Gate(limit: 1)
    private let directory: String
    private let hasWarned = Mutex(false)

    init(directory: String) { self.directory = directory }

    /// Nil: it is not installed.
    static let program = places.map { "\($0)/aardvark-dns" }.first(where: File.isExecutable)

    static func serves(_ network: NetworkDefinition) -> Bool {
        network.driver == .bridge && network.name != NetworkTable.defaultName
    }

    /// On return it has been told so, and answers so as soon as it has read its files again. Best effort: without names a network still is one, and the log tells.
    func publish(_ table: NameTable, of network: NetworkDefinition, _ core: EngineCore) async {
        guard NameServer.serves(network) else { return }
        guard let program = NameServer.program else {
            let isFirst = hasWarned.withLock { warned in
                defer { warned = true }
                return !warned
            }
            if isFirst { core.logger.warning("containers have no names in networks: install the package aardvark-dns") }
            return
        }
        do throws(EngineError) { try await publish(table.text, of: network.id, program, core) } catch {
            core.logger.error("names of network \(network.name): \(error)")
        }
    }

    /// Nobody has a name in it any more. The server ends with the last network.
    func forget(_ network: NetworkDefinition, _ core: EngineCore) async {
        guard NameServer.serves(network), let place = await gate.enter(within: NameServer.deadline) else { return }
        defer { place.leave() }
        let path = "\(directory)/\(network.id)"
        do throws(EngineError) {
            try await Blocking.run { () throws(EngineError) in
                try attempt { () throws(SystemError) in
                    guard try File.status(of: path, following: false) != nil else { return }
                    try File.unlink(path)
                    if let server = try self.running() { try server.send(.hup) }
                }
            }
        } catch { core.logger.error("names of network \(network.name): \(error)") }
    }

    private func publish(
        _ text: String, of network: String, _ program: String, _ core: EngineCore
    ) async throws(EngineError) {
        guard let place = await gate.enter(within: NameServer.deadline) else {
            throw .timedOut("aardvark-dns was busy for \(NameServer.deadline.shortText)")
        }
        defer { place.leave() }
        let path = "\(directory)/\(network)"
        let isTold = try await Blocking.run { () throws(EngineError) in
            try attempt { () throws(SystemError) in
                if let present = try File.readIfPresent(path), present == Array(text.utf8) {
                    return try self.running() != nil
                }
                try DurableFile.write(Array(text.utf8), to: path)
                guard let server = try self.running() else { return false }
                try server.send(.hup)
                return true
            }
        }
        if isTold { return }
        // It goes into the background, and its parent ends when it serves.
        let end = try await Child.run(
            program, ["--config", directory, "-p", "53", "run"], for: "starting aardvark-dns",
            within: NameServer.deadline,
            limit: 1 << 16, core)
        guard end.status?.isSuccess == true else { throw .system("aardvark-dns: \(end.text.trimmingWhitespace)") }
    }

    /// The one that reads this directory.
    private func running() throws(SystemError) -> Pidfd? {
        guard let text = try File.readIfPresent("\(directory)/aardvark.pid"),
            let pid = Int32(String(decoding: text, as: UTF8.self).trimmingWhitespace)
        else { return nil }
        do throws(SystemError) {
            let held = try Pidfd(opening: pid)
            let line = String(decoding: try File.read("/proc/\(pid)/cmdline"), as: UTF8.self)
            guard line.contains("aardvark-dns"), line.contains(directory) else { return nil }
            return held
        } catch {
            // It has ended.
            if error.isNoSuchProcess || error.isNotFound { return nil }
            throw error
        }
    }
}
