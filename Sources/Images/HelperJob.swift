import Lifecycle
import Linux

/// One run of quell-unpack. The calling thread moves the bytes; nothing is left running when `run` has returned.
struct HelperJob {
    let helper: String
    let arguments: [String]
    /// Name used in messages.
    let archive: String
    let cancellation: Cancellation

    struct Report {
        let entries: Int64
        let bytes: Int64
    }

    typealias Bytes = ArraySlice<UInt8>

    /// - Parameters:
    ///   - input: what the helper reads; nil: nothing.
    ///   - first: of the input, what was read of it already.
    ///   - onInput: sees every byte that is fed, before it is fed.
    ///   - onOutput: gets the helper's output.
    func run(
        input: ArchiveInput? = nil, first: Bytes = [],
        onInput: (Bytes) throws(ImageError) -> Void = { (_: Bytes) throws(ImageError) in },
        onOutput: (Bytes) throws(ImageError) -> Void = { (_: Bytes) throws(ImageError) in }
    ) throws(ImageError) -> Report {
        try run(nil) { (pump) throws(ImageError) in try pump.run(input, first, onInput, onOutput) }
    }

    /// For bytes that nobody here looks at: between pipes they are not even copied.
    /// - Parameter onMoved: hears how many went to the helper.
    func run(moving input: ArchiveInput, onMoved: (Int) throws(ImageError) -> Void = { (_: Int) throws(ImageError) in })
        throws(ImageError) -> Report
    {
        guard input.isPipe else {
            return try run(input: input) { (bytes) throws(ImageError) in try onMoved(bytes.count) }
        }
        return try run(nil) { (pump) throws(ImageError) in try pump.run(moving: input, onMoved) }
    }

    /// The helper writes there by itself.
    func run(into output: ArchiveOutput) throws(ImageError) -> Report {
        try run(output) { (pump) throws(ImageError) in
            try pump.run(nil, [], { (_) throws(ImageError) in }, { (_) throws(ImageError) in })
        }
    }

    private func run(
        _ output: ArchiveOutput?, _ work: (inout HelperPump) throws(ImageError) -> Void
    ) throws(ImageError) -> Report {
        let standardInput = try mapping { () throws(SystemError) in try Pipe() }
        let standardOutput = try mapping { () throws(SystemError) in try Pipe() }
        let standardError = try mapping { () throws(SystemError) in try Pipe() }
        standardInput.enlarge()
        standardOutput.enlarge()
        let process = try spawn([
            DescriptorMapping(0, from: standardInput.reading.raw),
            DescriptorMapping(1, from: output?.descriptor.raw ?? standardOutput.writing.raw),
            DescriptorMapping(2, from: standardError.writing.raw),
        ])
        var pump = HelperPump(
            toHelper: standardInput.writing, fromHelper: standardOutput.reading, complaints: standardError.reading,
            cancellation: cancellation)
        // The child has its own by now; while ours are open there is no end of file, and no EPIPE.
        closeEnds(standardInput.reading, standardOutput.writing, standardError.writing)
        do throws(ImageError) {
            try work(&pump)
        } catch {
            kill(process)
            throw error
        }
        return try conclude(process, pump.complaint)
    }

    private func closeEnds(
        _ first: consuming OwnedDescriptor, _ second: consuming OwnedDescriptor, _ third: consuming OwnedDescriptor
    ) {}

    private func spawn(_ descriptors: [DescriptorMapping]) throws(ImageError) -> SpawnedProcess {
        var request = SpawnRequest(helper, arguments, descriptors: descriptors)
        request.parentDeathSignal = .kill
        request.oomScoreAdjust = 0
        return try mapping("start") { () throws(SystemError) in try Spawn.start(request) }
    }

    private func kill(_ process: borrowing SpawnedProcess) {
        // The first error is what the caller must hear. Nothing the helper does can hold back SIGKILL but a file
        // system that hangs; then this thread waits with it.
        do throws(SystemError) {
            try process.pidfd.send(.kill)
            _ = try process.pidfd.reap(by: nil)
        } catch {}
    }

    private func conclude(_ process: borrowing SpawnedProcess, _ complaint: [UInt8]) throws(ImageError) -> Report {
        let status = try mapping { () throws(SystemError) in try process.pidfd.reap(by: nil) }
        let fields =
            String(decoding: complaint, as: UTF8.self).split(separator: "\n").last?
            .split(separator: "\t", omittingEmptySubsequences: false).map(String.init) ?? []
        if status == .code(0), fields.count == 3, fields[0] == "done", let entries = Int64(fields[1]),
            let bytes = Int64(fields[2])
        {
            return Report(entries: entries, bytes: bytes)
        }
        throw fault(fields, status)
    }

    /// `error TAB kind TAB errno TAB entry TAB message`
    private func fault(_ fields: [String], _ status: ExitStatus?) -> ImageError {
        guard fields.count == 5, fields[0] == "error" else {
            let end = status.map { "\($0)" } ?? "unknown"
            return .system(
                operation: "quell-unpack \(arguments.first ?? "")", subject: "\(archive) (ended: \(end))", errno: 0)
        }
        let entry = fields[3].isEmpty ? nil : fields[3]
        switch fields[1] {
        case "archive", "hostile", "limit": return .badArchive(archive: archive, entry: entry, fault: fields[4])
        case "space": return .noSpace("unpacking \(archive): \(entry ?? ""): \(fields[4])")
        case "missing": return .noSuchPath(entry ?? "")
        case "conflict": return .conflict("\(entry ?? archive): \(fields[4])")
        default:
            return .system(
                operation: "quell-unpack \(arguments.first ?? ""): \(fields[4]):",
                subject: entry ?? archive, errno: Int32(fields[2]) ?? 0)
        }
    }
}
