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
    /// Read from the source, not yet taken by the helper.
    private var pending: ArraySlice<UInt8> = []
    private var buffer = [UInt8](repeating: 0, count: 1 << 17)

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

    mutating func run(
        _ input: ArchiveInput?, _ onInput: (ArraySlice<UInt8>) throws(ImageError) -> Void,
        _ onOutput: (ArraySlice<UInt8>) throws(ImageError) -> Void
    ) throws(ImageError) {
        if input == nil { closeSink() }
        if let sink { try mapping { () throws(SystemError) in try Descriptor.setNonBlocking(sink) } }
        while outputIsOpen || complaintsAreOpen {
            let ready = try wait(input)
            try cancellation.check()
            if ready.output, let bytes = try read(fromHelper.raw) {
                bytes.isEmpty ? outputIsOpen = false : try onOutput(bytes)
            }
            if ready.complaint, let bytes = try read(complaints.raw) {
                if bytes.isEmpty { complaintsAreOpen = false }
                complaint.append(contentsOf: bytes.prefix(65536 - complaint.count))
            }
            if ready.source, let input { try fill(input, onInput) }
            if ready.sink { try feed() }
        }
    }

    private struct Ready { var output = false, complaint = false, source = false, sink = false }

    private mutating func wait(_ input: ArchiveInput?) throws(ImageError) -> Ready {
        var set = PollSet()
        set.add(cancellation.wakeup.descriptor.raw, .readable)
        let output = outputIsOpen ? set.add(fromHelper.raw, .readable) : nil
        let complaint = complaintsAreOpen ? set.add(complaints.raw, .readable) : nil
        let source = sink != nil && pending.isEmpty ? input.map { set.add($0.descriptor.raw, .readable) } : nil
        // Asked for nothing, the pipe still tells when its reader is gone.
        let sink = sink.map { set.add($0, pending.isEmpty ? [] : .writable) }
        try mapping { () throws(SystemError) in _ = try set.wait(until: nil) }
        func isReady(_ index: Int?) -> Bool { index.map { !set.found(at: $0).isEmpty } ?? false }
        return Ready(
            output: isReady(output), complaint: isReady(complaint), source: isReady(source), sink: isReady(sink))
    }

    private mutating func closeSink() {
        toHelper = nil
        sink = nil
    }

    private mutating func read(_ descriptor: Int32) throws(ImageError) -> ArraySlice<UInt8>? {
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

    private mutating func fill(_ input: ArchiveInput, _ onInput: (ArraySlice<UInt8>) throws(ImageError) -> Void)
        throws(ImageError)
    {
        guard let bytes = try read(input.descriptor.raw) else { return }
        if bytes.isEmpty {
            closeSink()
        } else {
            try onInput(bytes)
            pending = bytes
        }
    }

    private mutating func feed() throws(ImageError) {
        do throws(SystemError) {
            guard let sink, !pending.isEmpty else {
                // Woken with nothing to write: the helper closed its input. It will say why.
                closeSink()
                return
            }
            let bytes = Array(pending)
            if case .written(let count) = try Descriptor.write(sink, bytes) { pending = pending.dropFirst(count) }
        } catch {
            guard error.errno == 32 else { throw ImageError(error) }  // EPIPE: likewise
            closeSink()
            pending = []
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
}
