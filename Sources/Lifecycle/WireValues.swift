// Wire forms of the values of this module. Tags are part of the protocol: never renumber, only add.

extension Signal: WireCodable {
    public func encode(to writer: inout WireWriter) { writer.write(UInt8(number)) }
    public init(from reader: inout WireReader) throws(WireError) {
        let number = try reader.byte()
        guard let signal = Signal(number: Int32(number)) else { throw .unknown("signal", UInt64(number)) }
        self = signal
    }
}

extension ExitStatus: WireCodable {
    public func encode(to writer: inout WireWriter) {
        switch self {
        case .code(let code):
            writer.write(UInt8(1))
            writer.write(code)
        case .signal(let signal, let coreDumped):
            writer.write(UInt8(2))
            signal.encode(to: &writer)
            writer.write(coreDumped)
        case .unobserved(let reason):
            writer.write(UInt8(3))
            writer.write(reason.rawValue)
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        switch try reader.byte() {
        case 1: self = .code(try reader.byte())
        case 2: self = .signal(try Signal(from: &reader), coreDumped: try reader.bool())
        case 3: self = .unobserved(try UnobservedReason(tag: try reader.byte(), of: "reason"))
        case let tag: throw .unknown("exit status", UInt64(tag))
        }
    }
}

extension Grace: WireCodable {
    public func encode(to writer: inout WireWriter) {
        switch self {
        case .bounded(let duration): writer.write(optional: duration) { $0.write($1) }
        case .unbounded: writer.write(false)
        }
    }
    public init(from reader: inout WireReader) throws(WireError) {
        let duration = try reader.optional { (reader) throws(WireError) in try reader.duration() }
        self = duration.map { .bounded($0) } ?? .unbounded
    }
}

extension Rung: WireCodable {
    public func encode(to writer: inout WireWriter) {
        signal.encode(to: &writer)
        writer.write(scope.rawValue)
        grace.encode(to: &writer)
    }
    public init(from reader: inout WireReader) throws(WireError) {
        self.init(
            signal: try Signal(from: &reader), scope: try Scope(tag: try reader.byte(), of: "scope"),
            grace: try Grace(from: &reader))
    }
}

extension StopOrder: WireCodable {
    public func encode(to writer: inout WireWriter) {
        writer.write(list: ladder.rungs) { $1.encode(to: &$0) }
        writer.write(unhandled.rawValue)
        writer.write(killDeadline)
    }
    public init(from reader: inout WireReader) throws(WireError) {
        let rungs = try reader.list { (reader) throws(WireError) in try Rung(from: &reader) }
        guard rungs.count <= Ladder.limit else { throw .oversized(rungs.count) }
        self.init(
            ladder: Ladder(rungs: rungs), unhandled: try Unhandled(tag: try reader.byte(), of: "unhandled"),
            killDeadline: try reader.duration())
    }
}

extension StopReport: WireCodable {
    public func encode(to writer: inout WireWriter) {
        status.encode(to: &writer)
        writer.write(how.rawValue)
        writer.write(optional: rung) { $1.encode(to: &$0) }
        writer.write(elapsed)
    }
    public init(from reader: inout WireReader) throws(WireError) {
        self.init(
            status: try ExitStatus(from: &reader), how: try How(tag: try reader.byte(), of: "how"),
            rung: try reader.optional { (reader) throws(WireError) in try Rung(from: &reader) },
            elapsed: try reader.duration())
    }
}

extension LiveTask: WireCodable {
    public func encode(to writer: inout WireWriter) {
        writer.write(pid)
        writer.write(tid)
        writer.write(comm)
        writer.write(String(state))
        writer.write(wchan)
        writer.write(killPending)
    }
    public init(from reader: inout WireReader) throws(WireError) {
        self.init(
            pid: try reader.integer(), tid: try reader.integer(), comm: try reader.text(),
            state: try reader.character(), wchan: try reader.text(), killPending: try reader.bool())
    }
}

extension WireReader {
    /// A text of one character.
    fileprivate mutating func character() throws(WireError) -> Character {
        let text = try text()
        guard let character = text.first, text.dropFirst().isEmpty else { throw .invalidText }
        return character
    }
}

extension StuckFinding: WireCodable {
    public func encode(to writer: inout WireWriter) {
        writer.write(list: tasks) { $1.encode(to: &$0) }
        writer.write(truncated)
        writer.write(sinceKill)
    }
    public init(from reader: inout WireReader) throws(WireError) {
        self.init(
            tasks: try reader.list { (reader) throws(WireError) in try LiveTask(from: &reader) },
            truncated: try reader.bool(), sinceKill: try reader.duration())
    }
}

extension StopUpdate: WireCodable {
    public func encode(to writer: inout WireWriter) {
        switch self {
        case .signalled(let signal, let pids, let rung):
            writer.write(UInt8(1))
            signal.encode(to: &writer)
            writer.write(list: pids) { $0.write($1) }
            writer.write(UInt32(clamping: rung))
        case .waiting(let rung, let until):
            writer.write(UInt8(2))
            writer.write(UInt32(clamping: rung))
            writer.write(optional: until) { $0.write($1.sinceBoot) }
        case .unhandled(let signal, let unhandled):
            writer.write(UInt8(3))
            signal.encode(to: &writer)
            writer.write(unhandled.rawValue)
        case .thawed: writer.write(UInt8(4))
        case .killing(let until):
            writer.write(UInt8(5))
            writer.write(until.sinceBoot)
        case .mainEnded(let status, let remaining):
            writer.write(UInt8(6))
            status.encode(to: &writer)
            writer.write(UInt32(clamping: remaining))
        case .stuck(let finding):
            writer.write(UInt8(7))
            finding.encode(to: &writer)
        case .ended(let report):
            writer.write(UInt8(8))
            report.encode(to: &writer)
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        switch try reader.byte() {
        case 1:
            let signal = try Signal(from: &reader)
            let pids = try reader.list { (reader) throws(WireError) in try reader.integer(Int32.self) }
            self = .signalled(signal, pids: pids, rung: Int(try reader.integer(UInt32.self)))
        case 2:
            let rung = Int(try reader.integer(UInt32.self))
            let until = try reader.optional { (reader) throws(WireError) in Instant(sinceBoot: try reader.duration()) }
            self = .waiting(rung: rung, until: until)
        case 3:
            let signal = try Signal(from: &reader)
            self = .unhandled(signal, try Unhandled(tag: try reader.byte(), of: "unhandled"))
        case 4: self = .thawed
        case 5: self = .killing(until: Instant(sinceBoot: try reader.duration()))
        case 6:
            let status = try ExitStatus(from: &reader)
            self = .mainEnded(status, remaining: Int(try reader.integer(UInt32.self)))
        case 7: self = .stuck(try StuckFinding(from: &reader))
        case 8: self = .ended(try StopReport(from: &reader))
        case let tag: throw .unknown("stop update", UInt64(tag))
        }
    }
}
