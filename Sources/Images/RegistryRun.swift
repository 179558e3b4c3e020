import FoundationEssentials
import Lifecycle
import Linux
import RegistryWire
import Synchronization

/// One run of quell-registry. A thread of its own reads what it says, and is its parent: the kernel kills the helper with
/// that thread. It ends when the helper has ended, when the task that asked is cancelled, or when the helper is silent.
final class RegistryRun: Sendable {
    private struct State {
        var resolved: RegistryEvent.Resolved?
        var fetched: Set<String> = []
        var outcome: RegistryEvent.Outcome?
        var fault: ImageError?
        /// To be written to the helper.
        var pending: [UInt8] = []
        /// Nobody waits for it any more.
        var isUnwanted = false
        /// The helper is gone, and so is the thread.
        var isOver = false
    }

    /// It says something every five seconds.
    private static let silence = Duration.seconds(60)
    /// What a helper may take to end once it was told to, or has said its last word.
    private static let endDeadline = Duration.seconds(10)

    private let helper: String
    private let cancellation: Cancellation
    private let onProgress: @Sendable (RegistryEvent.Progress) -> Void
    private let state = Mutex(State())
    /// For the thread that waits for facts.
    private let news: Wakeup
    /// For the thread that runs the helper.
    private let orders: Wakeup

    /// Starts the helper with `job`.
    init(
        _ job: RegistryJob, helper: String, _ cancellation: Cancellation,
        onProgress: @escaping @Sendable (RegistryEvent.Progress) -> Void
    ) throws(ImageError) {
        (self.helper, self.cancellation, self.onProgress) = (helper, cancellation, onProgress)
        news = try mapping("make an eventfd") { () throws(SystemError) in try Wakeup() }
        orders = try mapping("make an eventfd") { () throws(SystemError) in try Wakeup() }
        let line = try encodeJSON(job) + [UInt8(ascii: "\n")]
        state.withLock { $0.pending = line }
        let failure = startThread { [self] in
            var fault: ImageError?
            do throws(ImageError) { try runHelper() } catch { fault = error }
            finish(fault)
        }
        if let failure { throw failure }
    }

    // MARK: for the thread that waits

    /// Manifest and configuration are in the work directory.
    func resolved() throws(ImageError) -> RegistryEvent.Resolved { try wait { $0.resolved } }

    /// The blob is in the ingest directory.
    func awaitFetched(_ digest: Digest) throws(ImageError) {
        try wait { $0.fetched.contains(digest.description) ? () : nil }
    }

    func outcome() throws(ImageError) -> RegistryEvent.Outcome { try wait { $0.outcome } }

    /// Says which blobs are wanted.
    func reply(_ reply: RegistryReply) throws(ImageError) {
        let line = try encodeJSON(reply) + [UInt8(ascii: "\n")]
        state.withLock { $0.pending += line }
        wake(orders)
    }

    /// Returns when the helper is gone, killed if it still runs.
    func end() {
        state.withLock { $0.isUnwanted = true }
        wake(orders)
        while !state.withLock({ $0.isOver }) {
            var set = PollSet()
            set.add(news.descriptor.raw, .readable)
            // The thread says when it ends, within its deadlines; a poll that fails is no reason to leave it alone.
            _ = try? set.wait(until: MonotonicClock.now() + .seconds(1))
            clear(news)
        }
    }

    private func wait<Value>(_ fact: (State) -> Value?) throws(ImageError) -> Value {
        while true {
            let (found, fault, isOver) = state.withLock { state in (fact(state), state.fault, state.isOver) }
            if let found { return found }
            if let fault { throw fault }
            try cancellation.check()
            if isOver { throw .system(operation: "run", subject: "\(helper): it ended too early", errno: 0) }
            var set = PollSet()
            set.add(news.descriptor.raw, .readable)
            set.add(cancellation.wakeup.descriptor.raw, .readable)
            try mapping { () throws(SystemError) in _ = try set.wait(until: nil) }
            clear(news)
        }
    }

    // MARK: the helper's thread

