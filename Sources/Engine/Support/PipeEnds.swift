import Linux
import Synchronization

/// Both ends of a pipe, each to be taken once, from any task.
final class PipeEnds: Sendable {
    private let reading: Mutex<OwnedDescriptor?>
    private let writing: Mutex<OwnedDescriptor?>

    init() throws(SystemError) {
        let pipe = try Pipe()
        reading = Mutex(pipe.reading)
        writing = Mutex(pipe.writing)
    }

    func takeReading() throws(SystemError) -> OwnedDescriptor { try PipeEnds.take(reading) }
    func takeWriting() throws(SystemError) -> OwnedDescriptor { try PipeEnds.take(writing) }

    private static func take(_ end: borrowing Mutex<OwnedDescriptor?>) throws(SystemError) -> OwnedDescriptor {
        let taken = end.withLock { $0.take() }
        guard let taken else { throw SystemError("take the end of a pipe", errno: 9) }
        return taken
    }
}
