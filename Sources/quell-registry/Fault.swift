import AsyncHTTPClient
import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import RegistryWire

/// Why something failed, and whether it may go better another time.
struct Fault: Error {
    let kind: RegistryFault.Kind
    let message: String
    var mayPass = false
    /// What the registry asks to wait before the next try.
    var retryAfter: Duration?

    init(_ kind: RegistryFault.Kind, _ message: String) { (self.kind, self.message) = (kind, message) }

    static func passing(_ message: String, retryAfter: Duration? = nil) -> Fault {
        var fault = Fault(.unavailable, message)
        (fault.mayPass, fault.retryAfter) = (true, retryAfter)
        return fault
    }

    /// Nothing answers under that name: not worth many tries when it is the first thing that is asked.
    var isUnreachable = false

    var told: RegistryFault { RegistryFault(kind, message) }

    func about(_ subject: String) -> Fault {
        var fault = Fault(kind, "\(subject): \(message)")
        (fault.mayPass, fault.retryAfter, fault.isUnreachable) = (mayPass, retryAfter, isUnreachable)
        return fault
    }
}

extension Fault {
    /// What a connection failed with.
    init(_ error: any Error, _ place: String) {
        switch error {
        case let fault as Fault: self = fault
        case let error as NIOConnectionError: self = Fault.unreachable(error, place)
        case let error as HTTPClientError where error == .connectTimeout:
            self = .passing("\(place) does not answer: no connection within \(Int(Deadlines.connect.seconds)) s")
            isUnreachable = true
        case let error as HTTPClientError where error == .readTimeout || error == .deadlineExceeded:
            self = .passing("\(place) stopped answering (\(error.shortDescription))")
        case let error as HTTPClientError where error == .proxyAuthenticationRequired:
            self = Fault(
                .unavailable, "\(place): the proxy asks for a name and a password: put them into its URL, under proxies"
            )
        case let error as HTTPClientError: self = .passing("\(place): \(error.shortDescription)")
        case is NIOSSLExtraError, is NIOSSLError, is BoringSSLError: self = Fault.tls(error, place)
        case let error as IOError: self = Fault.broken(error, place)
        case is CancellationError: self = Fault(.unavailable, "\(place): given up")
        default: self = .passing("\(place): \(error)")
        }
    }

    private static func unreachable(_ error: NIOConnectionError, _ place: String) -> Fault {
        var fault: Fault
        if error.connectionErrors.isEmpty {
            fault = .passing("\(place): no such host: its name is not known here")
        } else {
            let reasons = error.connectionErrors.map { ($0.error as? IOError).map(reason) ?? "\($0.error)" }
            fault = .passing("cannot connect to \(place): \(Set(reasons).sorted().joined(separator: ", "))")
        }
        fault.isUnreachable = true
        return fault
    }

    private static func broken(_ error: IOError, _ place: String) -> Fault {
        let isUnreachable = [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT].contains(error.errnoCode)
        guard isUnreachable else { return .passing("\(place): the connection broke: \(reason(error))") }
        var fault = Fault.passing("cannot connect to \(place): \(reason(error))")
        fault.isUnreachable = true
        return fault
    }

    private static func reason(_ error: IOError) -> String {
        // SAFETY: strerror's text is copied at once.
        unsafe String(cString: strerror(error.errnoCode)).lowercased()
    }

    private static func tls(_ error: any Error, _ place: String) -> Fault {
        let text = Printable.line("\(error)", limit: 300)
        if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("unableToValidateCertificate")
            || text.contains("failedToValidateHostname")
        {
            return Fault(
                .unavailable,
                "\(place): its certificate is not trusted: put the authority's certificate into "
                    + "certs.d/\(place)/ca.crt, or list the registry under insecure-registries")
        }
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
            return Fault(
                .unavailable,
                "\(place) does not speak TLS: for plain HTTP list the registry under insecure-registries")
        }
        let alerts = ["CERTIFICATE_REQUIRED", "ALERT_BAD_CERTIFICATE", "ALERT_CERTIFICATE_UNKNOWN", "ALERT_UNKNOWN_CA"]
        if alerts.contains(where: text.contains) {
            return Fault(
                .unavailable,
                "\(place) wants to see a client certificate that it knows: put one into certs.d/\(place)/client.cert, "
                    + "and its key into client.key")
        }
        return .passing("\(place): TLS failed: \(text)")
    }
}

extension TimeAmount {
    var seconds: Int64 { nanoseconds / 1_000_000_000 }
}

enum Deadlines {
    static let connect = TimeAmount.seconds(15)
    /// Without a byte.
    static let idle = TimeAmount.seconds(60)
    /// From a request to the head of its answer, waiting for a connection included.
    static let head = TimeAmount.seconds(120)
    /// For a whole document, such as a manifest.
    static let document = Duration.seconds(120)
}

/// What a stranger wrote, fit to be shown: one line, no control characters, not long.
enum Printable {
    static func line(_ text: String, limit: Int = 512) -> String {
        var line = ""
        for scalar in text.unicodeScalars.prefix(limit) {
            let isControl = scalar.value < 32 || (127..<160).contains(scalar.value)
            line.unicodeScalars.append(isControl ? " " : scalar)
        }
        return line
    }
}
