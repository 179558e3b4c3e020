import Linux

/// Moves bytes to and from a helper until it has closed its output: one thread, one poll loop.
struct HelperPump: ~Copyable {
    private var toHelper: OwnedDescriptor?
    /// Its number while it is open.
    private var sink: Int32?
    private let fromHelper: OwnedDescriptor
    private let complaints: OwnedDescriptor
    private let cancellation: Cancellation
    /// What the helper wrote to standard error, the first 64 KiB of it.
    private(set) var complaint: [UInt8] = []
    private var outputIsOpen = true
    private var complaintsAreOpen = true
    /// What was read from the source, and which part of it the helper has not taken yet.
    private var input: [UInt8] = []
    private var pending = 0..<0
    /// The source of a `run(moving:)` had something when it was last looked at.
    private var sourceIsReady = false
    private var buffer = [UInt8](repeating: 0, count: HelperPump.step)

    /// As much as a pipe of the helper holds.
    private static let room = 1 << 20
    private static let step = 1 << 18

    init(
        toHelper: consuming OwnedDescriptor, fromHelper: consuming OwnedDescriptor,
        complaints: consuming OwnedDescriptor, cancellation: Cancellation
    ) {
        sink = toHelper.raw
        self.toHelper = consume toHelper
        self.fromHelper = fromHelper
        self.complaints = complaints
        self.cancellation = cancellation
    }

    /// Through our hands.
    mutating func run(
        _ source: ArchiveInput?, _ first: ArraySlice<UInt8>, _ onInput: (ArraySlice<UInt8>) throws(ImageError) -> Void,
        _ onOutput: (ArraySlice<UInt8>) throws(ImageError) -> Void
    ) throws(ImageError) {
        if source == nil {
            closeSink()
        } else {
            input = [UInt8](repeating: 0, count: max(HelperPump.step, first.count))
            input.replaceSubrange(0..<first.count, with: first)
            pending = 0..<first.count
            if !first.isEmpty { try onInput(first) }
        }
        try setSinkNonBlocking()
        while outputIsOpen || complaintsAreOpen {
            let ready = try wait(pending.isEmpty ? source : nil, offers: !pending.isEmpty)
            if ready.output, let bytes = try readOutput(fromHelper.raw) {
                bytes.isEmpty ? outputIsOpen = false : try onOutput(bytes)
            }
            if ready.complaint { try readComplaint() }
            if ready.source, let source { try fill(source, onInput) }
            if ready.sink { try feed() }
        }
    }

    /// From pipe to pipe. What the helper puts out is nobody's.
    mutating func run(
        moving source: ArchiveInput, _ onMoved: (Int) throws(ImageError) -> Void
    ) throws(ImageError) {
        try setSinkNonBlocking()
        while outputIsOpen || complaintsAreOpen {
            let ready = try wait(sourceIsReady ? nil : source, offers: sourceIsReady)
            if ready.output, let bytes = try readOutput(fromHelper.raw), bytes.isEmpty { outputIsOpen = false }
            if ready.complaint { try readComplaint() }
            if ready.source { sourceIsReady = true }
            if ready.sink { try move(source, onMoved) }
        }
    }

    private struct Ready { var output = false, complaint = false, source = false, sink = false }

    /// - Parameter offers: there is something for the helper.
    private mutating func wait(_ source: ArchiveInput?, offers: Bool) throws(ImageError) -> Ready {
        var set = PollSet()
        set.add(cancellation.wakeup.descriptor.raw, .readable)
        let output = outputIsOpen ? set.add(fromHelper.raw, .readable) : nil
        let complaint = complaintsAreOpen ? set.add(complaints.raw, .readable) : nil
        let input = sink == nil ? nil : source.map { set.add($0.descriptor.raw, .readable) }
        // Asked for nothing, the pipe still tells when its reader is gone.
        let sink = sink.map { set.add($0, offers ? .writable : []) }
        try mapping { () throws(SystemError) in _ = try set.wait(until: nil) }
        try cancellation.check()
        func isReady(_ index: Int?) -> Bool { index.map { !set.found(at: $0).isEmpty } ?? false }
        return Ready(
            output: isReady(output), complaint: isReady(complaint), source: isReady(input), sink: isReady(sink))
    }

    private func setSinkNonBlocking() throws(ImageError) {
        if let sink { try mapping { () throws(SystemError) in try Descriptor.setNonBlocking(sink) } }
    }

