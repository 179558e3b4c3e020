/// `--security-opt`.
struct SecurityOptions: Hashable, Sendable {
    enum Seccomp: Hashable, Sendable {
        case standard, unconfined
        /// A profile's text, as docker's command line sends it.
        case profile(String)
    }
    var noNewPrivileges = false
    var seccomp = Seccomp.standard

    init(_ options: [String]) throws(EngineError) {
        for option in options {
            let mark = option.firstIndex { $0 == "=" || $0 == ":" }
            let key = mark.map { option[..<$0] } ?? option[...]
            let value = mark.map { String(option[option.index(after: $0)...]) }
            try read(String(key), value, option)
        }
    }

    private mutating func read(_ key: String, _ value: String?, _ option: String) throws(EngineError) {
        switch (key, value) {
        case ("no-new-privileges", nil), ("no-new-privileges", "true"): noNewPrivileges = true
        case ("no-new-privileges", "false"): noNewPrivileges = false
        case ("seccomp", "unconfined"): seccomp = .unconfined
        case ("seccomp", "builtin"): seccomp = .standard
        case ("seccomp", let text?): seccomp = .profile(text)
        case ("apparmor", "unconfined"), ("label", "disable"), ("systempaths", "unconfined"): break
        case ("apparmor", _), ("label", _):
            throw .unsupported(
                "security option \(option): \(key) profiles are not there yet: use \(key == "label" ? "label=disable" : "apparmor=unconfined")"
            )
        default: throw .invalid("invalid --security-opt 2: \"\(option)\"")
        }
    }
}
