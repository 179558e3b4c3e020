/// Why a call to quelld did not give what was asked.
public enum ClientError: Error, Hashable, Sendable {
    /// The address of the daemon cannot be used.
    case invalidEndpoint(String, fault: String)
    /// A name in the call is empty; nothing was sent.
    case emptyName(call: String)
    /// Nobody listens on the socket, or there is none.
    case daemonNotRunning(socket: String)
    /// The socket is there, and this user may not open it.
    case denied(socket: String)
    /// The daemon answered with an error; `message` is its own text.
    case api(status: Int, message: String)
    /// No answer, or no further byte of it, in time. What was asked may still happen.
    case deadline(call: String, after: Duration)
    /// The connection broke before the answer was complete. What was asked may have happened.
    case connection(call: String, reason: String)
    /// The answer is not what the API promises.
    case malformed(call: String, reason: String)

    /// The daemon says that there is no such object.
    public var isNotFound: Bool {
        if case .api(404, _) = self { return true }
        return false
    }
}

extension ClientError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidEndpoint(let text, let fault):
            "invalid host \"\(text)\": \(fault); expected unix:///path/to/quell.sock"
        case .emptyName(let call): "\(call): a name is empty"
        case .daemonNotRunning(let socket): "no quelld answers on \(socket.hasPrefix("/") ? "unix://" : "")\(socket)"
        case .denied(let socket):
            "permission denied on unix://\(socket): use sudo, or become a member of the group that owns the socket"
        case .api(_, let message): message
        case .deadline(let call, let after): "\(call): no answer from quelld within \(seconds(after))"
        case .connection(let call, let reason): "\(call): the connection to quelld broke: \(reason)"
        case .malformed(let call, let reason): "\(call): quelld's answer cannot be read: \(reason)"
        }
    }

    private func seconds(_ duration: Duration) -> String {
        let milliseconds = duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
}
