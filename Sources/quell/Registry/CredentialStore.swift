import APITypes
import Client
import FoundationEssentials
import Lifecycle
import Linux

/// Credentials as docker keeps them: `$DOCKER_CONFIG/config.json` (`~/.docker`), or the helper program that is named there.
struct CredentialStore {
    private let path: String
    private var document: JSONValue
    private let environment: [String]

    init(_ session: Session) throws {
        let directory = session.environment["DOCKER_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
        let home = session.environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "/root"
        path = absolutePath(directory ?? home + "/.docker", in: session.workingDirectory) + "/config.json"
        environment = session.environment.map { "\($0)=\($1)" }
        guard let bytes = try File.readIfPresent(path, limit: 4 << 20), !bytes.isEmpty else {
            document = .object([])
            return
        }
        do throws(JSONFault) { document = try JSONValue(parsing: bytes) } catch {
            throw Failure("\(path) cannot be read: no JSON \(error)")
        }
    }

    /// For one registry; nil where there are none.
    func credentials(for key: String) throws -> AuthConfig? {
        if let helper = helper(for: key) { return try ask(helper, key) }
        guard let entry = entry(key) else { return nil }
        var auth = AuthConfig()
        auth.serveraddress = key
        if case .string(let token)? = entry["identitytoken"], !token.isEmpty { auth.identitytoken = token }
        if case .string(let token)? = entry["registrytoken"], !token.isEmpty { auth.registrytoken = token }
        if case .string(let text)? = entry["auth"], !text.isEmpty {
            guard let data = Data(base64Encoded: text), let colon = data.firstIndex(of: UInt8(ascii: ":")) else {
                throw Failure("\(path): the entry for \(key) is damaged: log in again")
            }
            auth.username = String(decoding: data[..<colon], as: UTF8.self)
            auth.password = String(decoding: data[data.index(after: colon)...], as: UTF8.self)
        }
        return auth
    }

    /// - Returns: where they are kept now.
    mutating func keep(_ auth: AuthConfig, for key: String) throws -> String {
        if let helper = helper(for: key) {
            let isToken = auth.identitytoken?.isEmpty == false
            let secret = JSONValue.row([
                "ServerURL": key, "Username": isToken ? "<token>" : auth.username ?? "",
                "Secret": (isToken ? auth.identitytoken : auth.password) ?? "",
            ])
            _ = try CredentialHelper(helper, environment).run("store", secret.compact)
            // Docker marks who is logged in by an entry that holds nothing.
            set(key, .object([]))
            try write()
            return "the credential helper docker-credential-\(helper)"
        }
        var members: [JSONValue.Member] = []
        if let token = auth.identitytoken, !token.isEmpty {
            members.append(.init("auth", .string(Data("\(auth.username ?? ""):".utf8).base64EncodedString())))
            members.append(.init("identitytoken", .string(token)))
        } else {
            let text = "\(auth.username ?? ""):\(auth.password ?? "")"
            members.append(.init("auth", .string(Data(text.utf8).base64EncodedString())))
        }
        set(key, .object(members))
        try write()
        return path
    }

    /// - Returns: false where there were none.
    mutating func forget(_ key: String) throws -> Bool {
        let had = entry(key) != nil
        if let helper = helper(for: key) { _ = try CredentialHelper(helper, environment).run("erase", key) }
        guard had else { return false }
        set(key, nil)
        try write()
        return true
    }

    // MARK: the document

    private func helper(for key: String) -> String? {
        if case .string(let name)? = document["credHelpers"]?[key], !name.isEmpty { return name }
        if case .string(let name)? = document["credsStore"], !name.isEmpty { return name }
        return nil
    }

    /// Older clients wrote addresses with scheme and path.
    private func entry(_ key: String) -> JSONValue? {
        guard case .object(let members)? = document["auths"] else { return nil }
        if let exact = members.first(where: { $0.key == key }) { return exact.value }
        return members.first { RegistryHost.key(ofServer: $0.key) == key }?.value
    }

    private mutating func set(_ key: String, _ value: JSONValue?) {
        guard case .object(var top) = document else { return }
        var auths: [JSONValue.Member] = []
        if case .object(let members)? = document["auths"] { auths = members }
        auths.removeAll { $0.key == key || RegistryHost.key(ofServer: $0.key) == key }
        if let value { auths.append(.init(key, value)) }
        top.removeAll { $0.key == "auths" }
        top.insert(.init("auths", .object(auths)), at: 0)
        document = .object(top)
    }

    private func write() throws {
        let directory = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        try File.makeDirectories(directory, mode: 0o700)
        try DurableFile.write(Array((document.indented() + "\n").utf8), to: path, mode: 0o600)
    }

    private func ask(_ helper: String, _ key: String) throws -> AuthConfig? {
        guard let answer = try CredentialHelper(helper, environment).run("get", key) else { return nil }
        do throws(JSONFault) {
            let value = try JSONValue(parsing: answer)
            var auth = AuthConfig()
            auth.serveraddress = key
            guard case .string(let name)? = value["Username"], case .string(let secret)? = value["Secret"] else {
                return nil
            }
            if name == "<token>" {
                auth.identitytoken = secret
            } else {
                (auth.username, auth.password) = (name, secret)
            }
            return auth
        } catch { throw Failure("docker-credential-\(helper) get: its answer is no JSON \(error)") }
    }
}

/// A program that keeps secrets (github.com/docker/docker-credential-helpers): the server or the secret comes on standard
/// input, never on the command line.
struct CredentialHelper {
    private let name: String
    private let environment: [String]
    private static let deadline = Duration.seconds(120)

