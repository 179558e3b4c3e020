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
    let log: String
    /// Waits for the runtime to hand the terminal over.
    var console: OwnedDescriptor?
    let consolePath: String?
    /// Who is told.
    let asker: (connection: Int, request: UInt32)?
    let deadline: Instant
    var isOverdue = false

    init(
        _ purpose: Purpose, _ spawned: consuming SpawnedProcess, files: RuntimeFiles,
        console: consuming OwnedDescriptor?, asker: (connection: Int, request: UInt32)?, deadline: Instant
    ) {
        self.purpose = purpose
        pid = spawned.pid
        process = spawned.takePidfd()
        (pidFile, log) = (files.pidFile, files.log)
        consolePath = files.console
        self.console = consume console
        (self.asker, self.deadline) = (asker, deadline)
    }
}

extension RuntimeCall {
    /// The runtime's connection, once: the socket is closed after it.
    func acceptConsole() throws(SystemError) -> OwnedDescriptor? {
        guard let listener = console.take() else { return nil }
        guard let socket = try UnixSocket.accept(listener) else {
            console = consume listener
            return nil
        }
        return socket
    }
}

/// The files of one runtime call, in the bundle's folder.
struct RuntimeFiles {
    var pidFile: String
    var log: String
    /// Relative to the bundle, because a unix socket's path may not be long; nil without terminal.
    var console: String?
    var process: String?

    init(bundle: String, name: String, terminal: Bool) {
        pidFile = "\(bundle)/\(name).pid"
        log = "\(bundle)/\(name).log"
        console = terminal ? "\(bundle)/\(name).sock" : nil
        process = "\(bundle)/\(name).json"
    }

    func remove() {
        for path in [pidFile, log, console, process].compactMap({ $0 }) {
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
    init(log: [UInt8], status: ExitStatus) {
        let text = String(decoding: log, as: UTF8.self)
        let messages = text.split(separator: "\n").compactMap { RuntimeFault.message(in: $0) }
        message = messages.last ?? "the runtime \(status) without saying why"
        failure = RuntimeFault.kind(of: message)
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
