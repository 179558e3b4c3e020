import APITypes
import Images
import Linux

extension Container {
    /// The root file system is mounted and complete; on a first start, volumes have the image's content.
    func prepareRootfs() async throws(EngineError) {
        try await mountRootfs()
        if document.host.ipcMode == "shareable" { try await mountSharedMemory() }
        try await prepareSources()
        try await fillVolumes()
        let (rootfs, directory) = (paths.rootfs, document.config.workingDir ?? "/")
        guard directory != "/", !directory.isEmpty else { return }
        try await core.onDisk("make the working directory \(directory)") { () throws(SystemError) in
            try RootedDirectory(rootfs).makeDirectories(directory)
        }
    }

    /// Once, in the mounted root file system: volumes have the image's content.
    func fillVolumes() async throws(EngineError) {
        guard !state.prepared else { return }
        for mount in try await resolvedMounts() { try await fillVolume(mount) }
        state.prepared = true
        record()
    }

    /// Mounts the root file system where it is not; a copy is made once.
    func mountRootfs() async throws(EngineError) {
        guard let image = Digest(document.imageID) else { throw .system("\(document.imageID) is no digest") }
        do {
            let rootfs = try await Job.wait(on: .files) { () async throws(ImageError) in
                try await core.images.rootfs(for: image, container: paths.data)
            }
            switch rootfs {
            case .overlay(let plan):
                state.usesOverlay = true
                try await mount(plan)
            case .copy(let copy):
                state.usesOverlay = false
                guard !state.prepared else { return }
                try await Job.wait(on: .helper) { try await core.images.copyRootfs(copy) }
            }
        } catch let error as EngineError { throw error } catch let error as ImageError {
            throw EngineError(error)
        } catch {
            throw .system("\(error)")
        }
    }

    private func mountSharedMemory() async throws(EngineError) {
        let (path, size) = (paths.sharedMemory, shmSize)
        try await core.onDisk("mount the shared memory") { () throws(SystemError) in
            try File.makeDirectories(path, mode: 0o700)
            if try Mount.isMountPoint(path) { return }
            try Mount.tmpfs(
                at: path, options: "mode=1777,size=\(size)", flags: [.noSetUID, .noDevices, .noExecution])
        }
    }

    private func mount(_ plan: Images.OverlayMount) async throws(EngineError) {
        try await Job.wait(on: .mount) { () async throws(EngineError) in
            try await core.onDisk("mount the root file system") { () throws(SystemError) in
                if try Mount.isMountPoint(plan.target) { return }
                guard let directory = plan.workingDirectory else {
                    return try Mount.mount("overlay", type: "overlay", at: plan.target, options: plan.options)
                }
                // Not from there: the current directory is the whole process's.
                let links = try File.open(directory, [.path, .directory])
                let options = plan.options(through: "/proc/self/fd/\(links.raw)")
                try Mount.mount("overlay", type: "overlay", at: plan.target, options: options)
            }
        }
    }

    /// What the mounts come from is there: missing sources of `-v` are made, those of `--mount` are an error; a part of a
    /// volume is mounted where nobody can put something else in its place.
    private func prepareSources() async throws(EngineError) {
        for (index, plan) in document.mounts.enumerated() {
            switch plan.kind {
            case .tmpfs: break
            case .bind: bindPlaces[plan.source] = try await BindSource.check(plan, core)
            case .volume:
                try await core.volumes.hold(plan.source, for: id, core)
                guard let subpath = plan.subpath else { continue }
                let data = try await core.volumes.directory(of: plan.source, core)
                try await bind(subpath, of: data, at: paths.subpath(index))
            }
        }
    }

    private func bind(_ subpath: String, of data: String, at target: String) async throws(EngineError) {
        let outcome = try await core.hostLook.run(
            ["bind", data, subpath, target], "looking at \(data)/\(subpath)", core)
        guard case .failed(let errno, let text) = outcome else { return }
        // Docker's words.
        guard errno == 2 || errno == 20 else { throw .system("cannot access path \(data)/\(subpath): \(text)") }
        throw .invalid("cannot access path \(data)/\(subpath): no such file or directory")
    }

    /// Where `prepareSources` mounts.
    var mountPoints: [String] {
        document.mounts.indices.filter { document.mounts[$0].subpath != nil }.map(paths.subpath) + paths.mounts
    }

    /// Mount plans with their places on the host.
    func resolvedMounts() async throws(EngineError) -> [ResolvedMount] {
        var resolved: [ResolvedMount] = []
        for (index, plan) in document.mounts.enumerated() {
            let source =
                switch plan.kind {
                case .tmpfs: ""
                case .bind: plan.source
                case .volume where plan.subpath != nil: paths.subpath(index)
                case .volume: try await core.volumes.directory(of: plan.source, core)
                }
            let asks = plan.kind == .bind && plan.readOnly && plan.recursive && plan.readOnlyRecursive == nil
            let hasMounts = asks ? try await hasMounts(below: bindPlaces[source] ?? source) : false
            resolved.append(ResolvedMount(plan: plan, source: source, hasMountsBelow: hasMounts))
        }
        return resolved
    }

    private func hasMounts(below place: String) async throws(EngineError) -> Bool {
        try await core.onDisk("look for mounts below \(place)") { () throws(SystemError) in
            try Mount.list(under: place).contains { $0.mountPoint != place }
        }
    }