    init(_ name: String, _ environment: [String]) { (self.name, self.environment) = (name, environment) }

    /// nil: it knows no such server.
    func run(_ verb: String, _ input: String) throws -> [UInt8]? {
        let program = "docker-credential-\(name)"
        let toHelper = try Pipe()
        let fromHelper = try Pipe()
        var request = SpawnRequest(
            program, [verb], environment: environment,
            descriptors: [
                DescriptorMapping(0, from: toHelper.reading.raw), DescriptorMapping(1, from: fromHelper.writing.raw),
                DescriptorMapping(2, from: 2),
            ])
        request.parentDeathSignal = .term
        let process: SpawnedProcess
        do throws(SystemError) { process = try Spawn.start(request) } catch {
            throw Failure("\(program), which docker's configuration names, cannot be started: \(error)")
        }
        // A pipe holds 64 KiB, more than any secret.
        try toHelper.writing.writeAll(Array((input + "\n").utf8))
        // The helper has its own ends by now; while ours are open there is no end of file.
        CredentialHelper.drop(toHelper.writing, fromHelper.writing)
        let output = try read(fromHelper.reading, program)
        guard let status = try process.pidfd.reap(by: MonotonicClock.now() + CredentialHelper.deadline) else {
            try process.pidfd.send(.kill)
            throw Failure(
                "\(program) \(verb) did not end within \(CredentialHelper.deadline.shortText), and was killed")
        }
        if status.isSuccess { return output }
        let said = String(decoding: output.prefix(512), as: UTF8.self)
        if said.contains("credentials not found") { return nil }
        throw Failure("\(program) \(verb) failed: \(said.filter { !$0.isNewline })")
    }

    private static func drop(_ input: consuming OwnedDescriptor, _ output: consuming OwnedDescriptor) {}

    private func read(_ output: borrowing OwnedDescriptor, _ program: String) throws -> [UInt8] {
        let due = MonotonicClock.now() + CredentialHelper.deadline
        var (bytes, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 65536))
        while true {
            var set = PollSet()
            set.add(output.raw, .readable)
            guard try set.wait(until: due) > 0 else {
                throw Failure("\(program) did not answer within \(CredentialHelper.deadline.shortText)")
            }
            guard case .bytes(let count) = try output.read(into: &buffer) else { return bytes }
            bytes += buffer[..<count]
            guard bytes.count < 1 << 20 else { throw Failure("\(program): its answer has no end") }
        }
    }
}
