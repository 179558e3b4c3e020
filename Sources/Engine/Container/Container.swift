import APITypes
import Diagnosis
import Lifecycle
import Linux
import Synchronization

/// One container. Its calls interleave wherever one waits: the machine says at each step what may happen, so a kill
/// overtakes a stop, and nothing waits for anything it does not need.
actor Container {
    nonisolated let id: String
    nonisolated let core: EngineCore
    nonisolated let paths: ContainerPaths
    nonisolated private let published: Mutex<ContainerSnapshot>
    /// Of the main process, while it may run.
    nonisolated let mainProcess = Mutex<Pidfd?>(nil)
    /// Of the container's cgroup, while it may run.
    nonisolated let population = Mutex<CgroupEvents?>(nil)
    /// How this run would take a stop; nil: not looked at yet.
    nonisolated let readiness = Mutex<Readiness.Word?>(nil)

    var name: String
    var isRenaming = false
    var document: ContainerDocument {
        didSet { documentBox = DocumentBox(document) }
    }
    private var documentBox: DocumentBox
    var state: RunState
    var machine: ContainerMachine
    var stopDefaults: StopDefaults
    var rule: RestartRule
    var backOff = RestartBackOff()

    /// The connection to the shim of the present run.
    var shim: ShimConnection?
    /// Counts runs: what a past run still sends is told apart.
    var run = 0
    var shimProcess: ChildProcess?
    /// The connection to the shim of the present run has ended.
    var shimGone = Promise<Void>()
    /// The shim of the present run has said that the start failed.
    var shimRefused = false
    var startedAt: Instant?
    /// Stops that wait for their verdict.
    var stopWaiters: [StopWaiter] = []
    var stopSince: Instant?
    /// What it waits for, as the shim told last.
    var stopStep: StopUnderWay.Step?
    /// The stop of this run as the register of calls has it, from the order to the end.
    var stopEntry: Job?
    /// When a stop began whose end was observed but not counted.
    var uncountedStop: Instant?
    var stopNumber = 0
    /// The recording of the intent to stop, where a policy could start the container again.
    var intent: Promise<Result<Void, EngineError>>?
    var stopReport: StopReport?
    /// The order that a start under way must carry out when it is done.
    var laterOrder: StopOrder?
    /// What the shim was last asked; carried on by hand should it die.
    var lastOrder: StopOrder?
    var finding: StuckFinding?
    /// The start under way, for those who join it.
    var starting: Promise<EngineError?>?
    var startEntry: Job?
    var restartTimer: Reactor.Token?
    /// Unmounting and so on after the last run: whoever starts or removes waits for it.
    var cleanup: Task<Void, Never>?
    /// Why the cleanup cannot end, once that is known: the disk does not answer.
    var cleanupHangs: Promise<EngineError?>?
    var handWatch: HandWatch?
    var handStop: Task<Void, Never>?
    var handStep: HandStep?
    /// The shim sends the signals of the stop that is walked by hand.
    var shimWalks = false
    /// When it kills at the latest; nil: not by itself.
    var handKill: Instant?
    /// Calls that look into the root file system while nothing runs.
    var borrowers = 0
    /// The mounts that some of them want to see.
    var mountsShown: Task<Result<Void, EngineError>, Never>?
    /// Bind sources as the last start found them, links resolved.
    var bindPlaces: [String: String] = [:]
    var exitWaiters: [ExitWaiter] = []
    /// The removal under way, for those who join it; nil: it was done.
    var removal: Promise<EngineError?>?
    /// The recording of a quarantine under way, for those who join it.
    var quarantining: Promise<EngineError?>?
    /// Calls of `restart` that go on.
    var restarters = 0
    /// Clients of the present run's streams, its execs' included; those that have left may still be among them.
    var attachments: [AttachedStream] = []
    /// Bytes of the last run's output that were said to be lost.
    var toldLostBytes: UInt64 = 0
    /// Clients that attached before the start.
    var earlyAttachments: [AttachedStream] = []
    var execs: [String: ExecRecord] = [:]
    /// Counts them.
    var execNumber = 0
    var healthTask: Task<Void, Never>?
    /// The exec of a health check that has not ended in time.
    var lateProbe: String?
    /// Becomes true when the container is gone for good.
    nonisolated let removed = Promise<Void>()

    init(_ row: ContainerRow, _ live: ContainerMachine.State, core: EngineCore) throws(EngineError) {
        (id, self.core, paths) = (row.id, core, core.paths.container(row.id))
        (name, document, state) = (row.name, row.document, row.state)
        machine = ContainerMachine(live)
        stopDefaults = try StopDefaults(config: row.document.config, engine: core.configuration)
        rule = try RestartRule(row.document.host.restartPolicy)
        documentBox = DocumentBox(row.document)
        published = Mutex(ContainerSnapshot(name: row.name, documentBox: documentBox, state: row.state, live: live))
    }

    /// The last published state.
    nonisolated var snapshot: ContainerSnapshot { published.withLock { $0 } }

    /// Makes the present state visible to those who read without waiting.
    func publish() {
        let snapshot = ContainerSnapshot(
            name: name, documentBox: documentBox, state: state, live: machine.state, supervised: shim != nil,
            stopSince: stopSince, stopStep: stopStep, finding: finding,
            execIDs: execs.values.filter { $0.isRunning }.map(\.id).sorted())
        published.withLock { $0 = snapshot }
    }

    /// Publishes, and records the state in order with all that was recorded before; does not wait.
    func record() {
        publish()
        core.store.enqueueSave(state, of: id)
    }

    /// Waits until what was left of the last run is cleared away. Fails where that waits for a disk that does not answer.
    func cleanedUpInTime() async throws(EngineError) {
        while let cleanup, let hangs = cleanupHangs {
            if let error = await Job.wait(on: .cleanup, { await hangs.value() }) { throw error }
            await cleanup.value
            if self.cleanup == cleanup { self.cleanup = nil }
        }
        await cleanedUp()
    }

    /// As `cleanedUpInTime`, however long it takes.
    func cleanedUp() async {
        while let cleanup {
            await Job.wait(on: .cleanup) { await cleanup.value }
            if self.cleanup == cleanup { self.cleanup = nil }
        }
    }

    /// Of the volumes it has, with Docker's attributes.
    func postVolumes(_ action: String) {
        for plan in document.mounts where plan.kind == .volume {
            var attributes = ["driver": "local", "container": id]
            if action == "mount" {
                attributes["destination"] = plan.target
                attributes["read/write"] = plan.readOnly ? "false" : "true"
                attributes["propagation"] = ""
            }
            core.events.post(type: "volume", action: action, id: plan.source, attributes: attributes)
        }
    }

    func post(_ action: String, _ attributes: [String: String] = [:]) {
        var all = document.config.labels ?? [:]
        all["image"] = document.config.image
        all["name"] = name
        if let former = state.quarantine?.formerName, former != name { all["formerName"] = former }
        core.events.post(type: "container", action: action, id: id, attributes: all.merging(attributes) { $1 })
    }
}

/// Somebody who waits for an exit.
struct ExitWaiter {
    var condition: WaitCondition
    var promise: Promise<WaitResponse>
}
