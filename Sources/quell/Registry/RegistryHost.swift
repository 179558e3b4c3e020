/// Which registry a name belongs to, as docker reads names, and what its credentials are kept under.
enum RegistryHost {
    /// The key of Docker Hub in docker's configuration.
    static let hubKey = "https://index.docker.io/v1/"

    static func key(ofImage name: String) -> String {
        guard let slash = name.firstIndex(of: "/") else { return hubKey }
        let first = String(name[..<slash])
        let isHost =
            first.contains(".") || first.contains(":") || first == "localhost" || first != first.lowercased()
        return isHost ? key(ofServer: first) : hubKey
    }

    /// As a user names it on the command line; nil: Docker Hub.
    static func key(ofServer server: String?) -> String {
        guard let server, !server.isEmpty else { return hubKey }
        let host = bare(server)
        return ["docker.io", "index.docker.io", "registry-1.docker.io"].contains(host) ? hubKey : host
    }

    /// Without scheme and path.
    static func bare(_ server: String) -> String {
        var rest = Substring(server)
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        return String(rest.prefix { $0 != "/" })
    }
}