    private mutating func closeSink() {
        toHelper = nil
        sink = nil
    }

    private mutating func readOutput(_ descriptor: Int32) throws(ImageError) -> ArraySlice<UInt8>? {
        let result: ReadResult
        do throws(SystemError) { result = try Descriptor.read(descriptor, into: &buffer) } catch {
            throw ImageError(error)
        }
        return switch result {
        case .bytes(let count): buffer[..<count]
        case .endOfFile: []
        case .wouldBlock: nil
        }
    }

    private mutating func readComplaint() throws(ImageError) {
        guard let bytes = try readOutput(complaints.raw) else { return }
        if bytes.isEmpty { complaintsAreOpen = false }
        complaint.append(contentsOf: bytes.prefix(65536 - complaint.count))
    }

    private mutating func fill(_ source: ArchiveInput, _ onInput: (ArraySlice<UInt8>) throws(ImageError) -> Void)
        throws(ImageError)
    {
        let result: ReadResult
        do throws(SystemError) { result = try source.descriptor.read(into: &input) } catch { throw ImageError(error) }
        switch result {
        case .bytes(let count):
            try onInput(input[..<count])
            pending = 0..<count
        case .endOfFile: closeSink()
        case .wouldBlock: break
        }
    }

    private mutating func feed() throws(ImageError) {
        guard let sink, !pending.isEmpty else {
            // Woken with nothing to write: the helper closed its input. It will say why.
            return closeSink()
        }
        do throws(SystemError) {
            if case .written(let count) = try Descriptor.write(sink, input[pending]) {
                pending = pending.lowerBound + count..<pending.upperBound
            }
        } catch {
            guard error.errno == 32 else { throw ImageError(error) }  // EPIPE: likewise
            closeSink()
            pending = 0..<0
        }
    }

    private mutating func move(_ source: ArchiveInput, _ onMoved: (Int) throws(ImageError) -> Void) throws(ImageError) {
        guard let sink, sourceIsReady else {
            // As in `feed`.
            return closeSink()
        }
        let moved: ReadResult
        do throws(SystemError) {
            moved = try Descriptor.splice(from: source.descriptor.raw, to: sink, limit: HelperPump.room)
        } catch {
            guard error.errno == 32 else { throw ImageError(error) }  // EPIPE
            return closeSink()
        }
        switch moved {
        case .bytes(let count): try onMoved(count)
        case .endOfFile: closeSink()
        case .wouldBlock: sourceIsReady = false
        }
    }
}

/// An archive being read: a stream, or an open file.
final class ArchiveInput: Sendable {
    let descriptor: OwnedDescriptor
    /// For messages.
    let name: String
    /// Bytes, where it is a file.
    let size: Int64?

    init(_ descriptor: consuming OwnedDescriptor, name: String, size: Int64? = nil) {
        self.descriptor = descriptor
        self.name = name
        self.size = size
    }

    convenience init(path: String, name: String? = nil) throws(ImageError) {
        let file = try mapping { () throws(SystemError) in try File.open(path, [.readOnly, .noTerminal]) }
        try self.init(file: file, name: name ?? path)
    }

    convenience init(file: consuming OwnedDescriptor, name: String) throws(ImageError) {
        let size = try mapping { () throws(SystemError) in
            let status = try File.status(of: file)
            return status.kind == .regular ? Int64(status.size) : nil
        }
        self.init(file, name: name, size: size)
    }

    var isPipe: Bool { Descriptor.isPipe(descriptor.raw) }

    /// Its beginning, taken away: enough to tell what it is, or all there is.
    func beginning(_ cancellation: Cancellation) throws(ImageError) -> ArraySlice<UInt8> {
        var beginning: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while beginning.count < Compression.longestMagic {
            var set = PollSet()
            set.add(cancellation.wakeup.descriptor.raw, .readable)
            set.add(descriptor.raw, .readable)
            let result = try mapping { () throws(SystemError) in
                _ = try set.wait(until: nil)
                return set.found(at: 1).isEmpty ? .wouldBlock : try descriptor.read(into: &buffer)
            }
            try cancellation.check()
            switch result {
            case .bytes(let count): beginning += buffer[..<count]
            case .endOfFile: return beginning[...]
            case .wouldBlock: break
            }
        }
        return beginning[...]
    }
}
