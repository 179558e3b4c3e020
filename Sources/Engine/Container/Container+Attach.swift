import APITypes
import Lifecycle
import Linux

extension Container {
    /// Streams of the main process; before a start they wait for it.
    func attach(_ options: AttachOptions) async throws(EngineError) -> AttachedStream {
        try checkNotQuarantined(before: "attach to")
        let stream = AttachedStream(
            AttachRequest(
                target: .main, input: options.stdin && document.config.openStdin, output: options.stdout,
                error: options.stderr), joinsLog: options.logs)
        // Whoever has left waits for nothing any more.
        earlyAttachments.removeAll { $0.hasEnded }
        switch machine.state {
        case .created, .exited, .restarting: earlyAttachments.append(stream)
        case .starting where shim == nil: earlyAttachments.append(stream)
        case .paused: throw .conflict("You cannot attach to a paused container, unpause it first")
        case .removing: throw .conflict("container \(name) is marked for removal")
        case .starting, .running, .stopping, .stuck, .quarantined:
            remember(stream)
            try await stream.connect(to: paths.socket, core.reactor, mayHaveEnded: shim != nil)
        }
        post("attach")
        return stream
    }

    /// Its shim ends when it has been relieved of what slow clients did not take.
    func remember(_ stream: AttachedStream) {
        attachments.removeAll { $0.hasEnded }
        attachments.append(stream)
    }

    /// Tells those who wait for a start that none comes.
    func failEarlyAttachments(_ error: EngineError) {
        for stream in earlyAttachments { stream.fail(error) }
        earlyAttachments = []
    }

    func takeRestOfOutput() {
        for stream in attachments { stream.takeRest() }
        attachments = []
    }

    func resize(_ target: StreamTarget, rows: Int, columns: Int) async throws(EngineError) {
        guard (1...65535).contains(rows), (1...65535).contains(columns) else {
            throw .invalid("invalid terminal size: \(rows) rows, \(columns) columns")
        }
        let shim = try runningShim()
        switch try await shim.call(.resize(target, rows: UInt16(rows), columns: UInt16(columns))) {
        case .done: post("resize", ["height": "\(rows)", "width": "\(columns)"])
        case .failed(_, let message): throw .conflict("cannot resize container \(name): \(message)")
        case .snapshot, .started, .accepted, .marked: throw .system("the shim answered resize wrongly")
        }
    }

    /// The shim of a container that runs.
    func runningShim() throws(EngineError) -> ShimConnection {
        try checkNotQuarantined(before: "reach")
        guard machine.isActive, machine.state != .starting else {
            throw .notRunning("container \(id) is not running")
        }
        guard let shim else {
            throw .system("container \(name) is unsupervised: its shim is gone; it can only be killed")
        }
        return shim
    }
}
