internal import Lifecycle
internal import Linux

/// A container's json-file log. A full or failing disk loses lines, which are counted. All calls wait for the disk.
final class LogFile {
    private let configuration: LogConfiguration
    private var file: OwnedDescriptor?
    private var size: UInt64 = 0
    private var inode: UInt64 = 0
    private var splitters: [OutputStream: LineSplitter] = [:]
    private var lostBytes: UInt64 = 0

    /// Appends to what an earlier run of the container left.
    init(_ configuration: LogConfiguration) {
        self.configuration = configuration
        reopen()
    }

    func write(_ bytes: ArraySlice<UInt8>, stream: OutputStream, at time: WallTime) {
        let time = time.rfc3339Bytes
        var entries: [UInt8] = []
        splitters[stream, default: LineSplitter()].feed(bytes) { line in
            LogLine.append(line, stream: stream, time: time, to: &entries)
        }
        store(entries)
    }

    /// After everything that was written.
    var position: LogPosition {
        LogPosition(
            inode: file == nil ? nil : inode, offset: size, output: splitters[.output]?.partial ?? [],
            error: splitters[.error]?.partial ?? [])
    }

    /// Bytes of the file that could not be written since this was asked last.
    func takeLostBytes() -> UInt64 {
        defer { lostBytes = 0 }
        return lostBytes
    }

    /// Writes the last line of each stream, though it has no newline.
    func finish() {
        let time = WallTime.now().rfc3339Bytes
        var entries: [UInt8] = []
        for stream in OutputStream.allCases {
            splitters[stream]?.finish { LogLine.append($0, stream: stream, time: time, to: &entries) }
        }
        store(entries)
    }

    private func store(_ entries: [UInt8]) {
        guard !entries.isEmpty else { return }
        if let limit = configuration.maximumSize, size > 0, size + UInt64(entries.count) > limit { rotate() }
        if file == nil { reopen() }
        do throws(SystemError) {
            guard file != nil else { throw SystemError("open", configuration.path, errno: 2) }
            try file?.writeAll(entries)
            size += UInt64(entries.count)
        } catch {
            lostBytes += UInt64(entries.count)
            repair()
        }
    }

    /// Cuts a half-written entry off, so that the file holds whole lines only.
    private func repair() {
        do throws(SystemError) { try file?.truncate(to: Int64(size)) } catch {
            // The disk refuses that too; readers pass over a broken line.
            file = nil
        }
    }

    private func reopen() {
        do throws(SystemError) {
            let opened = try File.open(configuration.path, [.writeOnly, .create, .append], mode: 0o640)
            let status = try File.status(of: opened)
            (size, inode) = (status.size, status.inode)
            file = consume opened
        } catch {
            file = nil
        }
    }

    /// `log` becomes `log.1`, `log.1` becomes `log.2`; the oldest above the number kept is overwritten.
    private func rotate() {
        file = nil
        let kept = configuration.maximumFiles
        do throws(SystemError) {
            if kept > 1 {
                // Up to the first number that is missing: what may be kept can be far more than what is there.
                var last: UInt32 = 1
                while last < kept - 1, try File.status(of: "\(configuration.path).\(last)") != nil { last += 1 }
                for number in stride(from: last, through: 1, by: -1) {
                    let older = number == 1 ? configuration.path : "\(configuration.path).\(number - 1)"
                    try File.rename(older, to: "\(configuration.path).\(number)")
                }
            } else {
                try File.unlink(configuration.path)
            }
        } catch {
            // Not rotated: the file goes on growing, which loses nothing.
        }
        reopen()
    }
}
