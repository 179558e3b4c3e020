public import RegistryWire

/// Why an operation of the image store failed. The store is unchanged whenever one of these is thrown.
public enum ImageError: Error, Sendable, Equatable {
    /// No such image. (404)
    case notFound(String)
    /// `push` of a name that no image has. (404)
    case notTagged(String)
    /// A short id that several images share. (404 in Docker's API, with this message)
    case ambiguous(prefix: String, candidates: [Digest])
    /// A reference, filter, `--change` or other argument that is not well formed. (400)
    case invalid(String)
    /// The image is needed: by containers, or by several references. (409)
    case conflict(String)
    /// An archive that is truncated, corrupt, hostile, or holds something else than it says. (400)
    case badArchive(archive: String, entry: String?, fault: String)
    /// A registry refused or failed, or what it sent cannot be used. (401, 403, 404, 500)
    case registry(RegistryFault)
    /// Nothing is at that path of a root file system (`docker cp`). (404)
    case noSuchPath(String)
    /// The file system of the store, or of the target, is full. (507, Docker says 500)
    case noSpace(String)
    /// The task that asked was cancelled.
    case cancelled
    /// A system call failed: what was tried, on what, and the error number (0 where there is none). (500)
    case system(operation: String, subject: String, errno: Int32)
    /// The store on disk is damaged: which file, and how. (500)
    case damaged(String)
}

extension ImageError: CustomStringConvertible {
    /// One sentence for a person, in Docker's words where Docker has some.
    public var description: String {
        switch self {
        case .notFound(let name): "No such image: \(name)"
        case .notTagged(let name): "An image does not exist locally with the tag: \(name)"
        case .registry(let fault): fault.message
        case .ambiguous(let prefix, let candidates):
            "image id prefix \(prefix) is ambiguous: it fits " + candidates.map(\.short).joined(separator: ", ")
        case .invalid(let message), .conflict(let message), .damaged(let message), .noSpace(let message): message
        case .badArchive(let archive, let entry?, let fault): "\(archive): \(entry): \(fault)"
        case .badArchive(let archive, nil, let fault): "\(archive): \(fault)"
        case .noSuchPath(let path): "\(path): no such file or directory"
        case .cancelled: "cancelled"
        case .system(let operation, let subject, let errno):
            errno == 0 ? "\(operation) \(subject) failed" : "\(operation) \(subject): \(errorText(errno))"
        }
    }
}
