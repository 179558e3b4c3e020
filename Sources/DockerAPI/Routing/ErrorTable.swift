import APITypes
import Engine
import Images
import Lifecycle
import NIOHTTP1
import RegistryWire

// The one place where errors become status codes.

extension APIFailure {
    /// What an error is to a client; nil where there is nobody to tell any more.
    init?(_ error: any Error) {
        switch error {
        case let failure as APIFailure: self = failure
        case let error as EngineError: self.init(error.status, error.message)
        case let error as ImageError: self.init(error.status, error.description)
        case let error as SignalError: self.init(.badRequest, error.description)
        case let error as LadderError: self.init(.badRequest, error.description)
        case let error as DecodingError: self.init(.badRequest, "invalid JSON: " + DockerJSON.explain(error))
        case let error as HTTPParserError: self.init(malformed: error)
        case let error as BodyTooLarge:
            self.init(.payloadTooLarge, "the request body is larger than \(error.limit) bytes")
        case is RequestTooSlow:
            self.init(.requestTimeout, "the request body did not come to its end within a minute")
        default: return nil
        }
    }
}

extension APIFailure {
    /// What is no HTTP, or breaks off in the middle.
    init(malformed error: HTTPParserError) {
        self.init(.badRequest, "malformed HTTP request: \(error)")
    }
}

extension EngineError {
    /// The text, with the words by which Docker's clients tell a missing command (127) from one that cannot be
    /// executed (126).
    var message: String {
        let words: String
        switch self {
        case .commandNotFound: words = "executable file not found"
        case .notExecutable: words = "permission denied"
        case .notFound, .conflict, .notRunning, .invalid, .unsupported, .notModified, .forbidden, .timedOut, .stuck,
            .system, .closing:
            return description
        }
        return description.contains(words) ? description : "\(description): \(words)"
    }

    var status: HTTPResponseStatus {
        switch self {
        case .notFound: .notFound
        case .conflict, .notRunning: .conflict
        case .invalid, .commandNotFound, .notExecutable: .badRequest
        case .unsupported: .notImplemented
        case .notModified: .notModified
        case .forbidden: .forbidden
        case .timedOut, .stuck, .system: .internalServerError
        case .closing: .serviceUnavailable
        }
    }
}

extension RegistryFault {
    var status: HTTPResponseStatus {
        switch kind {
        case .unauthorized: .unauthorized
        case .denied: .forbidden
        case .notFound: .notFound
        case .unsuitable, .corrupt, .unavailable, .system: .internalServerError
        case .noSpace: .insufficientStorage
        }
    }
}

extension ImageError {
    var status: HTTPResponseStatus {
        switch self {
        case .notFound, .notTagged, .ambiguous, .noSuchPath: .notFound
        case .registry(let fault): fault.status
        case .invalid, .badArchive: .badRequest
        case .conflict: .conflict
        case .noSpace: .insufficientStorage
        case .cancelled, .system, .damaged: .internalServerError
        }
    }
}
