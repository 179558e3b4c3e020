/// All that a shim needs to know, written by the engine to `shim.conf` before the shim is started.
public struct ShimConfiguration: Hashable, Sendable {
    public var containerID: String
    /// The OCI bundle's folder (holds `config.json`).
    public var bundle: String
    /// Absolute path of crun or runc, and its `--root`.
    public var runtime: String
    public var runtimeRoot: String
    /// The container's cgroup and the shim's own, below the cgroup root, without a leading slash: `quell/<id>`.
    public var containerCgroup: String
    public var shimCgroup: String
    /// The unix socket the shim serves.
    public var socket: String
    /// Where the exit record goes (see `ExitRecord`).
    public var exitRecord: String
    /// Where it goes when that place does not take it in time: beside the socket, in the run root.
    public var lateExitRecord: String {
        String(socket[..<(socket.lastIndex(of: "/") ?? socket.startIndex)]) + "/late-exit"
    }
    public var log: LogConfiguration?
    public var terminal: Bool
    /// The container's stdin is open, and closes with the first attached client that closes it.
    public var openStdin: Bool
    public var stdinOnce: Bool
    /// The host's control group mounts, as lines of mountinfo, so that the shim need not look through all the mounts of a
    /// busy host. Empty: it looks.
    public var cgroupMounts: String

    public init(
        containerID: String, bundle: String, runtime: String, runtimeRoot: String, containerCgroup: String,
        shimCgroup: String, socket: String, exitRecord: String, log: LogConfiguration?, terminal: Bool,
        openStdin: Bool, stdinOnce: Bool, cgroupMounts: String = ""
    ) {
        (self.containerID, self.bundle, self.runtime) = (containerID, bundle, runtime)
        (self.runtimeRoot, self.containerCgroup, self.shimCgroup) = (runtimeRoot, containerCgroup, shimCgroup)
        (self.socket, self.exitRecord, self.log) = (socket, exitRecord, log)
        (self.terminal, self.openStdin, self.stdinOnce) = (terminal, openStdin, stdinOnce)
        self.cgroupMounts = cgroupMounts
    }
}

/// Docker's json-file log: where, and when it is rotated.
public struct LogConfiguration: Hashable, Sendable {
    public var path: String
    /// Bytes after which the file is rotated; nil: never.
    public var maximumSize: UInt64?
    /// Files kept, the current one included; at least 1.
    public var maximumFiles: UInt32

    public init(path: String, maximumSize: UInt64?, maximumFiles: UInt32) {
        (self.path, self.maximumSize, self.maximumFiles) = (path, maximumSize, maximumFiles)
    }
}

extension LogConfiguration: WireCodable {
    public func encode(to writer: inout WireWriter) {
        writer.write(path)
        writer.write(optional: maximumSize) { $0.write($1) }
        writer.write(maximumFiles)
    }
    public init(from reader: inout WireReader) throws(WireError) {
        self.init(
            path: try reader.text(),
            maximumSize: try reader.optional { (reader) throws(WireError) in try reader.integer() },
            maximumFiles: try reader.integer())
    }
}

extension ShimConfiguration: WireCodable {
    /// Raised when a field changes; a shim refuses a configuration of another version.
    static let version: UInt16 = 2

    public func encode(to writer: inout WireWriter) {
        writer.write(ShimConfiguration.version)
        for text in [containerID, bundle, runtime, runtimeRoot, containerCgroup, shimCgroup, socket, exitRecord] {
            writer.write(text)
        }
        writer.write(optional: log) { $1.encode(to: &$0) }
        writer.write(terminal)
        writer.write(openStdin)
        writer.write(stdinOnce)
        writer.write(cgroupMounts)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        let version = try reader.integer(UInt16.self)
        guard version == ShimConfiguration.version else { throw .unknown("configuration version", UInt64(version)) }
        self.init(
            containerID: try reader.text(), bundle: try reader.text(), runtime: try reader.text(),
            runtimeRoot: try reader.text(), containerCgroup: try reader.text(), shimCgroup: try reader.text(),
            socket: try reader.text(), exitRecord: try reader.text(),
            log: try reader.optional { (reader) throws(WireError) in try LogConfiguration(from: &reader) },
            terminal: try reader.bool(), openStdin: try reader.bool(), stdinOnce: try reader.bool(),
            cgroupMounts: try reader.text())
    }
}