    private func runHelper() throws(ImageError) {
        let standardInput = try mapping { () throws(SystemError) in try Pipe() }
        let standardOutput = try mapping { () throws(SystemError) in try Pipe() }
        let standardError = try mapping { () throws(SystemError) in try Pipe() }
        var request = SpawnRequest(
            helper, [],
            descriptors: [
                DescriptorMapping(0, from: standardInput.reading.raw),
                DescriptorMapping(1, from: standardOutput.writing.raw),
                DescriptorMapping(2, from: standardError.writing.raw),
            ])
        request.parentDeathSignal = .kill
        request.oomScoreAdjust = 0
        let process = try mapping("start") { () throws(SystemError) in try Spawn.start(request) }
        var talk = Talk(
            toHelper: standardInput.writing, fromHelper: standardOutput.reading, complaints: standardError.reading)
        drop(standardInput.reading, standardOutput.writing, standardError.writing)
        do throws(ImageError) {
            try converse(&talk)
        } catch {
            end(process, killing: true)
            throw error
        }
        let isUnwanted = state.withLock { $0.isUnwanted }
        let status = end(process, killing: isUnwanted)
        let isTold = state.withLock { $0.outcome != nil || $0.fault != nil || $0.isUnwanted }
        if !isTold {
            let last = talk.complaint.suffix(300).split(separator: UInt8(ascii: "\n")).last ?? []
            throw .registry(
                RegistryFault(.system, RegistryRun.earlyEnd(status, String(decoding: last, as: UTF8.self))))
        }
    }

    /// In words of a helper that ended without having said how its job went.
    private static func earlyEnd(_ status: ExitStatus?, _ complaint: String) -> String {
        let how =
            switch status {
            case .signal(let signal, _)?: "was killed (\(signal))"
            case .code(let code)?: "ended early with code \(code)"
            case .unobserved?, nil: "ended early, nobody saw how"
            }
        return "quell-registry \(how); what it has fetched is kept for the next try"
            + (complaint.isEmpty ? "" : "; it said: \(complaint)")
    }

    private func drop(
        _ first: consuming OwnedDescriptor, _ second: consuming OwnedDescriptor, _ third: consuming OwnedDescriptor
    ) {}

    /// Until the helper has said its last word.
    private func converse(_ talk: inout Talk) throws(ImageError) {
        while talk.isOpen {
            let pending = state.withLock { state in
                defer { state.pending = [] }
                return state.pending
            }
            talk.say(pending)
            let ready = try talk.wait(
                cancellation.wakeup.descriptor.raw, orders.descriptor.raw, silentFor: RegistryRun.silence, helper)
            try cancellation.check()
            clear(orders)
            if state.withLock({ $0.isUnwanted }) { return }
            try talk.write(ready)
            for line in try talk.read(ready) { try note(line) }
        }
    }

    private func note(_ line: [UInt8]) throws(ImageError) {
        let event: RegistryEvent
        switch decodeJSON(RegistryEvent.self, line) {
        case .success(let value): event = value
        case .failure(let fault):
            throw .system(operation: "understand", subject: "\(helper): \(fault.text)", errno: 0)
        }
        switch event {
        case .alive: return
        case .progress(let progress): return onProgress(progress)
        case .resolved(let resolved): state.withLock { $0.resolved = resolved }
        case .fetched(let digest): state.withLock { _ = $0.fetched.insert(digest) }
        case .done(let outcome): state.withLock { $0.outcome = outcome }
        case .failed(let fault): state.withLock { $0.fault = ImageError(fault) }
        }
        wake(news)
    }

    /// nil: it does not end, though it was killed; a thread stays with it.
    @discardableResult
    private func end(_ process: consuming SpawnedProcess, killing: Bool) -> ExitStatus? {
        do throws(SystemError) {
            if killing { try process.pidfd.send(.kill) }
            if let status = try process.pidfd.reap(by: MonotonicClock.now() + RegistryRun.endDeadline) { return status }
            try process.pidfd.send(.kill)
            if let status = try process.pidfd.reap(by: MonotonicClock.now() + RegistryRun.endDeadline) { return status }
        } catch {
            // It is gone, or never can be found again.
            return nil
        }
        let left = LeftProcess(process.takePidfd())
        // Hanging in the kernel, on the disk of the store: it is reaped when that lets go. Without a thread it stays a
        // zombie until the daemon ends, which is all the harm.
        _ = startThread { left.reap() }
        return nil
    }

    private func finish(_ fault: ImageError?) {
        state.withLock { state in
            if state.fault == nil, state.outcome == nil { state.fault = fault }
            state.isOver = true
        }
        wake(news)
    }

    private func wake(_ wakeup: borrowing Wakeup) {
        // An eventfd's counter cannot overflow here, and nothing else can fail.
        do throws(SystemError) { try wakeup.wake() } catch {}
    }

