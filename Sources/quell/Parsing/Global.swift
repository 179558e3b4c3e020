import Lifecycle

/// Options of `quell` itself; they stand before the command. `--deadline` may stand after it too.
enum Global {
    static let host = Option(
        "host", short: "H", "HOST", "Where quelld listens (QUELL_HOST, DOCKER_HOST; unix:///run/quell/quell.sock)",
        completion: .files)
    static let deadline = Option("deadline", "DURATION", "Give up after this time, with exit status 124") {
        (text) throws(ValueFault) in try parseDuration(text)
    }
    static let version = Flag("version", short: "v", "Print the version and quit")

    static let options: [any OptionSpec] = [host, deadline, version]
}

/// A duration as Go and docker write it: `10s`, `1m30s`, `500ms`; a bare number is seconds.
func parseDuration(_ text: String) throws(ValueFault) -> Duration {
    guard let duration = Duration(parsing: text) else {
        throw ValueFault("it is no duration", expected: "a duration such as 500ms, 10s or 1m30s")
    }
    return duration
}
