import Lifecycle
import Linux
import Synchronization

/// Small programs whose output is wanted, run as disposable children.
enum Child {
    /// Its standard output. `.timedOut` after the limit: it is killed, and not waited for. A failure gives its own words.
    static func output(
        _ executable: String, _ arguments: [String], within limit: Duration, limit bytes: Int, _ core: EngineCore
    ) async throws(EngineError) -> String {
        let handle = Handle()
        let name = executable.split(separator: "/").last.map(String.init) ?? executable
        do throws(EngineError) {
            return try await Blocking.run(name, within: limit, on: core.reactor) { () throws(EngineError) in
                try attempt("run \(name)") { () throws(SystemError) in
                    try run(executable, arguments, bytes, handle)
                }.get()
            }
        } catch {
            handle.kill()
            throw error
        }
    }

    /// The child's pidfd, for the one that does not want to wait any longer.
    private final class Handle: Sendable {
        let pidfd = Mutex<Pidfd?>(nil)

        func keep(_ child: consuming Pidfd) {
            // A closure cannot consume what it captures: it is handed over in a box of one.
            var box: Pidfd? = consume child
            pidfd.withLock { $0 = box.take() }
        }

        func kill() {
            pidfd.withLock { held in
                // It may have ended; the thread that waits reaps it.
                do throws(SystemError) {
                    _ = try held.borrow { (pidfd) throws(SystemError) in try pidfd.send(.kill) }
                } catch {}
            }
        }
    }

    private static func run(
        _ executable: String, _ arguments: [String], _ limit: Int, _ handle: Handle
    ) throws(SystemError) -> Result<String, EngineError> {
        let pipe = try PipeEnds()
        let null = try File.open("/dev/null", .readWrite)
        let writing = try pipe.takeWriting()
        var request = SpawnRequest(executable, arguments)
        request.descriptors = [
            DescriptorMapping(0, from: null.raw), DescriptorMapping(1, from: writing.raw),
            DescriptorMapping(2, from: writing.raw),
        ]
        let process = try Spawn.start(request)
        try writing.close()
        let waiting = try Pidfd(opening: process.pid)
        handle.keep(process.takePidfd())
        let text = String(decoding: try pipe.takeReading().readAll(limit: limit), as: UTF8.self)
        let status = try waiting.reap(by: nil)
        handle.pidfd.withLock { $0 = nil }
        return status?.isSuccess == true ? .success(text) : .failure(.invalid(text.trimmingWhitespace))
    }
}
