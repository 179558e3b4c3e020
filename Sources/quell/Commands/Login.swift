import APITypes
import Client
import Linux

enum LoginCommand: Command {
    static let about = About(
        "login", "Log in to a registry", usage: "[SERVER]",
        details: """
            Without a server it is Docker Hub. The credentials are kept where docker keeps them: in \
            $DOCKER_CONFIG/config.json (~/.docker), or with the helper program named there as credsStore or credHelpers.
            """,
        examples: [
            ("quell login registry.example -u alice", "asks for the password"),
            ("pass registry | quell login registry.example -u alice --password-stdin", "from a password manager"),
        ])
    static let username = Option("username", short: "u", "NAME", "User")
    static let password = Option(
        "password", short: "p", "PASSWORD", "Password; others on this machine may see it, prefer --password-stdin")
    static let passwordStdin = Flag("password-stdin", "Read the password from standard input")
    static let options: [any OptionSpec] = [username, password, passwordStdin]
    static let operands = Operands(0...1, .none)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let key = RegistryHost.key(ofServer: arguments.operands.first)
        var store = try CredentialStore(session)
        var auth = AuthConfig()
        auth.serveraddress = key
        try ask(&auth, arguments, try store.credentials(for: key), session)
        let answer = try await session.client.checkLogin(auth)
        if !answer.identityToken.isEmpty { (auth.identitytoken, auth.password) = (answer.identityToken, nil) }
        let place = try store.keep(auth, for: key)
        if place.hasSuffix("config.json") {
            try session.err.write("WARNING! Your password is stored unencrypted in \(place).\n")
        }
        try session.print(answer.status)
        return 0
    }

    /// What was not given is taken from what is kept, or asked for.
    private static func ask(_ auth: inout AuthConfig, _ arguments: Arguments, _ known: AuthConfig?, _ session: Session)
        throws
    {
        let fromInput = try arguments[passwordStdin]
        (auth.username, auth.password) = (try arguments[username], try arguments[password])
        if fromInput {
            if auth.password != nil { throw UsageError.conflict("password", "password-stdin") }
            guard auth.username?.isEmpty == false else { throw UsageError("--password-stdin needs --username") }
            let bytes = try Descriptor.readAll(0, limit: 65536)
            auth.password = String(decoding: bytes, as: UTF8.self)
            while auth.password?.last?.isNewline == true { auth.password?.removeLast() }
        } else if auth.password != nil {
            try session.err.write(
                "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n")
        } else if auth.username == nil, let known, known.password != nil || known.identitytoken != nil {
            // As docker: what is kept is tried again.
            auth = known
            return
        }
        if auth.username == nil { auth.username = try Prompt.line("Username: ", session) }
        if auth.password == nil { auth.password = try Prompt.secret("Password: ", session) }
        guard auth.username?.isEmpty == false, auth.password?.isEmpty == false else {
            throw UsageError("user name and password must not be empty")
        }
    }
}

enum LogoutCommand: Command {
    static let about = About(
        "logout", "Forget the credentials for a registry", usage: "[SERVER]",
        examples: [("quell logout registry.example", "without a server: Docker Hub")])
    static let options: [any OptionSpec] = []
    static let operands = Operands(0...1, .none)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let key = RegistryHost.key(ofServer: arguments.operands.first)
        var store = try CredentialStore(session)
        let had = try store.forget(key)
        try session.print(had ? "Removing login credentials for \(key)" : "Not logged in to \(key)")
        return 0
    }
}

/// Questions on the terminal.
enum Prompt {
    static func line(_ question: String, _ session: Session) throws -> String {
        try requireTerminal()
        try session.err.write(question)
        var buffer = [UInt8](repeating: 0, count: 4096)
        guard case .bytes(let count) = try Descriptor.read(0, into: &buffer) else { return "" }
        return String(decoding: buffer[..<count], as: UTF8.self).filter { !$0.isNewline }
    }

    /// Nothing of it is shown.
    static func secret(_ question: String, _ session: Session) throws -> String {
        try requireTerminal()
        try session.err.write(question)
        try RawMode.enter(0)
        defer { RawMode.leave() }
        var (typed, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 256))
        while case .bytes(let count) = try Descriptor.read(0, into: &buffer) {
            for byte in buffer[..<count] {
                switch byte {
                case 10, 13:
                    try session.err.write(Array("\r\n".utf8))
                    return String(decoding: typed, as: UTF8.self)
                case 3: throw Failure("given up", status: 130)
                case 8, 127: if !typed.isEmpty { typed.removeLast() }
                case _: typed.append(byte)
                }
            }
        }
        return String(decoding: typed, as: UTF8.self)
    }

    private static func requireTerminal() throws {
        guard Terminal.isTerminal(0) else {
            throw Failure(
                "cannot ask for user name and password without a terminal: give --username and --password-stdin")
        }
    }
}
