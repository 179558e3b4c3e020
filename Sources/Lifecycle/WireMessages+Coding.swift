extension ShimRequest: WireCodable {
    public func encode(to writer: inout WireWriter) {
        writer.write(id)
        call.encode(to: &writer)
    }
    public init(from reader: inout WireReader) throws(WireError) {
        self.init(id: try reader.integer(), call: try ShimCall(from: &reader))
    }
}

extension ShimCall: WireCodable {
    public func encode(to writer: inout WireWriter) {
        switch self {
        case .hello: writer.write(UInt8(1))
        case .start: writer.write(UInt8(2))
        case .stop(let order):
            writer.write(UInt8(3))
            order.encode(to: &writer)
        case .signal(let signal):
            writer.write(UInt8(4))
            signal.encode(to: &writer)
        case .pause: writer.write(UInt8(5))
        case .resume: writer.write(UInt8(6))
        case .exec(let request):
            writer.write(UInt8(7))
            request.encode(to: &writer)
        case .attach(let request):
            writer.write(UInt8(8))
            request.encode(to: &writer)
        case .resize(let target, let rows, let columns):
            writer.write(UInt8(9))
            target.encode(to: &writer)
            writer.write(rows)
            writer.write(columns)
        case .input(let bytes):
            writer.write(UInt8(10))
            writer.write(bytes: bytes)
        case .inputClosed: writer.write(UInt8(11))
        case .attachMarked(let request):
            writer.write(UInt8(12))
            request.encode(to: &writer)
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        switch try reader.byte() {
        case 1: self = .hello
        case 2: self = .start
        case 3: self = .stop(try StopOrder(from: &reader))
        case 4: self = .signal(try Signal(from: &reader))
        case 5: self = .pause
        case 6: self = .resume
        case 7: self = .exec(try ExecRequest(from: &reader))
        case 8: self = .attach(try AttachRequest(from: &reader))
        case 9:
            self = .resize(
                try StreamTarget(from: &reader), rows: try reader.integer(), columns: try reader.integer())
        case 10: self = .input(try reader.data())
        case 11: self = .inputClosed
        case 12: self = .attachMarked(try AttachRequest(from: &reader))
        case let tag: throw .unknown("call", UInt64(tag))
        }
    }
}

extension StreamTarget: WireCodable {
    public func encode(to writer: inout WireWriter) {
        switch self {
        case .main: writer.write(false)
        case .exec(let id): writer.write(optional: id) { $0.write($1) }
        }
    }
    public init(from reader: inout WireReader) throws(WireError) {
        let id = try reader.optional { (reader) throws(WireError) in try reader.text() }
        self = id.map { .exec($0) } ?? .main
    }
}

extension ExecRequest: WireCodable {
    public func encode(to writer: inout WireWriter) {
        writer.write(id)
        writer.write(bytes: process)
        writer.write(terminal)
        writer.write(openStdin)
    }
    public init(from reader: inout WireReader) throws(WireError) {
        self.init(
            id: try reader.text(), process: try reader.data(), terminal: try reader.bool(),
            openStdin: try reader.bool())
    }
}

extension AttachRequest: WireCodable {
    public func encode(to writer: inout WireWriter) {
        target.encode(to: &writer)
        writer.write(input)
        writer.write(output)
        writer.write(error)
    }
    public init(from reader: inout WireReader) throws(WireError) {
        self.init(
            target: try StreamTarget(from: &reader), input: try reader.bool(), output: try reader.bool(),
            error: try reader.bool())
    }
}

extension LogPosition: WireCodable {
    public func encode(to writer: inout WireWriter) {
        writer.write(optional: inode) { $0.write($1) }
        writer.write(offset)
        writer.write(bytes: output)
        writer.write(bytes: error)
    }
    public init(from reader: inout WireReader) throws(WireError) {
        self.init(
            inode: try reader.optional { (reader) throws(WireError) in try reader.integer() },
            offset: try reader.integer(), output: try reader.data(), error: try reader.data())
    }
}

extension ShimMessage: WireCodable {
    public func encode(to writer: inout WireWriter) {
        switch self {
        case .reply(let id, let reply):
            writer.write(UInt8(1))
            writer.write(id)
            reply.encode(to: &writer)
        case .event(let event):
            writer.write(UInt8(2))
            event.encode(to: &writer)
        }
    }
    public init(from reader: inout WireReader) throws(WireError) {
        switch try reader.byte() {
        case 1: self = .reply(try reader.integer(), try ShimReply(from: &reader))
        case 2: self = .event(try ShimEvent(from: &reader))
        case let tag: throw .unknown("message", UInt64(tag))
        }
    }
}

extension ShimMessage {
    /// Nil for an event of a kind that is not known here: the sender is newer, and what it tells beside the known ones is left
    /// out. A reply is never passed over, as somebody waits for it.
    public static func known(in frame: [UInt8]) throws(WireError) -> ShimMessage? {
        do throws(WireError) { return try ShimMessage(wireBytes: frame) } catch {
            if case .unknown("event", _) = error { return nil }
            throw error
        }
    }
}

extension ShimReply: WireCodable {
    public func encode(to writer: inout WireWriter) {
        switch self {
        case .done: writer.write(UInt8(1))
        case .snapshot(let snapshot):
            writer.write(UInt8(2))
            snapshot.encode(to: &writer)
        case .started(let pid):
            writer.write(UInt8(3))
            writer.write(pid)
        case .accepted(let job):
            writer.write(UInt8(4))
            writer.write(job)
        case .failed(let failure, let message):
            writer.write(UInt8(5))
            writer.write(failure.rawValue)
            writer.write(message)
        case .marked(let position):
            writer.write(UInt8(6))
            writer.write(optional: position) { $1.encode(to: &$0) }
        }
    }
    public init(from reader: inout WireReader) throws(WireError) {
        switch try reader.byte() {
        case 1: self = .done
        case 2: self = .snapshot(try ShimSnapshot(from: &reader))
        case 3: self = .started(pid: try reader.integer())
        case 4: self = .accepted(job: try reader.integer())
        case 5: self = .failed(try StartFailure(tag: try reader.byte(), of: "failure"), message: try reader.text())
        case 6:
            self = .marked(
                try reader.optional { (reader) throws(WireError) in try LogPosition(from: &reader) })
        case let tag: throw .unknown("reply", UInt64(tag))
        }
    }
}

extension ShimSnapshot: WireCodable {
    public func encode(to writer: inout WireWriter) {
        writer.write(state.rawValue)
        writer.write(pid)
        writer.write(optional: job) { $0.write($1) }
        writer.write(optional: stuck) { $1.encode(to: &$0) }
        writer.write(list: execs) { $0.write($1) }
        writer.write(optional: exit) { $1.encode(to: &$0) }
    }
    public init(from reader: inout WireReader) throws(WireError) {
        self.init(
            state: try ShimState(tag: try reader.byte(), of: "state"), pid: try reader.integer(),
            job: try reader.optional { (reader) throws(WireError) in try reader.integer() },
            stuck: try reader.optional { (reader) throws(WireError) in try StuckFinding(from: &reader) },
            execs: try reader.list { (reader) throws(WireError) in try reader.text() },
            exit: try reader.optional { (reader) throws(WireError) in try ExitRecord(from: &reader) })
    }
}

extension ShimEvent: WireCodable {
    public func encode(to writer: inout WireWriter) {
        switch self {
        case .started(let pid):
            writer.write(UInt8(1))
            writer.write(pid)
        case .exited(let record):
            writer.write(UInt8(2))
            record.encode(to: &writer)
        case .execStarted(let id, let pid):
            writer.write(UInt8(3))
            writer.write(id)
            writer.write(pid)
        case .execExited(let id, let status):
            writer.write(UInt8(4))
            writer.write(id)
            status.encode(to: &writer)
        case .stop(let job, let update):
            writer.write(UInt8(5))
            writer.write(job)
            update.encode(to: &writer)
        case .paused: writer.write(UInt8(6))
        case .resumed: writer.write(UInt8(7))
        case .oomKilled: writer.write(UInt8(8))
        case .output(let stream, let bytes):
            writer.write(UInt8(9))
            writer.write(stream.rawValue)
            writer.write(bytes: bytes)
        case .outputEnd: writer.write(UInt8(10))
        case .killed(let mechanism):
            writer.write(UInt8(11))
            writer.write(mechanism.rawValue)
        }
    }
    public init(from reader: inout WireReader) throws(WireError) {
        switch try reader.byte() {
        case 1: self = .started(pid: try reader.integer())
        case 2: self = .exited(try ExitRecord(from: &reader))
        case 3: self = .execStarted(try reader.text(), pid: try reader.integer())
        case 4: self = .execExited(try reader.text(), try ExitStatus(from: &reader))
        case 5: self = .stop(job: try reader.integer(), try StopUpdate(from: &reader))
        case 6: self = .paused
        case 7: self = .resumed
        case 8: self = .oomKilled
        case 9: self = .output(try OutputStream(tag: try reader.byte(), of: "stream"), try reader.data())
        case 10: self = .outputEnd
        case 11: self = .killed(try KillMechanism(tag: try reader.byte(), of: "kill mechanism"))
        case let tag: throw .unknown("event", UInt64(tag))
        }
    }
}
