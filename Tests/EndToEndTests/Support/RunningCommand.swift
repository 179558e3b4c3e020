import Lifecycle
import Linux

/// How a program ended, and what it said.
struct Finished {
    /// Nil: it was still running at the deadline, and was killed.
    var status: ExitStatus?
    var output: String
    var errors: String
    var elapsed: Duration

    var succeeded: Bool { status == .code(0) }
    /// Output and errors, for a failure's message.
    var text: String { "\(status.map { "\($0)" } ?? "no end by the deadline")\n\(output)\(errors)" }
    /// Output without white space at its end.
    var trimmed: String { String(output.reversed().drop { $0.isWhitespace }.reversed()) }
}

/// A program started by a test, its output collected. It is killed when the test lets go of it.
final class RunningCommand {
    private let process: SpawnedProcess
    private let output: OwnedDescriptor
    private let errors: OwnedDescriptor
    private var collected = (output: [UInt8](), errors: [UInt8]())
    private var open = (output: true, errors: true)
    private let started = MonotonicClock.now()
    private var status: ExitStatus?

    init(_ executable: String, _ arguments: [String], environment: [String]) throws {
        let toOutput = try Pipe()
        let toErrors = try Pipe()
        let nothing = try File.open("/dev/null", .readOnly)
        let request = SpawnRequest(
            executable, arguments, environment: environment,
            descriptors: [
                DescriptorMapping(0, from: nothing.raw), DescriptorMapping(1, from: toOutput.writing.raw),
                DescriptorMapping(2, from: toErrors.writing.raw),
            ])
        process = try Spawn.start(request)
        output = toOutput.takeReading()
        errors = toErrors.takeReading()
        try output.setNonBlocking()
        try errors.setNonBlocking()
    }

    deinit {
        guard status == nil else { return }
        // It may have ended meanwhile; what it was is of no more interest.
        try? process.pidfd.send(.kill)
        _ = try? process.pidfd.reap(by: MonotonicClock.now() + .seconds(10))
    }

    var pid: Int32 { process.pid }
    /// It was seen to have ended.
    var hasEnded: Bool { status != nil }
    var outputSoFar: String { String(decoding: collected.output, as: UTF8.self) }
    var errorsSoFar: String { String(decoding: collected.errors, as: UTF8.self) }

    /// Nothing happens when it has ended.
    func send(_ signal: Signal) throws {
        if status == nil { try process.pidfd.send(signal) }
    }

    /// Waits until the output (standard output or error) contains the text. False at the deadline, and when the program
    /// ended without having said it.
    func says(_ text: String, within limit: Duration) throws -> Bool {
        let deadline = MonotonicClock.now() + limit
        while !outputSoFar.contains(text) && !errorsSoFar.contains(text) {
            // It may say something else without end.
            if status != nil || MonotonicClock.now() >= deadline { return false }
            if try !step(until: deadline) { return outputSoFar.contains(text) || errorsSoFar.contains(text) }
        }
        return true
    }

    /// Waits for its end; at the deadline it is killed, and the status is nil.
    func finish(within limit: Duration) throws -> Finished {
        let deadline = MonotonicClock.now() + limit
        var late = false
        while status == nil {
            // It may say something without end.
            if try !step(until: deadline) || MonotonicClock.now() >= deadline {
                late = status == nil
                break
            }
        }
        if late {
            try process.pidfd.send(.kill)
            status = try process.pidfd.reap(by: MonotonicClock.now() + .seconds(10))
        }
        try drain()
        return Finished(
            status: late ? nil : status, output: outputSoFar, errors: errorsSoFar,
            elapsed: MonotonicClock.now() - started)
    }

    /// Waits for one event. False when the deadline came first.
    private func step(until deadline: Instant) throws -> Bool {
        var set = PollSet()
        set.add(process.pidfd.descriptor.raw, .readable)
        if open.output { set.add(output.raw, .readable) }
        if open.errors { set.add(errors.raw, .readable) }
        guard try set.wait(until: deadline) > 0 else { return false }
        try drain()
        if status == nil { status = try process.pidfd.reap() }
        return true
    }

    /// Takes what is there now. Not to the end of file: a grandchild may hold the pipe open for ever.
    private func drain() throws {
        if open.output { open.output = try RunningCommand.take(from: output, into: &collected.output) }
        if open.errors { open.errors = try RunningCommand.take(from: errors, into: &collected.errors) }
    }

    private static func take(from descriptor: borrowing OwnedDescriptor, into bytes: inout [UInt8]) throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            switch try descriptor.read(into: &buffer) {
            case .bytes(let count): bytes += buffer[..<count]
            case .endOfFile: return false
            case .wouldBlock: return true
            }
        }
    }
}

extension Pipe {
    /// The reading end; the writing end is closed.
    fileprivate consuming func takeReading() -> OwnedDescriptor { reading }
}
