/// Why the engine refused or failed a call. `description` is the text for the user: what was tried, on what, why it
/// failed, what to do. The HTTP edge maps the case to a status code.
public enum EngineError: Error, Hashable, Sendable {
    /// Nothing has this name (404). `kind` is `container`, `image`, `volume`, `volume driver`, `exec instance`, `network` or
    /// `path`.
    case notFound(kind: String, name: String)
    /// The request contradicts the present state (409).
    case conflict(String)
    /// The call needs a running container (409).
    case notRunning(String)
    /// The request itself is wrong (400).
    case invalid(String)
    /// Asked for by name, not built yet (501).
    case unsupported(String)
    /// Nothing was done because it is so already (304).
    case notModified(String)
    /// The command is not in the image (400 as Docker does at start; the exit code of `run` is 127).
    case commandNotFound(String)
    /// The command cannot be executed (400; the exit code of `run` is 126).
    case notExecutable(String)
    /// The caller may not do this (403).
    case forbidden(String)
    /// A deadline passed; the text says which, and what was observed (500).
    case timedOut(String)
    /// The container did not end by the kill deadline: the verdict line (500).
    case stuck(String)
    /// The kernel, the disk or the runtime failed (500).
    case system(String)
    /// The engine is closing (503).
    case closing
}

extension EngineError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notFound(let kind, let name): EngineError.notFoundText(kind, name)
        case .conflict(let text), .notRunning(let text), .invalid(let text), .unsupported(let text),
            .notModified(let text), .commandNotFound(let text), .notExecutable(let text), .forbidden(let text),
            .timedOut(let text), .stuck(let text), .system(let text):
            text
        case .closing: "the engine is shutting down"
        }
    }

    private static func notFoundText(_ kind: String, _ name: String) -> String {
        switch kind {
        case "volume": "get \(name): no such volume"
        case "volume driver":
            "error looking up volume plugin \(name): plugin \"\(name)\" not found (only local is there)"
        case "network": "network \(name) not found"
        case "endpoint": "no endpoint of \(name)"
        case "path": "Could not find the file \(name)"
        default: "No such \(kind): \(name)"
        }
    }
}
