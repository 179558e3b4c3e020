import APITypes
import Images
import Linux

extension Container {
    /// The root file system is mounted and complete; on a first start, volumes have the image's content.
    func prepareRootfs() async throws(EngineError) {
        try await mountRootfs()
        if document.host.ipcMode == "shareable" { try await mountSharedMemory() }
        let resolved = try await resolvedMounts()
        if !state.prepared {
            for mount in resolved { try await fillVolume(mount) }
            state.prepared = true
        }
        let (rootfs, directory) = (paths.rootfs, document.config.workingDir ?? "/")
        guard directory != "/", !directory.isEmpty else { return }
        try await Blocking.run { () throws(EngineError) in
            try attempt("make the working directory \(directory)") { () throws(SystemError) in
                try RootedDirectory(rootfs).makeDirectories(directory)
            }
        }
    }

    /// Mounts the root file system where it is not; a copy is made once.
    func mountRootfs() async throws(EngineError) {
        guard let image = Digest(document.imageID) else { throw .system("\(document.imageID) is no digest") }
        do {
            switch try await core.images.rootfs(for: image, container: paths.data) {
            case .overlay(let plan): try await mount(plan)
            case .copy(let copy): if !state.prepared { try await core.images.copyRootfs(copy) }
            }
        } catch let error as EngineError { throw error } catch let error as ImageError {
            throw EngineError(error)
        } catch {
            throw .system("\(error)")
        }
    }

    private func mountSharedMemory() async throws(EngineError) {
        let (path, size) = (paths.sharedMemory, shmSize)
        try await Blocking.run { () throws(EngineError) in
            try attempt("mount the shared memory") { () throws(SystemError) in
                try File.makeDirectories(path, mode: 0o700)
                if try Mount.isMountPoint(path) { return }
                try Mount.tmpfs(
                    at: path, options: "mode=1777,size=\(size)", flags: [.noSetUID, .noDevices, .noExecution])
            }
        }
    }

    private func mount(_ plan: Images.OverlayMount) async throws(EngineError) {
        try await Blocking.run { () throws(EngineError) in
            try attempt("mount the root file system") { () throws(SystemError) in
                if try Mount.isMountPoint(plan.target) { return }
                let overlay = Linux.OverlayMount(
                    lower: plan.lowerDirectories, upper: plan.upperDirectory, work: plan.workDirectory,
                    options: Images.OverlayMount.settings)
                try Mount.overlay(overlay, at: plan.target)
            }
        }
    }

    /// Mount plans with their places on the host. Missing sources of `-v` are made; those of `--mount` are an error.
    func resolvedMounts() async throws(EngineError) -> [ResolvedMount] {
        var resolved: [ResolvedMount] = []
        for plan in document.mounts {
            switch plan.kind {
            case .tmpfs: resolved.append(ResolvedMount(plan: plan, source: ""))
            case .bind:
                try await Blocking.run(
                    "looking at the bind source \(plan.source)", within: .seconds(10), on: core.reactor
                ) { () throws(EngineError) in try BindSource.check(plan) }
                resolved.append(ResolvedMount(plan: plan, source: plan.source))
            case .volume:
                let data = try await core.volumes.directory(of: plan.source)
                let source = plan.subpath.map { "\(data)/\($0)" } ?? data
                resolved.append(ResolvedMount(plan: plan, source: source))
            }
        }
        return resolved
    }

    /// Docker's copy-up: an empty named volume gets what the image has at its mount point.
    private func fillVolume(_ mount: ResolvedMount) async throws(EngineError) {
        guard mount.plan.kind == .volume, mount.plan.copiesImage, mount.plan.subpath == nil else { return }
        let (rootfs, target, volume) = (paths.rootfs, mount.plan.target, mount.source)
        let source: String? = try await Blocking.run { () throws(EngineError) in
            try attempt("look into volume \(mount.plan.source)") { () throws(SystemError) in
                guard try File.list(volume).isEmpty else { return nil }
                let root = try RootedDirectory(rootfs)
                guard let status = try root.status(of: target), status.kind == .directory else { return nil }
                // Nothing runs in this root yet: the resolved path cannot be changed under us.
                let directory = try root.open(target, [.path, .directory])
                try File.setMode(status.mode & 0o7777, of: volume)
                try File.setOwner(uid: status.uid, gid: status.gid, of: volume)
                if try root.list(target).isEmpty { return nil }
                return try File.readLink("/proc/self/fd/\(directory.raw)")
            }
        }
        guard let source else { return }
        try await core.copyTree(from: source, to: volume)
    }
}

/// The host's side of a bind mount.
enum BindSource {
    static func check(_ plan: MountPlan) throws(EngineError) {
        let found = try attempt { () throws(SystemError) in try File.status(of: plan.source) }
        if found != nil { return }
        guard plan.createsSource else {
            throw .invalid("invalid mount config for type \"bind\": bind source path does not exist: \(plan.source)")
        }
        try attempt("make the bind source \(plan.source)") { () throws(SystemError) in
            try File.makeDirectories(plan.source)
        }
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
        case .noSpace, .cancelled, .system, .damaged: self = .system(error.description)
        }
    }
}
