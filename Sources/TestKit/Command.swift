public import Lifecycle
internal import Linux

/// A program run to its end, for tests.
public struct Command: Sendable {
    public struct Result: Sendable {
        public let status: ExitStatus
        public let output: String
        public let errors: String
        public let elapsed: Duration
    }

    /// Waits until the program has ended and all its output was read. At the deadline it is killed, and the call throws.
    public static func run(
        _ executable: String, _ arguments: [String], environment: [String]? = nil, in directory: String? = nil,
        input: String = "", deadline limit: Duration = .seconds(30)
    ) throws -> Result {
        let began = MonotonicClock.now()
        let output = try Pipe()
        let errors = try Pipe()
        let feed = try Pipe()
        let deadline = began + limit
        var request = SpawnRequest(executable, arguments)
        request.environment = environment ?? Command.plainEnvironment
        request.workingDirectory = directory
        request.descriptors = [
            DescriptorMapping(0, from: feed.reading.raw), DescriptorMapping(1, from: output.writing.raw),
            DescriptorMapping(2, from: errors.writing.raw),
        ]
        let process = try Spawn.start(request)
        try output.writing.close()
        try errors.writing.close()
        try feed.reading.close()
        // At most a pipe's capacity: more would need a writer beside the readers.
        precondition(input.utf8.count <= 65536)
        if !input.isEmpty { try feed.writing.writeAll(Array(input.utf8)) }
        try feed.writing.close()
        let texts = try Command.drain(output.reading, errors.reading, until: deadline)
        guard let texts, let status = try process.pidfd.reap(by: deadline) else {
            try process.pidfd.send(.kill)
            throw TestFailure("\(executable) \(arguments): not done after \(limit.shortText)")
        }
        return Result(
            status: status, output: texts.0, errors: texts.1, elapsed: MonotonicClock.now() - began)
    }

    public static let plainEnvironment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]

    /// Nil when the deadline came first.
    private static func drain(
        _ first: borrowing OwnedDescriptor, _ second: borrowing OwnedDescriptor, until deadline: Instant
    ) throws(SystemError) -> (String, String)? {
        var bytes: ([UInt8], [UInt8]) = ([], [])
        var open = (true, true)
        var buffer = [UInt8](repeating: 0, count: 65536)
        var set = PollSet()
        while open.0 || open.1 {
            set.removeAll()
            set.add(open.0 ? first.raw : -1, .readable)
            set.add(open.1 ? second.raw : -1, .readable)
            if try set.wait(until: deadline) == 0 { return nil }
            if !set.found(at: 0).isEmpty { open.0 = try append(first, &buffer, &bytes.0) }
            if !set.found(at: 1).isEmpty { open.1 = try append(second, &buffer, &bytes.1) }
        }
        return (String(decoding: bytes.0, as: UTF8.self), String(decoding: bytes.1, as: UTF8.self))
    }

    private static func append(
        _ source: borrowing OwnedDescriptor, _ buffer: inout [UInt8], _ bytes: inout [UInt8]
    ) throws(SystemError) -> Bool {
        guard case .bytes(let count) = try source.read(into: &buffer) else { return false }
        bytes += buffer[..<count]
        return true
    }
}
