/// What may hang, or wait long: reads of a process's memory, which wait for its mmap_lock, and moving to a processor that others
/// keep busy. For disposable children alone.
///
///     command PID…        for each, what /proc/PID/cmdline has: `PID LENGTH`, a line end, the bytes, a line end
///     text PID ADDRESS    the text at the address, to its NUL; at most 4096 bytes
///     clock PROCESSOR…    the time on the scheduler's clock of each: `PROCESSOR MICROSECONDS`
///
/// Each answer is written as soon as it is there: a reader has what came before the one that hangs.
public enum HangingLook {
    /// The exit status: 0; 1: something could not be read; 2: wrong words.
    public static func run(_ words: [String]) -> Int32 {
        switch (words.first, words.count) {
        case ("command", 2...):
            let pids = words.dropFirst().compactMap { Int32(decimal: Array($0.utf8)) }
            return pids.count == words.count - 1 ? commands(of: pids) : 2
        case ("text", 3):
            guard let pid = Int32(decimal: Array(words[1].utf8)), let address = UInt64(decimal: Array(words[2].utf8))
            else {
                return 2
            }
            return text(of: pid, at: address)
        case ("clock", 2...):
            let processors = words.dropFirst().compactMap { Int(decimal: Array($0.utf8)) }
            return processors.count == words.count - 1 ? clocks(of: processors) : 2
        // Calls that may hang as well, and change something.
        default: return RemedyCall.run(words) ?? 2
        }
    }

    private static func commands(of pids: [Int32]) -> Int32 {
        var result: Int32 = 0
        for pid in pids {
            do throws(SystemError) {
                let bytes = try File.read("/proc/\(pid)/cmdline", limit: 2 << 20)
                try Descriptor.writeAll(1, Array("\(pid) \(bytes.count)\n".utf8) + bytes + [10])
            } catch {
                // It is gone, or whoever wanted to know is: the others may be there.
                result = 1
            }
        }
        return result
    }

    /// Who arrives on a processor is given the time there.
    private static func clocks(of processors: [Int]) -> Int32 {
        var result: Int32 = 0
        for processor in processors {
            do throws(SystemError) {
                try ProcessSelf.run(onProcessor: processor)
                guard let time = try Procfs.live.schedulerTime("thread-self") else { return 1 }
                try Descriptor.writeAll(1, Array("\(processor) \(Int64(time / .microseconds(1)))\n".utf8))
            } catch {
                // That one is offline or not for us: others may be.
                result = 1
            }
        }
        return result
    }

    private static func text(of pid: Int32, at address: UInt64) -> Int32 {
        do throws(SystemError) {
            let memory = try File.open("/proc/\(pid)/mem", .readOnly)
            try memory.seek(to: Int64(bitPattern: address))
            // One read stops at the page that is not there; the next one fails, so what follows the first is not needed.
            var buffer = [UInt8](repeating: 0, count: 4096)
            guard case .bytes(let count) = try memory.read(into: &buffer) else { return 1 }
            try Descriptor.writeAll(1, Array(buffer[..<count].prefix { $0 != 0 }))
            return 0
        } catch { return 1 }
    }
}

/// The answers of `command` and `clock`, as far as they came.
public enum HangingLookAnswer {
    /// The times by processor. A line that is cut short is left out.
    public static func clocks(parsing bytes: [UInt8]) -> [Int: Duration] {
        var table: [Int: Duration] = [:]
        for line in bytes.prefix(through: bytes.lastIndex(of: 10) ?? -1).lines {
            let words = line.words
            guard words.count == 2, let processor = Int(decimal: words[0]), let time = Int64(decimal: words[1]) else {
                continue
            }
            table[processor] = .microseconds(time)
        }
        return table
    }

    /// Arguments by pid. What is cut short is left out.
    public static func commands(parsing bytes: [UInt8]) -> [Int32: [String]] {
        var table: [Int32: [String]] = [:]
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 10) {
            let words = rest[..<end].words
            guard words.count == 2, let pid = Int32(decimal: words[0]), let length = Int(decimal: words[1]), length >= 0
            else { break }
            let body = rest[(end + 1)...].prefix(length)
            guard body.count == length else { break }
            var arguments = body.split(separator: 0, omittingEmptySubsequences: false).map(\.text)
            if arguments.last == "" { arguments.removeLast() }
            table[pid] = arguments
            rest = body.endIndex < rest.endIndex ? rest[(body.endIndex + 1)...] : []
        }
        return table
    }
}
