internal import Lifecycle
internal import Linux

/// The process that writes a container's log and its exit record: the only one of a shim's that touches the data root. It may
/// sleep there for ever; nobody waits for it without a bound.
///
/// What was sent to it when its shim ends is written all the same, as soon as the disk lets it.
struct WriterProcess: ~Copyable {
    /// In the shared numbers: bytes of output that are written or given up, and of the latter alone.
    static let settled = 0
    static let lost = 1
    /// Room on the disk for the record, from the start on.
    static let recordRoom: Int64 = 4096

    private let socket: OwnedDescriptor
    private let recordPath: String
    private let counters: SharedCounters
    private let log: LogFile?
    private var reserved: ReservedFile?

    /// Serves until the record is written or the shim is gone.
    static func run(
        _ socket: consuming OwnedDescriptor, log: LogConfiguration?, record: String, _ counters: SharedCounters
    ) -> Never {
        var writer = WriterProcess(socket: socket, recordPath: record, counters: counters, log: log)
        do {
            try writer.reserve()
            try writer.serve()
        } catch {
            // The shim speaks no more, or not our language: what it sent is written, and there is nobody to tell.
        }
        writer.log?.finish()
        ProcessSelf.exit(0)
    }

    private init(
        socket: consuming OwnedDescriptor, recordPath: String, counters: SharedCounters, log: LogConfiguration?
    ) {
        self.socket = socket
        (self.recordPath, self.counters) = (recordPath, counters)
        self.log = log.map { LogFile($0) }
    }

    private mutating func reserve() throws(SystemError) {
        var refusal: String?
        do throws(SystemError) {
            reserved = try DurableFile.reserve(WriterProcess.recordRoom, for: recordPath)
        } catch { refusal = error.description }
        try say(.ready(refusal: refusal))
    }

    private mutating func serve() throws {
        var frames = FrameReader()
        // Small: it is memory of every container's.
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while case .bytes(let count) = try socket.read(into: &buffer) {
            frames.append(buffer[..<count])
            while let frame = try frames.next() { try perform(try WriterOrder(wireBytes: frame)) }
        }
    }

    private mutating func perform(_ order: WriterOrder) throws(SystemError) {
        switch order {
        case .log(let stream, let time, let bytes):
            log?.write(bytes[...], stream: stream, at: time)
            settle(UInt64(bytes.count))
        case .gap: log?.finish()
        case .mark(let number): try say(.stands(number, at: log?.position ?? LogPosition()))
        case .save(let record):
            log?.finish()
            settle(0)
            try say(.saved(refusal: save(record)))
            ProcessSelf.exit(0)
        }
    }

    private func settle(_ count: UInt64) {
        if let log { counters.add(log.takeLostBytes(), to: WriterProcess.lost) }
        counters.add(count, to: WriterProcess.settled)
    }

    /// Into the room that was made for it. The lines that could not be written are counted in it.
    private mutating func save(_ record: ExitRecord) -> String? {
        var record = record
        record.lostLogBytes += counters[WriterProcess.lost]
        let bytes = Array(record.text.utf8)
        do throws(SystemError) {
            if let reserved = reserved.take() {
                try reserved.write(bytes)
            } else {
                try DurableFile.write(bytes, to: recordPath)
            }
            return nil
        } catch { return error.description }
    }

    private func say(_ word: WriterWord) throws(SystemError) { try socket.writeAll(word.frame) }
}
