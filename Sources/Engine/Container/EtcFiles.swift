import APITypes
import Linux
import Networks

/// `hostname`, `hosts` and `resolv.conf` of a container, bound over those in /etc.
struct EtcFiles: Sendable {
    private let document: ContainerDocument
    private let endpoints: [Endpoint]
    /// Of its networks; empty: none has names.
    private let nameServers: [IPAddress]

    init(document: ContainerDocument, endpoints: [Endpoint], nameServers: [IPAddress]) {
        (self.document, self.endpoints, self.nameServers) = (document, endpoints, nameServers)
    }

    /// Anew at each start, as Docker does.
    func write(to directory: String) throws(SystemError) {
        try put(Spec.hostname(of: document) + "\n", "\(directory)/hostname")
        try put(hosts(), "\(directory)/hosts")
        try put(try resolver(), "\(directory)/resolv.conf")
    }

    private func put(_ text: String, _ path: String) throws(SystemError) {
        try Container.write(Array(text.utf8), to: path, mode: 0o644)
    }

    private func hosts() throws(SystemError) -> String {
        var text = ""
        if document.namespaces.network == .host {
            text = String(decoding: try File.readIfPresent("/etc/hosts") ?? [], as: UTF8.self)
            if !text.hasSuffix("\n"), !text.isEmpty { text += "\n" }
        } else {
            text = """
                127.0.0.1\tlocalhost
                ::1\tlocalhost ip6-localhost ip6-loopback
                fe00::0\tip6-localnet
                ff00::0\tip6-mcastprefix
                ff02::1\tip6-allnodes
                ff02::2\tip6-allrouters

                """
        }
        for entry in document.host.extraHosts ?? [] {
            // name:address; an IPv6 address has colons of its own.
            let parts = entry.split(separator: entry.contains("=") ? "=" : ":", maxSplits: 1)
            if parts.count == 2 { text += "\(parts[1])\t\(parts[0])\n" }
        }
        let name = Spec.hostname(of: document)
        // With a domain, by both, as Docker does.
        let names = name.contains(".") ? "\(name) \(name.prefix { $0 != "." })" : name
        for address in endpoints.flatMap(\.addresses) { text += "\(address.address)\t\(names)\n" }
        return text
    }

    private func resolver() throws(SystemError) -> String {
        let host = document.host
        // A network's name server asks those that were given.
        let servers = nameServers.isEmpty ? host.dns ?? [] : nameServers.map(\.description)
        let (search, options) = (host.dnsSearch ?? [], host.dnsOptions ?? [])
        let given = String(decoding: try File.readIfPresent("/etc/resolv.conf") ?? [], as: UTF8.self)
        if servers.isEmpty, search.isEmpty, options.isEmpty { return given }
        let kept = given.split(separator: "\n").filter { line in
            (servers.isEmpty && line.hasPrefix("nameserver")) || (search.isEmpty && line.hasPrefix("search"))
                || (options.isEmpty && line.hasPrefix("options"))
        }
        var lines = kept.map(String.init) + servers.map { "nameserver \($0)" }
        if !search.isEmpty, search != ["."] { lines.append("search " + search.joined(separator: " ")) }
        if !options.isEmpty { lines.append("options " + options.joined(separator: " ")) }
        return lines.joined(separator: "\n") + "\n"
    }
}