    private func clear(_ wakeup: borrowing Wakeup) {
        // Not raised is as good as cleared.
        do throws(SystemError) { try wakeup.clear() } catch {}
    }
}

/// A process that did not end by its deadline.
private final class LeftProcess: Sendable {
    private let pidfd: Pidfd
    init(_ pidfd: consuming Pidfd) { self.pidfd = pidfd }

    func reap() {
        // If it cannot be waited for, nobody can.
        do throws(SystemError) { _ = try pidfd.reap(by: nil) } catch {}
    }
}

/// The three pipes of a helper.
private struct Talk: ~Copyable {
    private let toHelper: OwnedDescriptor
    private let fromHelper: OwnedDescriptor
    private let complaints: OwnedDescriptor
    private(set) var isOpen = true
    private var complaintsAreOpen = true
    private var canBeTold = true
    private var unsaid: [UInt8] = []
    private var line: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 1 << 14)
    /// The end of what it wrote to standard error.
    private(set) var complaint: [UInt8] = []
    private static let lineLimit = 8 << 20

    init(
        toHelper: consuming OwnedDescriptor, fromHelper: consuming OwnedDescriptor,
        complaints: consuming OwnedDescriptor
    ) {
        self.toHelper = toHelper
        self.fromHelper = fromHelper
        self.complaints = complaints
        // Where it cannot be, a write may wait for the helper, which the daemon can end.
        do throws(SystemError) { try self.toHelper.setNonBlocking() } catch {}
    }

    struct Ready { var output = false, complaint = false, input = false }

    mutating func say(_ bytes: [UInt8]) { unsaid += bytes }

    func wait(_ cancelled: Int32, _ ordered: Int32, silentFor limit: Duration, _ helper: String) throws(ImageError)
        -> Ready
    {
        var set = PollSet()
        set.add(cancelled, .readable)
        set.add(ordered, .readable)
        let output = set.add(fromHelper.raw, .readable)
        let complaint = complaintsAreOpen ? set.add(complaints.raw, .readable) : nil
        let input = unsaid.isEmpty || !canBeTold ? nil : set.add(toHelper.raw, .writable)
        let deadline = MonotonicClock.now() + limit
        let count = try mapping { () throws(SystemError) in try set.wait(until: deadline) }
        guard count > 0 || MonotonicClock.now() < deadline else {
            throw .system(
                operation: "run", subject: "\(helper): it said nothing for \(limit.shortText), and was killed", errno: 0
            )
        }
        func isReady(_ index: Int?) -> Bool { index.map { !set.found(at: $0).isEmpty } ?? false }
        return Ready(output: isReady(output), complaint: isReady(complaint), input: isReady(input))
    }

    mutating func write(_ ready: Ready) throws(ImageError) {
        guard ready.input else { return }
        do throws(SystemError) {
            if case .written(let count) = try toHelper.write(unsaid) { unsaid.removeFirst(count) }
        } catch {
            guard error.errno == 32 else { throw ImageError(error) }  // EPIPE: it will say why
            canBeTold = false
        }
    }

    /// Whole lines.
    mutating func read(_ ready: Ready) throws(ImageError) -> [[UInt8]] {
        if ready.complaint {
            let bytes = try take(complaints.raw)
            if bytes.isEmpty { complaintsAreOpen = false }
            complaint = Array((complaint + bytes).suffix(4096))
        }
        guard ready.output else { return [] }
        let bytes = try take(fromHelper.raw)
        if bytes.isEmpty { isOpen = false }
        var lines: [[UInt8]] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines.append(line)
                line = []
            } else {
                line.append(byte)
            }
        }
        guard line.count < Talk.lineLimit else {
            throw .system(operation: "understand", subject: "quell-registry: a line without end", errno: 0)
        }
        return lines
    }

    private mutating func take(_ descriptor: Int32) throws(ImageError) -> ArraySlice<UInt8> {
        let result: ReadResult
        do throws(SystemError) { result = try Descriptor.read(descriptor, into: &buffer) } catch {
            throw ImageError(error)
        }
        return switch result {
        case .bytes(let count): buffer[..<count]
        case .endOfFile, .wouldBlock: []
        }
    }
}

extension ImageError {
    init(_ fault: RegistryFault) {
        self = fault.kind == .noSpace ? .noSpace(fault.message) : .registry(fault)
    }
}
