import APITypes
import Lifecycle
import Linux

/// Finds where the last lines begin: from the end backwards, a step at a time, holding no more than a step reads. What is
/// written meanwhile comes after its end, however fast.
struct LogTail: Sendable {
    private let files: [OpenLog]
    private let options: LogOptions
    /// The file that is being looked at, and where the part of it begins that was.
    private var index: Int
    private var end: UInt64
    /// The rest of a line that begins before `end`.
    private var rest: [UInt8] = []
    /// Nothing of this file was looked at.
    private var isFresh = true
    /// Lines that are still wanted.
    private var left: Int
    /// A line was found; pieces before it without line feed belong to it.
    private var hasLine = false
    private var start: (index: Int, offset: UInt64)

    /// Read at once.
    private let block: Int

    /// `files`: the oldest first.
    init(_ files: [OpenLog], _ options: LogOptions, block: Int = 128 << 10) {
        (self.files, self.options, self.block) = (files, options, block)
        left = max(0, options.tail ?? 0)
        index = files.count - 1
        end = files.last?.size ?? 0
        start = (max(0, files.count - 1), end)
    }

    /// Where the reader begins, when it is known.
    mutating func step() throws(SystemError) -> LogStart? {
        guard index >= 0 else { return try found() }
        let file = files[index]
        let block = try file.bytes(before: end, atMost: block)
        end -= UInt64(block.count)
        if try look(at: block + rest, from: end) { return try found() }
        if end == 0 || block.isEmpty {
            index -= 1
            (rest, isFresh, end) = ([], true, index >= 0 ? files[index].size : 0)
        }
        return nil
    }

    private func found() throws(SystemError) -> LogStart {
        guard !files.isEmpty else { return LogStart([]) }
        try files[start.index].begin(at: start.offset)
        // They were looked at from their ends.
        for later in files[(start.index + 1)...] { try later.begin(at: 0) }
        return LogStart(Array(files[start.index...]))
    }

    /// Lines from the last to the first; true when there are enough.
    private mutating func look(at data: [UInt8], from base: UInt64) throws(SystemError) -> Bool {
        var upper = data.count
        if isFresh {
            guard let last = data.lastIndex(of: 10) else { return keep(data, base) }
            // A line that is not whole yet is one of those to come.
            upper = last + 1
            if index == files.count - 1 { start.offset = base + UInt64(upper) }
            isFresh = false
        }
        while upper > 0 {
            let before = data[..<(upper - 1)].lastIndex(of: 10)
            guard before != nil || base == 0 else { return keep(Array(data[..<upper]), base) }
            let lower = before.map { $0 + 1 } ?? 0
            if take(data[lower..<(upper - 1)], at: base + UInt64(lower)) { return true }
            upper = lower
        }
        rest = []
        return false
    }

    /// The beginning of this line comes in the next step. What is too long to be one is passed over as damaged.
    private mutating func keep(_ line: [UInt8], _ base: UInt64) -> Bool {
        rest = line.count <= LineCutter.longest ? line : isFresh ? [] : [10]
        if isFresh, base == 0, index == files.count - 1 { start.offset = 0 }
        return false
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>, at offset: UInt64) -> Bool {
        guard let line = LogLine(parsing: bytes) else { return false }
        // The log is in the order of time.
        if let since = options.since, let time = Timestamp(line.time), time < since { return true }
        guard LogSelection.wants(line, options) else { return false }
        if !hasLine || line.text.last == 10 {
            if left == 0 { return true }
            left -= 1
        }
        hasLine = true
        start = (index, offset)
        return false
    }
}
