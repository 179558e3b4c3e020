import Client
import Lifecycle
import Linux

/// Ties our standard streams to those of a process, until its output ends or the detach keys are pressed.
struct Interaction: Sendable {
    enum Ending: Sendable { case ended, detached }

    let session: Session
    let stream: HijackedStream
    /// The process has a terminal: one raw stream, and ours in raw mode.
    let tty: Bool
    let stdin: Bool
    let detachKeys: DetachKeys?
    /// Rows and columns to the process's terminal.
    let resize: @Sendable (Int, Int) async throws -> Void
    /// Where our own signals go; nil: they have their usual effect.
    let forward: (@Sendable (Signal) async throws -> Void)?

    private static let forwarded: Set<Signal> = [.hup, .int, .quit, .usr1, .usr2, .term, .alrm]

    /// `tty` needs a terminal when input is wanted too.
    static func check(tty: Bool, stdin: Bool) throws {
        guard tty, stdin, !Terminal.isTerminal(0) else { return }
        throw Failure("the input device is not a terminal: leave -t out, or give -i alone")
    }

    /// - Parameter start: what lets the process begin; signals that come meanwhile are kept for it.
    func run(after start: () async throws -> Void = {}) async throws -> Ending {
        let signals = forward == nil ? nil : SignalHub.shared.subscribe(Interaction.forwarded)
        let resizes = tty ? SignalHub.shared.subscribe([.winch]) : nil
        let raw = tty && stdin && Terminal.isTerminal(0)
        if raw { try RawMode.enter(0) }
        defer { if raw { RawMode.leave() } }
        try await start()
        return try await withThrowingTaskGroup(of: Ending?.self) { group in
            group.addTask { try await copyOutput() }
            if stdin { group.addTask { try await copyInput() } }
            if let resizes { group.addTask { try await followSize(resizes) } }
            if let signals, let forward { group.addTask { try await pass(signals, to: forward) } }
            while let ending = try await group.next() {
                guard let ending else { continue }
                group.cancelAll()
                stream.close()
                return ending
            }
            return .ended
        }
    }

    private func copyOutput() async throws -> Ending? {
        if tty {
            for try await bytes in stream.output { try await session.out.send(bytes) }
            return .ended
        }
        var demultiplexer = Demultiplexer()
        for try await bytes in stream.output {
            for frame in try demultiplexer.consume(bytes) { try await session.deliver(frame) }
        }
        return .ended
    }

    private func copyInput() async throws -> Ending? {
        var keys = detachKeys
        do {
            for try await bytes in try DescriptorStream(0) {
                guard let (passed, detached) = keys?.feed(bytes) else {
                    try await stream.write(bytes)
                    continue
                }
                if !passed.isEmpty { try await stream.write(passed) }
                if detached {
                    await sayDetached()
                    return .detached
                }
            }
            try await stream.finishInput()
        } catch is CancellationError {
            return nil
        } catch {
            // The process does not read any more; what it still says is on the other side.
            return nil
        }
        return nil
    }

    /// The keys themselves tell quelld that the user has left, and not only the connection.
    private func sayDetached() async {
        // Where they do not arrive the connection's end says enough.
        try? await stream.write(detachKeys?.sequence ?? [])
    }

    private func followSize(_ changes: AsyncStream<Signal>) async throws -> Ending? {
        await sendSize()
        for await _ in changes { await sendSize() }
        return nil
    }

    private func sendSize() async {
        // Without a terminal of our own there is no size to pass on.
        guard let size = session.consoleSize else { return }
        // The process may have ended meanwhile: then its size matters no more.
        try? await resize(size[0], size[1])
    }

    private func pass(
        _ signals: AsyncStream<Signal>, to forward: @Sendable (Signal) async throws -> Void
    ) async throws -> Ending? {
        for await signal in signals {
            do { try await forward(signal) } catch { try session.warn("\(signal) was not passed on: \(error)") }
        }
        return nil
    }
}

extension Session {
    /// Bytes of a process to the stream they belong to.
    func deliver(_ frame: OutputFrame) async throws {
        switch frame.channel {
        case .stdout, .stdin: try await out.send(frame.bytes)
        case .stderr: try await err.send(frame.bytes)
        case .systemError: throw Failure("quelld: \(String(decoding: frame.bytes, as: UTF8.self))")
        }
    }

    /// Rows and columns of our terminal, where there is one.
    var consoleSize: [Int]? {
        out.size.map { [$0.rows, $0.columns] }
    }
}

extension QuellClient {
    /// What passes our signals on to a container; nil when they are not to be.
    func signalForwarder(_ container: String, unless off: Bool) -> (@Sendable (Signal) async throws -> Void)? {
        guard !off else { return nil }
        return { try await self.signalContainer(container, "\($0.number)") }
    }
}
