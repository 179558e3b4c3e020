import NIOHTTP1

/// An answer that reports an error.
struct APIFailure: Error, Sendable {
    let status: HTTPResponseStatus
    let message: String

    init(_ status: HTTPResponseStatus, _ message: String) { (self.status, self.message) = (status, message) }

    static func invalid(_ message: String) -> APIFailure { APIFailure(.badRequest, message) }
}
