internal import Lifecycle
internal import Linux

// The end of the container is recorded first, then told. The disk is the writer's business; what it cannot do in time is left
// in the run root, beside the socket, where the next engine finds it.

extension Shim {
    /// Every piece of evidence is there.
    func conclude(_ status: ExitStatus, _ rest: [StopMachine.Action]) {
        streams.finish()
        let kills: UInt64
        do throws(SystemError) { kills = try cgroup.oomKills() } catch { kills = 0 }
        end(by: status, oomKilled: kills > 0, .exit(rest))
    }

    /// Nothing runs, and nothing will: this shim's work is done.
    func endFailedStart(_ failed: FailedStart) {
        (failedStart, earlyEnd) = (nil, nil)
        streams.finish()
        end(by: .unobserved(.neverStarted), oomKilled: false, .failedStart(failed))
    }

    private func end(by status: ExitStatus, oomKilled: Bool, _ rest: Ending.Rest) {
        let record = ExitRecord(
            status: status, finishedAt: WallTime.now().nanosecondsSince1970, oomKilled: oomKilled,
            lostLogBytes: writer.droppedBytes)
        alarm = nil
        ending = Ending(record: record, deadline: MonotonicClock.now() + Shim.recordDeadline, rest: rest)
        writer.save(record)
        heardWriter()
    }

    /// The writer has said something, or has died.
    func heardWriter() {
        for (number, position) in writer.takePositions() { marked(number, position) }
        // One that was started for a client before the container is refuses when that is started.
        if state != .created, let refusal = writer.takeRefusal() {
            if state == .starting { refuseStart(refusal) } else { report(refusal) }
        }
        guard let ending, let outcome = writer.outcome else { return }
        switch outcome {
        case .saved: told(ending)
        case .refused(let why):
            report(why)
            recordLate(ending)
        }
    }

    /// The disk does not answer, or refuses.
    func recordLate(_ ending: Ending) {
        if writer.outcome == nil {
            report("\(configuration.exitRecord): not written within \(Shim.recordDeadline.shortText)")
        }
        keepLate(ending.record)
        told(ending)
    }

    private func keepLate(_ record: ExitRecord) {
        var record = record
        record.lostLogBytes = writer.lostBytes
        do throws(SystemError) {
            try DurableFile.write(Array(record.text.utf8), to: configuration.lateExitRecord)
        } catch { report(error) }
    }

    /// The end was told before the disk took everything. A disk that is slow gets the rest; one that hangs does not, and what
    /// no writer was given is lost and counted then.
    func deliverRest(at now: Instant) {
        guard let due = writerDue, let record else { return }
        let goesOn = writer.outcome == nil ? writer.isDelivering(at: now) : writer.isRunning
        if now < due, goesOn { return }
        writerDue = nil
        guard writer.outcome == nil else { return }
        writer.abandon()
        if writer.lostBytes > record.lostLogBytes { keepLate(record) }
    }

    private func told(_ ending: Ending) {
        self.ending = nil
        var record = ending.record
        record.lostLogBytes = writer.lostBytes
        self.record = record
        let now = MonotonicClock.now()
        lingerUntil = now + Shim.lingerTime
        // With a word it is about to end, and is our child.
        writerDue = now + (writer.outcome == nil ? Shim.deliveryDeadline : Shim.recordDeadline)
        resolveMarks()
        switch ending.rest {
        case .exit(let actions):
            tellExit(record)
            perform(actions)
        case .failedStart(let failed): tellFailure(failed, record)
        }
    }

    private func tellExit(_ record: ExitRecord) {
        state = .exited
        if record.oomKilled { tell(.oomKilled) }
        finishAllExecs()
        tell(.exited(record))
        streams.endAttachments()
        if !configuration.keepsKnownState { deleteRuntimeState() }
    }

    private func tellFailure(_ failed: FailedStart, _ record: ExitRecord) {
        (state, earlyEnd) = (.failed, nil)
        if let asker = failed.asker { connection(asker.connection)?.send(.reply(asker.request, failed.reply)) }
        if !earlyStops.isEmpty {
            tell(.stop(job: job, .ended(StopReport(status: record.status, how: .already, rung: nil, elapsed: .zero))))
        }
        streams.endAttachments()
    }
}
