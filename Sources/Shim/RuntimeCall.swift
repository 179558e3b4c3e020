internal import Lifecycle
internal import Linux

/// One run of the OCI runtime (crun or runc) that has not ended yet.
final class RuntimeCall {
    enum Purpose: Hashable {
        case start
        case exec(String)
        case delete
    }

    let purpose: Purpose
    let pid: Int32
    let process: Pidfd
    /// Where the runtime writes the pid of what it started.
    let pidFile: String
    /// What the runtime has to say: in memory, so that a full run root does not silence it.
    let log: OwnedDescriptor
    /// Where the runtime hands the terminal over: a socket that listens, then the runtime's connection. Non-blocking: a
    /// runtime connects long before it has a terminal to send.
    private var console: OwnedDescriptor?
    private var isConnected = false
    let consolePath: String?
    /// Why it never came to be executed.
    let report: SpawnReport
    /// Who is told.
    let asker: (connection: Int, request: UInt32)?
    let deadline: Instant
    var isOverdue = false
    /// Why it must not have worked, although it may.
    var refusal: String?

    init(
        _ purpose: Purpose, _ spawned: consuming SpawnedProcess, _ report: SpawnReport, files: RuntimeFiles,
        log: consuming OwnedDescriptor, console: consuming OwnedDescriptor?, asker: (connection: Int, request: UInt32)?,
        deadline: Instant
    ) {
        self.purpose = purpose
        pid = spawned.pid
        process = spawned.takePidfd()
        (pidFile, self.report) = (files.pidFile, report)
        self.log = log
        consolePath = files.console
        self.console = consume console
        (self.asker, self.deadline) = (asker, deadline)
    }

    /// Readable when `receiveTerminal` has something to do; nil: nothing is expected.
    var consoleDescriptor: Int32? { console?.raw }

    /// The terminal's leader, once it is there. Waits for nothing.
    func receiveTerminal() throws(SystemError) -> OwnedDescriptor? {
        guard let socket = console.take() else { return nil }
        if !isConnected {
            guard let connection = try UnixSocket.accept(socket) else {
                console = consume socket
                return nil
            }
            isConnected = true
            console = consume connection
            return try receiveTerminal()
        }
        guard var message = try UnixSocket.receiveRights(limit: 4096, from: socket) else {
            console = consume socket
            return nil
        }
        // It comes with the one message there is; at the end of file there is none.
        return message.takeDescriptor()
    }
}

/// The files of one runtime call, in the bundle's folder.
struct RuntimeFiles {
    var pidFile: String
    /// Relative to the bundle, because a unix socket's path may not be long; nil without terminal.
    var console: String?
    var process: String?

    init(bundle: String, name: String, terminal: Bool) {
        pidFile = "\(bundle)/\(name).pid"
        console = terminal ? "\(bundle)/\(name).sock" : nil
        process = "\(bundle)/\(name).json"
    }

    func remove() {
        for path in [pidFile, console, process].compactMap({ $0 }) {
            do throws(SystemError) { try File.unlink(path) } catch {
                // Not made, or gone with its folder.
            }
        }
    }
}

/// How a runtime's refusal is told apart from its own faults.
struct RuntimeFault: Hashable {
    var failure: StartFailure
    var message: String

    /// `log` is what the runtime wrote with `--log-format json`: one object a line, the last one tells most.
    /// `failure` is why the runtime itself could not be started.
    init(log: [UInt8], status: ExitStatus, failure: SystemError? = nil) {
        if let failure {
            (self.failure, message) = (.system, failure.description)
            return
        }
        let text = String(decoding: log, as: UTF8.self)
        let messages = text.split(separator: "\n").compactMap { RuntimeFault.message(in: $0) }
        let message = messages.last ?? "the runtime \(status) without saying why"
        self.message = message
        self.failure = RuntimeFault.kind(of: message)
    }

    private static func kind(of message: String) -> StartFailure {
        let text = message.lowercased()
        let isProgram = text.contains("executable file") || text.contains("exec:") || text.contains("exec `")
        let aboutProgram = isProgram || text.contains("open executable") || text.contains("stat `")
        if aboutProgram
            && (text.contains("permission denied") || text.contains("not permitted") || text.contains("is a directory")
                || text.contains("exec format error"))
        {
            return .notExecutable
        }
        if isProgram && (text.contains("not found") || text.contains("no such file")) { return .commandNotFound }
        return .runtime
    }

    /// The value of `msg` in one JSON line; the line itself when it is no JSON.
    static func message(in line: Substring) -> String? {
        let key = Array("\"msg\":\"".utf8)
        let bytes = Array(line.utf8)
        guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: key) }) else {
            return bytes.isEmpty ? nil : String(line)
        }
        var text: [UInt8] = []
        var index = start + key.count
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            guard bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count else {
                text.append(bytes[index])
                index += 1
                continue
            }
            index += 2
            switch bytes[index - 1] {
            case UInt8(ascii: "n"): text.append(0x0a)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                let digits = String(decoding: bytes[index..<min(index + 4, bytes.count)], as: UTF8.self)
                index += 4
                if let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) {
                    text.append(contentsOf: String(Character(scalar)).utf8)
                }
            case let other: text.append(other)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
