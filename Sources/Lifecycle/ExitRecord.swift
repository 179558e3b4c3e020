/// The durable record of a container's end. Written by the shim (write, rename, fsync) before it tells anyone; what a crash
/// tore in between is no record (`init(text:)`).
public struct ExitRecord: Hashable, Sendable {
    public var status: ExitStatus
    /// Nanoseconds since 1970, CLOCK_REALTIME.
    public var finishedAt: Int64
    /// The kernel's OOM killer ended a process of the container (memory.events, memory.oom_control).
    public var oomKilled: Bool
    /// Bytes of output that could not be written to the log (full disk).
    public var lostLogBytes: UInt64

    public init(status: ExitStatus, finishedAt: Int64, oomKilled: Bool = false, lostLogBytes: UInt64 = 0) {
        (self.status, self.finishedAt) = (status, finishedAt)
        (self.oomKilled, self.lostLogBytes) = (oomKilled, lostLogBytes)
    }
}

/// The text form: one `key value` a line, closed by `end`, so that a torn file is told from a whole one.
extension ExitRecord {
    static let header = "quell-exit 1"

    public var text: String {
        let kind =
            switch status {
            case .code(let code): "code \(code)"
            case .signal(let signal, let coreDumped): "signal \(signal.number) \(coreDumped ? "core" : "nocore")"
            case .unobserved(let reason): "unobserved \(reason.rawValue)"
            }
        return """
            \(ExitRecord.header)
            status \(kind)
            finished \(finishedAt)
            oom \(oomKilled ? 1 : 0)
            lost-log-bytes \(lostLogBytes)
            end

            """
    }

    /// Nil for a file that is torn, damaged, or of another version.
    public init?(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 7, lines[0] == ExitRecord.header, lines[5] == "end", lines[6].isEmpty,
            let status = lines[1].value(after: "status").flatMap({ ExitStatus(recordText: $0) }),
            let finished = lines[2].value(after: "finished").flatMap({ Int64($0) }),
            let oom = lines[3].value(after: "oom"), oom == "0" || oom == "1",
            let lost = lines[4].value(after: "lost-log-bytes").flatMap({ UInt64($0) })
        else { return nil }
        self.init(status: status, finishedAt: finished, oomKilled: oom == "1", lostLogBytes: lost)
        // "+7" and "007" are numbers too, but nothing that we wrote.
        guard self.text.utf8.elementsEqual(text.utf8) else { return nil }
    }
}

extension ExitStatus {
    fileprivate init?(recordText: Substring) {
        let words = recordText.split(separator: " ", omittingEmptySubsequences: false)
        switch (words.first, words.count) {
        case ("code", 2):
            guard let code = UInt8(words[1]) else { return nil }
            self = .code(code)
        case ("signal", 3):
            guard let number = Int32(words[1]), let signal = Signal(number: number),
                words[2] == "core" || words[2] == "nocore"
            else { return nil }
            self = .signal(signal, coreDumped: words[2] == "core")
        case ("unobserved", 2):
            guard let reason = UInt8(words[1]).flatMap({ UnobservedReason(rawValue: $0) }) else { return nil }
            self = .unobserved(reason)
        default: return nil
        }
    }
}

extension Substring {
    fileprivate func value(after key: String) -> Substring? {
        hasPrefix(key + " ") ? dropFirst(key.utf8.count + 1) : nil
    }
}

extension ExitRecord: WireCodable {
    public func encode(to writer: inout WireWriter) {
        status.encode(to: &writer)
        writer.write(finishedAt)
        writer.write(oomKilled)
        writer.write(lostLogBytes)
    }
    public init(from reader: inout WireReader) throws(WireError) {
        self.init(
            status: try ExitStatus(from: &reader), finishedAt: try reader.integer(), oomKilled: try reader.bool(),
            lostLogBytes: try reader.integer())
    }
}
