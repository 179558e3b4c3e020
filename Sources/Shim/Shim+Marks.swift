internal import Lifecycle
internal import Linux

// A client that shows the log first and what comes after it must miss nothing between the two, and see nothing twice. Only the
// writer knows where the log stands, and which lines are begun of which it has nothing yet: it is asked, in order with the
// output, and what comes meanwhile waits for its answer.

extension Shim {
    /// A client whose output is held until the writer has told where it begins.
    struct Mark {
        let number: UInt32
        let connection: Int
        let request: UInt32
        let deadline: Instant
    }

    /// As long as a disk that takes nothing is waited for elsewhere.
    static let markDeadline = Duration.seconds(5)

    func attachMarked(_ attachment: AttachRequest, _ request: ShimRequest, _ connection: Connection) {
        guard attachment.target == .main, configuration.log != nil else {
            return refuse(request, connection, "there is no log of it")
        }
        // Once the end is being recorded the writer takes no more orders: all output is in the log soon.
        if record == nil, ending == nil, !writer.mark(nextMark) {
            return refuse(request, connection, "there is no process that writes the log")
        }
        connection.attachment = attachment
        connection.hold()
        marks.append(
            Mark(
                number: nextMark, connection: connection.id, request: request.id,
                deadline: MonotonicClock.now() + Shim.markDeadline))
        nextMark &+= 1
        streams.attach(connection)
        if record != nil { resolveMarks() }
    }

    /// The writer's answer.
    func marked(_ number: UInt32, _ position: LogPosition) {
        guard let index = marks.firstIndex(where: { $0.number == number }) else { return }
        let mark = marks.remove(at: index)
        connection(mark.connection)?.release(.reply(mark.request, .marked(position)))
    }

    /// The container has ended, and the log is as whole as it will be.
    func resolveMarks() {
        for mark in marks { connection(mark.connection)?.release(.reply(mark.request, .marked(nil))) }
        marks = []
    }

    func giveUpMarks(at now: Instant) {
        guard marks.contains(where: { now >= $0.deadline }) else { return }
        failMarks("the disk has not taken what was printed before for \(Shim.markDeadline.shortText)")
    }

    func failMarks(_ why: String) {
        // Those that came after the record was sent wait for the end, which has a deadline of its own.
        guard record == nil, ending == nil else { return }
        for mark in marks {
            guard let connection = connection(mark.connection) else { continue }
            streams.attached.removeAll { $0 === connection }
            connection.attachment = nil
            connection.release(.reply(mark.request, .failed(.system, message: why)), withRest: false)
        }
        marks = []
    }
}