    /// Docker's copy-up: an empty named volume gets what the image has at its mount point.
    private func fillVolume(_ mount: ResolvedMount) async throws(EngineError) {
        guard mount.plan.kind == .volume, mount.plan.copiesImage, mount.plan.subpath == nil else { return }
        let (rootfs, target, volume) = (paths.rootfs, mount.plan.target, mount.source)
        if try !core.volumes.find(mount.plan.source).options.isEmpty {
            // What is mounted there may never answer: then this says so, and no thread of ours waits for it.
            _ = try await core.hostLook.run(["look", volume], "looking at volume \(mount.plan.source)", core)
        }
        let source: String? = try await core.onDisk("look into volume \(mount.plan.source)") { () throws(SystemError) in
            guard try File.list(volume).isEmpty else { return nil }
            let root = try RootedDirectory(rootfs)
            guard let status = try root.status(of: target), status.kind == .directory else { return nil }
            // Nothing runs in this root yet: the resolved path cannot be changed under us.
            let directory = try root.open(target, [.path, .directory])
            try File.setMode(status.mode & 0o7777, of: volume)
            try File.setOwner(uid: status.uid, gid: status.gid, of: volume)
            let place = try File.readLink("/proc/self/fd/\(directory.raw)")
            try File.copyUserAttributes(from: place, to: volume)
            return try root.list(target).isEmpty ? nil : place
        }
        guard let source else { return }
        try await core.copyTree(from: source, to: volume)
    }
}

/// The host's side of a bind mount.
enum BindSource {
    /// Makes it where that is wanted. `.timedOut` after ten seconds.
    /// - Returns: where it is, links resolved.
    static func check(_ plan: MountPlan, _ core: EngineCore) async throws(EngineError) -> String {
        let outcome = try await core.hostLook.run(
            [plan.createsSource ? "make" : "look", plan.source], "looking at the bind source \(plan.source)", core)
        let (errno, text): (Int32, String)
        switch outcome {
        case .failed(let number, let fault): (errno, text) = (number, fault)
        case .done(let place):
            // Links in it may lead to what hangs.
            var real = plan
            real.source = place
            if place != plan.source, !place.isEmpty { try await core.refuseHeld([real]) }
            try checkPropagation(plan, core)
            return place.isEmpty ? plan.source : place
        }
        if plan.createsSource { throw .system("make the bind source \(plan.source): \(text)") }
        guard errno == 2 else { throw .system("look at the bind source \(plan.source): \(text)") }
        throw .invalid("invalid mount config for type \"bind\": bind source path does not exist: \(plan.source)")
    }

    /// Mounts come and go between host and container only where the mount that the source is on lets them. Docker's words.
    private static func checkPropagation(_ plan: MountPlan, _ core: EngineCore) throws(EngineError) {
        let words: Set<String> = ["shared", "rshared", "slave", "rslave"]
        guard words.contains(plan.propagation) else { return }
        if plan.propagation.hasSuffix("shared"), !core.cgroups.hiddenFromRuntime.isEmpty {
            throw .unsupported(
                "\(plan.propagation) of \(plan.source): on this host (hybrid cgroups) the runtime has a mount namespace of "
                    + "its own, out of which nothing propagates; use rslave, or a host with cgroup v2 alone")
        }
        let mounts = try attempt { () throws(SystemError) in try Mount.list(under: "/") }
        // Of those on one place the last is on top.
        let holding = mounts.filter { mount in
            mount.mountPoint == "/" || plan.source == mount.mountPoint || plan.source.hasPrefix(mount.mountPoint + "/")
        }
        let longest = holding.map(\.mountPoint.utf8.count).max()
        guard let mount = holding.last(where: { $0.mountPoint.utf8.count == longest }) else { return }
        if mount.isShared { return }
        if plan.propagation.hasSuffix("slave") {
            if mount.propagation.contains(where: { $0.hasPrefix("master:") }) { return }
            throw .invalid(
                "path \(plan.source) is mounted on \(mount.mountPoint) but it is not a shared or slave mount")
        }
        throw .invalid("path \(plan.source) is mounted on \(mount.mountPoint) but it is not a shared mount")
    }
}

extension EngineCore {
    /// Copies what is in one directory into another, by two confined helpers and a pipe between them.
    func copyTree(from source: String, to target: String) async throws(EngineError) {
        let ends = try attempt { () throws(SystemError) in try PipeEnds() }
        do {
            async let reading: Void = images.export(root: source, to: ends.takeWriting())
            try await images.copyIn(
                Images.CopyInRequest(root: target, path: "/"), from: .stream(ends.takeReading(), name: source))
            try await reading
        } catch let error as ImageError { throw EngineError(error) } catch let error as SystemError {
            throw EngineError(error)
        } catch { throw .system("copy \(source) to \(target): \(error)") }
    }
}

extension EngineError {
    init(_ error: ImageError) {
        switch error {
        case .notFound(let name): self = .notFound(kind: "image", name: name)
        case .noSuchPath(let path): self = .notFound(kind: "path", name: path)
        case .ambiguous: self = .notFound(kind: "image", name: error.description)
        case .invalid(let text): self = .invalid(text)
        case .conflict(let text): self = .conflict(text)
        case .badArchive: self = .invalid(error.description)
        case .notTagged(let name): self = .notFound(kind: "image", name: name)
        case .noSpace, .cancelled, .system, .damaged, .registry: self = .system(error.description)
        }
    }
}
