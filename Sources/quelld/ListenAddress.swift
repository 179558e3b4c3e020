import Linux

/// Where the daemon listens, as `-H` and `hosts` have it.
enum ListenAddress: Hashable, Sendable, CustomStringConvertible {
    case unix(String)
    case tcp(InternetAddress)
    /// Sockets that systemd passes: the one of this name or number, or all.
    case passed(String?)

    /// - Parameter hasTLS: decides about the port where none is named, as in Docker.
    init(parsing host: String, hasTLS: Bool) throws(DaemonError) {
        if let path = ListenAddress.rest(of: host, after: "unix://") {
            self = .unix(try absolute(path, "host"))
        } else if let name = ListenAddress.rest(of: host, after: "fd://") {
            self = .passed(name.isEmpty || name == "*" ? nil : name)
        } else if let place = ListenAddress.rest(of: host, after: "tcp://") {
            self = .tcp(try ListenAddress.internet(place, host, hasTLS ? 2376 : 2375))
        } else {
            throw DaemonError("host \"\(host)\": expected unix://PATH, tcp://ADDRESS:PORT or fd://")
        }
    }

    private static func rest(of host: String, after scheme: String) -> String? {
        host.hasPrefix(scheme) ? String(host.dropFirst(scheme.count)) : nil
    }

    private static func internet(
        _ place: String, _ host: String, _ usualPort: UInt16
    ) throws(DaemonError) -> InternetAddress {
        var (name, rest) = (place[...], Substring())
        if place.hasPrefix("["), let end = place.firstIndex(of: "]") {
            name = place[place.index(after: place.startIndex)..<end]
            rest = place[place.index(after: end)...]
        } else if let colon = place.lastIndex(of: ":") {
            (name, rest) = (place[..<colon], place[colon...])
        }
        if name == "localhost" { name = "127.0.0.1" }
        let port = rest.isEmpty ? usualPort : UInt16(rest.dropFirst())
        guard let port, port > 0, rest.isEmpty || rest.hasPrefix(":") else {
            throw DaemonError("host \"\(host)\": expected a port from 1 to 65535 behind the address")
        }
        guard let address = InternetAddress(String(name), port: port) else {
            throw DaemonError(
                "host \"\(host)\": expected a numeric address such as 127.0.0.1, 0.0.0.0 or [::1] (names are not looked up)"
            )
        }
        return address
    }

    var description: String {
        switch self {
        case .unix(let path): "unix://\(path)"
        case .tcp(let address): "tcp://\(address)"
        case .passed(let name): "fd://\(name ?? "")"
        }
    }
}

/// Who may speak to a TCP endpoint.
struct TLSSettings: Hashable, Sendable {
    var certificate: String
    var key: String
    /// Clients must have a certificate of these authorities.
    var clientAuthorities: String?

    /// `tls` and `tlsverify` of Docker: the second implies the first. Nil: no TLS.
    init?(file: DaemonFile, overriddenBy command: QuelldCommand) throws(DaemonError) {
        let verifies = command.tlsverify || file.tlsverify ?? false
        let paths = [
            ("tlscacert", command.tlscacert ?? file.tlscacert), ("tlscert", command.tlscert ?? file.tlscert),
            ("tlskey", command.tlskey ?? file.tlskey),
        ]
        guard verifies || command.tls || file.tls ?? false else {
            if let (name, _) = paths.first(where: { $0.1 != nil }) {
                throw DaemonError("\(name) means nothing without tls or tlsverify: add --tlsverify, or leave it out")
            }
            return nil
        }
        for (name, path) in paths where path == nil && (verifies || name != "tlscacert") {
            throw DaemonError("\(verifies ? "tlsverify" : "tls"): --\(name) is missing (a PEM file)")
        }
        certificate = try absolute(paths[1].1 ?? "", "tlscert")
        key = try absolute(paths[2].1 ?? "", "tlskey")
        clientAuthorities = verifies ? try absolute(paths[0].1 ?? "", "tlscacert") : nil
    }
}

/// What is not let in by accident: the API is root on this host.
enum Exposure {
    /// Throws where anybody on the network could use the API. Gives the warning where every local user can.
    static func check(_ what: String, isLoopback: Bool, _ tls: TLSSettings?) throws(DaemonError) -> String? {
        if tls?.clientAuthorities != nil { return nil }
        guard isLoopback else {
            throw DaemonError(
                "\(what): whoever reaches it would be root on this host. Beyond the loopback only TLS with client "
                    + "certificates is offered: --tlsverify with --tlscacert, --tlscert and --tlskey")
        }
        return "API is accessible on \(what) without client certificates: every user and program of this host that "
            + "connects is root. Use the unix socket, or --tlsverify"
    }
}
