internal import Lifecycle
internal import Linux

/// The shim's side of its writer process: what waits to be written, and what to do when it is not taken.
///
/// Nothing here touches the disk, or waits. A disk that is slow holds the container's output back, as a full pipe does, and
/// loses nothing; one that takes nothing for `patience` is taken for hung, and then the container goes on: what exceeds
/// `limit` is lost, and counted.
final class Writer {
    /// What became of the record.
    enum Outcome: Hashable {
        case saved
        /// It is not where it should be, for this reason; nil: it is not known yet whether it will be.
        case refused(String)
    }

    private let log: LogConfiguration?
    private let recordPath: String
    private let counters: SharedCounters
    private var pid: Int32?
    private var socket: OwnedDescriptor?
    private var frames = FrameReader()
    private var queue = ByteQueue()
    /// Bytes of output that were given to a writer, and those that were given up.
    private var accepted: UInt64 = 0
    private var dropped: UInt64 = 0
    private var hasGap = false
    /// Since when nothing was taken of what waits.
    private var stalledSince: Instant?
    /// The container is being stopped.
    var isInAHurry = false
    private var record: ExitRecord?
    private var attempts = 0
    /// Once it is known.
    private(set) var outcome: Outcome?
    private var refusal: String?
    private var positions: [(number: UInt32, position: LogPosition)] = []

    /// Output beyond this waits in its pipes; beyond the second it is lost.
    static let highWater = 256 << 10
    static let limit = 2 << 20
    /// How long the container waits for a disk that takes nothing; and in a hurry, when it is being stopped.
    private static let patience = Duration.seconds(5)
    private static let patienceInAHurry = Duration.milliseconds(500)
    /// Writers that died are followed by others, so many in all.
    private static let limitOfAttempts = 10

    init(log: LogConfiguration?, record: String) throws(SystemError) {
        (self.log, recordPath) = (log, record)
        counters = try SharedCounters()
    }

    /// Output that no writer was given, or that died with one.
    var droppedBytes: UInt64 { dropped }
    /// All output that is not in the log and will not be, as far as is known.
    var lostBytes: UInt64 { dropped + counters[WriterProcess.lost] }
    /// A process that has not been reaped.
    var isRunning: Bool { pid != nil }

    // MARK: the process

    /// Where there is none. Early, while the shim waits for something else: what has to be written then need not wait for it.
    func start() throws(SystemError) {
        guard pid == nil, attempts < Writer.limitOfAttempts else { return }
        attempts += 1
        let pair = try SocketPair()
        let (log, recordPath, counters) = (log, recordPath, counters)
        pid = try ProcessCopy.start("quell-writer", with: pair.second) { socket in
            WriterProcess.run(socket, log: log, record: recordPath, counters)
        }
        try pair.first.setNonBlocking()
        socket = consume pair.first
        frames = FrameReader()
    }

    /// True when this was the writer. What it had in hand is given up; a record is given to the next.
    func reaped(_ pid: Int32) -> Bool {
        guard pid == self.pid else { return false }
        receive()
        self.pid = nil
        socket = nil
        giveUp()
        if var record, outcome == nil {
            record.lostLogBytes = dropped
            save(record)
        }
        return true
    }

    /// Everything that is not settled.
    private func giveUp() {
        let settled = counters[WriterProcess.settled]
        dropped += accepted - settled
        if accepted > settled { hasGap = true }
        accepted = settled
        queue = ByteQueue()
        stalledSince = nil
    }

    // MARK: orders

    func write(_ bytes: ArraySlice<UInt8>, stream: OutputStream) {
        guard log != nil else { return }
        ensureProcess()
        guard pid != nil, queue.count + bytes.count <= Writer.limit else {
            dropped += UInt64(bytes.count)
            hasGap = true
            return
        }
        if hasGap { queue.append(WriterOrder.gap.frame) }
        hasGap = false
        queue.append(WriterOrder.log(stream, .now(), Array(bytes)).frame)
        accepted += UInt64(bytes.count)
        flush()
    }

    /// The last order. What comes of it is in `outcome`, some time or never.
    func save(_ record: ExitRecord) {
        self.record = record
        ensureProcess()
        guard pid != nil else {
            outcome = .refused("there is no process that could write it")
            return
        }
        queue.append(WriterOrder.save(record).frame)
        flush()
    }

    /// News of why there is no room for the record.
    func takeRefusal() -> String? { refusal.take() }

    /// Asks where the log stands after all output so far; `takePositions` has the answer, some time or never. False: there is
    /// no writer to ask.
    func mark(_ number: UInt32) -> Bool {
        ensureProcess()
        guard log != nil, pid != nil else { return false }
        queue.append(WriterOrder.mark(number).frame)
        flush()
        return true
    }

    func takePositions() -> [(number: UInt32, position: LogPosition)] {
        defer { positions = [] }
        return positions
    }

    /// The shim is about to end: what no writer has been given is lost, what it has been given it may still write.
    func abandon() {
        dropped += min(UInt64(queue.count), accepted - counters[WriterProcess.settled])
        queue = ByteQueue()
        socket = nil
        record = nil
    }

    private func ensureProcess() {
        do throws(SystemError) { try start() } catch {
            // No memory or no process left; the next time there may be.
            refusal = refusal ?? error.description
        }
    }

    // MARK: what the poll loop waits for

    var descriptor: Int32? { socket?.raw }
    var isWaiting: Bool { !queue.isEmpty }

    /// The container's output stays in its pipes for now.
    func holdsBack(at now: Instant) -> Bool { queue.count > Writer.highWater && !isHung(at: now) }

    private func isHung(at now: Instant) -> Bool { stalledSince.map { now >= $0 + patience } ?? false }
    private var patience: Duration { isInAHurry ? Writer.patienceInAHurry : Writer.patience }

    /// When `holdsBack` may change though nothing happens.
    var deadline: Instant? { queue.count > Writer.highWater ? stalledSince.map { $0 + patience } : nil }

    /// There is still something to give to the writer, and the disk is not taken for hung, whatever the hurry was.
    func isDelivering(at now: Instant) -> Bool {
        socket != nil && !queue.isEmpty && deliveryDeadline.map { now < $0 } ?? true
    }

    /// When it is taken for hung.
    var deliveryDeadline: Instant? { queue.isEmpty ? nil : stalledSince.map { $0 + Writer.patience } }

    func serve(_ found: PollEvents) {
        if found.contains(.writable) { flush() }
        if !found.isDisjoint(with: [.readable, .hangUp, .error]) { receive() }
    }

    private func flush() {
        while !queue.isEmpty, socket != nil {
            do throws(SystemError) {
                switch try socket?.write(queue.bytes, from: queue.start) {
                case .written(let count):
                    queue.drop(count)
                    stalledSince = nil
                case .wouldBlock, nil:
                    stalledSince = stalledSince ?? MonotonicClock.now()
                    return
                }
            } catch {
                // It has died, which its parent is about to hear.
                socket = nil
            }
        }
    }

    private func receive() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        do {
            while socket != nil {
                switch try socket?.read(into: &buffer) {
                case .bytes(let count): frames.append(buffer[..<count])
                case .endOfFile: socket = nil
                case .wouldBlock, nil: return
                }
                while let frame = try frames.next() { take(try WriterWord(wireBytes: frame)) }
            }
        } catch {
            socket = nil
        }
    }

    private func take(_ word: WriterWord) {
        switch word {
        case .ready(let refusal): self.refusal = refusal
        case .saved(let refusal): outcome = refusal.map { .refused($0) } ?? .saved
        case .stands(let number, let position): positions.append((number, position))
        }
    }
}
