import Linux
import NIOCore
import NIOSSL
import Synchronization

/// Files in PEM: who the server is, and who vouches for its clients.
public struct TLSFiles: Hashable, Sendable {
    public var certificate: String
    public var key: String
    /// Clients must show a certificate that these authorities have signed; nil: everybody is let in.
    public var clientAuthorities: String?

    public init(certificate: String, key: String, clientAuthorities: String?) {
        (self.certificate, self.key, self.clientAuthorities) = (certificate, key, clientAuthorities)
    }
}

/// A file of a TLS identity cannot be used.
public struct TLSError: Error, CustomStringConvertible {
    public let description: String
}

/// What TLS endpoints show their clients. Nothing of TLS is loaded before the first one is made.
public final class TLSIdentity: Sendable {
    private let files: TLSFiles
    private let current: Mutex<NIOSSLContext>

    public init(_ files: TLSFiles) throws(TLSError) {
        self.files = files
        current = Mutex(try TLSIdentity.context(files))
    }

    /// Reads the files again, for connections to come. Where they cannot be used, all stays as it was.
    public func reload() throws(TLSError) {
        let fresh = try TLSIdentity.context(files)
        current.withLock { $0 = fresh }
    }

    /// For a new connection.
    func handler() -> NIOSSLServerHandler { NIOSSLServerHandler(context: current.withLock { $0 }) }

    private static func context(_ files: TLSFiles) throws(TLSError) -> NIOSSLContext {
        let chain = try read("certificate", files.certificate) { path in
            try NIOSSLCertificate.fromPEMFile(path)
        }
        let key = try read("key", files.key) { path in try NIOSSLPrivateKey(file: path, format: .pem) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        if let path = files.clientAuthorities {
            let authorities = try read("authorities", path) { path in try NIOSSLCertificate.fromPEMFile(path) }
            configuration.trustRoots = .certificates(authorities)
            // Of clients nobody knows the host; a certificate they must have.
            configuration.certificateVerification = .noHostnameVerification
        }
        do { return try NIOSSLContext(configuration: configuration) } catch {
            throw TLSError(
                description: "certificate \(files.certificate) and key \(files.key) do not go together: \(error)")
        }
    }

    private static func read<Value>(
        _ what: String, _ path: String, _ body: (String) throws -> Value
    ) throws(TLSError) -> Value {
        do throws(SystemError) { try File.open(path, .readOnly).close() } catch {
            throw TLSError(description: "the TLS \(what) cannot be read: \(error)")
        }
        do { return try body(path) } catch {
            throw TLSError(description: "the TLS \(what) \(path) is no PEM file of that kind: \(error)")
        }
    }
}
