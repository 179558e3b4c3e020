import FoundationEssentials
import Glibc
import NIOSSL
import RegistryWire

/// Where a registry's API is.
struct Endpoint: Sendable, Hashable {
    enum Scheme: String { case https, http }

    var scheme: Scheme
    /// `HOST[:PORT]`
    var host: String
    /// Before `/v2/`: mirrors may have one.
    var path = ""
    /// Certificates are not verified; plain HTTP may be tried.
    var isInsecure: Bool
    /// Its own certificates, where the configuration has some.
    var tls: TLSConfiguration?

    var url: String { "\(scheme.rawValue)://\(host)\(path)" }

    static func == (left: Endpoint, right: Endpoint) -> Bool { left.url == right.url }
    func hash(into hasher: inout Hasher) { hasher.combine(url) }
}

extension Endpoint {
    /// Of a registry as images name it.
    init(registry: String, _ settings: RegistrySettings) throws(Fault) {
        let host = registry == "docker.io" ? "registry-1.docker.io" : registry
        let own = try Certificates.configuration(for: host, in: settings.certificates)
        // Who installs certificates for a registry means them to be looked at.
        let insecure = own == nil && Insecurity.applies(to: host, settings.insecure)
        var tls = own
        if insecure {
            var lax = TLSConfiguration.makeClientConfiguration()
            lax.certificateVerification = .none
            tls = lax
        }
        self.init(scheme: .https, host: host, isInsecure: insecure, tls: tls)
    }

    init?(mirror text: String, _ settings: RegistrySettings) throws(Fault) {
        guard let url = URL(string: text), let scheme = url.scheme.flatMap(Scheme.init(rawValue:)),
            let name = url.host(percentEncoded: false)
        else { return nil }
        let bracketed = name.contains(":") && !name.hasPrefix("[") ? "[\(name)]" : name
        try self.init(registry: bracketed + (url.port.map { ":\($0)" } ?? ""), settings)
        self.scheme = scheme
        path = url.path.hasSuffix("/") ? String(url.path.dropLast()) : url.path
    }
}

/// Which registries are trusted without proof.
enum Insecurity {
    /// Loopback always is, as in Docker: what goes there can be heard by this machine only.
    static func applies(to host: String, _ configured: [String]) -> Bool {
        let name = bare(host)
        let ranges = AddressRange.loopback + configured.compactMap { AddressRange($0) }
        if name == "localhost" || ranges.contains(where: { $0.holds(name) }) { return true }
        return configured.contains { $0 == host || $0 == name }
    }

    /// Without port and brackets.
    private static func bare(_ host: String) -> String {
        if host.hasPrefix("[") { return String(host.dropFirst().prefix { $0 != "]" }) }
        return String(host.prefix { $0 != ":" })
    }
}

/// A range of addresses, such as `10.0.0.0/8`.
struct AddressRange: Sendable {
    private let network: [UInt8]
    private let bits: Int

    static let loopback = ["127.0.0.0/8", "::1/128"].compactMap { AddressRange($0) }

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let network = AddressRange.bytes(of: parts[0]), let bits = Int(parts[1]),
            (0...network.count * 8).contains(bits)
        else { return nil }
        (self.network, self.bits) = (network, bits)
    }

    /// False for what is no address.
    func holds(_ address: String) -> Bool {
        guard let own = AddressRange.bytes(of: address), own.count == network.count else { return false }
        return (0..<bits).allSatisfy { bit in
            let mask = UInt8(0x80) >> UInt8(bit % 8)
            return own[bit / 8] & mask == network[bit / 8] & mask
        }
    }

    static func bytes(of address: String) -> [UInt8]? {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            let isAddress = unsafe bytes.withUnsafeMutableBytes { raw in
                // SAFETY: the buffer is as large as an address of that family.
                unsafe inet_pton(family, address, raw.baseAddress) == 1
            }
            if isAddress { return bytes }
        }
        return nil
    }
}

/// `certs.d/HOST[:PORT]/`: every `*.crt` is an authority, `NAME.cert` with `NAME.key` shows who we are.
enum Certificates {
    /// nil where there is no such directory.
    static func configuration(for host: String, in directory: String) throws(Fault) -> TLSConfiguration? {
        let place = directory + "/" + host
        guard !host.contains("/"), host != "..", host != ".", let names = list(place) else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        do {
            var roots: [NIOSSLCertificate] = []
            for name in names where name.hasSuffix(".crt") {
                roots += try NIOSSLCertificate.fromPEMFile(place + "/" + name)
            }
            if !roots.isEmpty { configuration.additionalTrustRoots = [.certificates(roots)] }
            if let name = names.first(where: { $0.hasSuffix(".cert") || $0.hasSuffix(".key") }) {
                let base = String(name[..<(name.lastIndex(of: ".") ?? name.endIndex)])
                guard let missing = [base + ".cert", base + ".key"].first(where: { !names.contains($0) }) else {
                    configuration.certificateChain = try NIOSSLCertificate.fromPEMFile("\(place)/\(base).cert").map {
                        .certificate($0)
                    }
                    let key = try NIOSSLPrivateKey(file: "\(place)/\(base).key", format: .pem)
                    configuration.privateKey = .privateKey(key)
                    return configuration
                }
                throw Fault(.system, "certificates in \(place): there is \(name), but no \(missing)")
            }
        } catch let fault as Fault {
            throw fault
        } catch {
            throw Fault(.system, "certificates in \(place) cannot be read: \(error)")
        }
        return configuration
    }

    private static func list(_ path: String) -> [String]? {
        // SAFETY: a directory stream that is closed at the end; the names are copied out.
        guard let stream = unsafe opendir(path) else { return nil }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            names.append(name)
        }
        return names.sorted()
    }
}
