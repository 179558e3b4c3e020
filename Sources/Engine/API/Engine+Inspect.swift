public import APITypes
import Images
import Lifecycle
import Linux

extension Engine {
    /// Answers from what is known, verified at this moment; waits for nothing that a container could hold up. `size`
    /// walks the container's files.
    public func inspectContainer(_ reference: String, size: Bool = false) async throws(EngineError) -> ContainerInspect
    {
        let container = try core.container(reference)
        var view = core.inspect(container)
        if size {
            view.sizeRw = await core.writtenBytes(container.paths)
            view.sizeRootFs = (view.sizeRw ?? 0).saturatingSum(core.imageBytes(view.image))
        }
        return view
    }

    /// What is true at this moment.
    public func containerState(_ reference: String) async throws(EngineError) -> VerifiedState {
        let container = try core.container(reference)
        let snapshot = container.snapshot
        let seen = Observation.look(container, snapshot)
        var view = VerifiedState()
        (view.id, view.name) = (snapshot.id, snapshot.name)
        view.state = seen == .empty ? "ending" : StateText.quell(snapshot.live)
        (view.supervised, view.populated) = (snapshot.supervised, seen.populated)
        if snapshot.state.pid > 0 { view.pid = Int(snapshot.state.pid) }
        if !snapshot.isActive, let status = snapshot.state.exit?.status {
            view.exitCode = status.shellCode.map { Int($0) }
            view.exitCodeObserved = status.shellCode != nil
            if case .signal(let signal, _) = status { view.signal = signal.description }
        }
        view.verdict = snapshot.state.verdict
        view.stopElapsedMs = snapshot.stopSince.map { Int((MonotonicClock.now() - $0).wholeMilliseconds) }
        if snapshot.live == .stuck || snapshot.live == .quarantined || (seen != .idle && !snapshot.supervised) {
            let since = snapshot.stopSince ?? MonotonicClock.now()
            var seen = await LeftoverTasks.look(core.cgroup(container.id), since: since, core)
            seen.cause = snapshot.finding?.cause
            view.finding = Finding(seen)
        }
        view.verifiedAt = Timestamp.now.description
        return view
    }
}

extension EngineCore {
    func inspect(_ container: Container) -> ContainerInspect {
        let snapshot = container.snapshot
        let (document, paths) = (snapshot.document, container.paths)
        var view = ContainerInspect()
        view.id = document.id
        view.created = StateText.stamp(document.created)
        (view.path, view.args) = (document.command.first ?? "", Array(document.command.dropFirst()))
        view.state = ContainerState(snapshot, Observation.look(container, snapshot))
        if snapshot.isRunning { view.state.quellStop = container.readinessWord }
        view.image = document.imageID
        let etc = document.namespaces.network.sharedID.map { self.paths.container($0).data } ?? paths.data
        view.resolvConfPath = "\(etc)/resolv.conf"
        (view.hostnamePath, view.hostsPath) = ("\(etc)/hostname", "\(etc)/hosts")
        view.logPath = document.host.logConfig?.type == "none" ? "" : paths.log
        (view.name, view.restartCount) = ("/" + snapshot.name, snapshot.state.restartCount)
        let driver = graphDriver(of: container, snapshot)
        (view.driver, view.platform) = (driver.name, "linux")
        view.execIDs = snapshot.execIDs.isEmpty ? nil : snapshot.execIDs
        view.hostConfig = document.host
        view.hostConfig.cgroupnsMode = document.namespaces.cgroup == .host ? "host" : "private"
        view.graphDriver = driver
        // As in Docker: of the tmpfs only those of `--mount`.
        let named = Set((document.host.mounts ?? []).map { Spec.normalised($0.target) })
        view.mounts = document.mounts.filter { $0.kind != .tmpfs || named.contains($0.target) }.map(mountPoint)
        view.config = document.config
        if view.config.hostname == nil { view.config.hostname = Spec.hostname(of: document) }
        view.networkSettings = networkSettings(snapshot)
        return view
    }

    /// As `info` calls it. Where neither this container's root file system nor one beside it was made, nobody knows yet.
    private func graphDriver(of container: Container, _ snapshot: ContainerSnapshot) -> GraphDriver {
        var driver = GraphDriver()
        switch snapshot.state.usesOverlay ?? images.knowsOverlay(below: paths.containers) {
        case true?:
            driver.name = "overlay2"
            driver.data = [
                "MergedDir": container.paths.rootfs, "UpperDir": container.paths.upper,
                "WorkDir": "\(container.paths.data)/work",
            ]
        case false?: driver.name = "copy"
        case nil: driver.name = "unknown"
        }
        return driver
    }

    func mountPoint(_ plan: MountPlan) -> MountPoint {
        var point = MountPoint()
        (point.type, point.destination, point.rw) = (plan.kind.rawValue, plan.target, !plan.readOnly)
        point.mode = plan.mode
        switch plan.kind {
        case .volume:
            (point.name, point.driver, point.source) = (plan.source, "local", paths.volumeData(plan.source))
        case .bind: (point.source, point.propagation) = (plan.source, plan.propagation)
        case .tmpfs: break
        }
        return point
    }

    func imageBytes(_ id: String) -> Int {
        do { return Int(try images.image(id).size) } catch {
            // The image may have been removed by force: its size is not known any more.
            return 0
        }
    }
}
