import Linux
import Networks
import Synchronization

/// The host's ports that containers have, each kept by a socket from the rest of the host.
final class PortTable: Sendable {
    /// A descriptor is no member of an array.
    private final class Socket: Sendable {
        let port: HeldPort
        init(_ port: consuming HeldPort) { self.port = port }
    }
    private struct Entry: Sendable {
        var mapping: PortMapping
        var container: String
        let socket: Socket
    }
    private let entries = Mutex<[Entry]>([])

    /// Takes them all or none; those that named no port get one that is free. `name`: what the holder of one is called.
    func take(
        _ wishes: [PortWish], for container: String, name: (String) -> String
    ) throws(EngineError) -> [PortMapping] {
        var taken: [(index: Int, mapping: PortMapping)] = []
        do throws(EngineError) {
            // Those with the least choice first: none is to take what only another one can have.
            for (index, wish) in wishes.enumerated().sorted(by: {
                ($0.element.freedom, $0.offset) < ($1.element.freedom, $1.offset)
            }) {
                taken.append((index, try take(wish, for: container, name)))
            }
        } catch {
            release(container)
            throw error
        }
        return taken.sorted { $0.index < $1.index }.map(\.mapping)
    }

    /// Who has ports that these would need.
    func holders(of wishes: [PortWish], besides container: String) -> Set<String> {
        entries.withLock { entries in
            Set(
                entries.filter { entry in
                    entry.container != container
                        && wishes.contains { $0.mapping.host != 0 && $0.mapping.collides(with: entry.mapping) }
                }.map(\.container))
        }
    }

    func release(_ container: String) { entries.withLock { $0.removeAll { $0.container == container } } }

    private func take(
        _ wish: PortWish, for container: String, _ name: (String) -> String
    ) throws(EngineError) -> PortMapping {
        guard let choices = wish.choices else { return try hold(wish.mapping, for: container, name) }
        for number in choices {
            var mapping = wish.mapping
            mapping.host = number
            do throws(EngineError) { return try hold(mapping, for: container, name) } catch {
                // Another of them may be free.
                if case .conflict = error { continue }
                throw error
            }
        }
        throw .conflict("all ports of \(choices.lowerBound)-\(choices.upperBound) are already allocated")
    }

    private func hold(
        _ mapping: PortMapping, for container: String, _ name: (String) -> String
    ) throws(EngineError) -> PortMapping {
        let holder = entries.withLock {
            $0.first { $0.mapping.host != 0 && $0.mapping.collides(with: mapping) }?.container
        }
        if let holder {
            throw .conflict(
                "Bind for \(mapping.place) failed: port is already allocated, to container \(name(holder)): stop it, or publish at another port"
            )
        }
        do throws(SystemError) {
            let port = try HeldPort(mapping.bytes, port: mapping.host, mapping.heldTransport)
            var held = mapping
            held.host = port.number
            let socket = Socket(port)
            entries.withLock { $0.append(Entry(mapping: held, container: container, socket: socket)) }
            return held
        } catch {
            guard error.errno == 98 else { throw EngineError("publish port \(mapping)", error) }
            throw .conflict(
                "Bind for \(mapping.place) failed: port is already allocated, to a process of the host (ss -lnp names it)"
            )
        }
    }
}

/// A port that is to be published.
struct PortWish: Codable, Hashable, Sendable {
    var mapping: PortMapping
    /// Any of these.
    var first: UInt16?
    var last: UInt16?

    /// How many ports would do.
    fileprivate var freedom: Int { choices?.count ?? (mapping.host == 0 ? Int(UInt16.max) : 1) }

    var choices: ClosedRange<UInt16>? { first.flatMap { first in last.map { first...$0 } } }
}

extension PortMapping {
    fileprivate var place: String { "\(address.map { "\($0)" } ?? "0.0.0.0"):\(host)" }

    fileprivate var bytes: [UInt8] {
        let address = address ?? IPAddress(.v4, 0)
        return stride(from: address.width - 8, through: 0, by: -8).map {
            UInt8(truncatingIfNeeded: address.number >> $0)
        }
    }

    fileprivate var heldTransport: HeldPort.Transport {
        switch transport {
        case .tcp: .tcp
        case .udp: .udp
        case .sctp: .sctp
        }
    }
}
