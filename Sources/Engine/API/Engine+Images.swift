public import APITypes
import FoundationEssentials
public import Images
import Lifecycle

extension Engine {
    /// Containers that need an image, for the store.
    var imageUses: [ImageUse] {
        core.registry.all.compactMap { container in
            let snapshot = container.snapshot
            return Digest(snapshot.document.imageID).map {
                ImageUse(
                    image: $0, containerID: snapshot.id, containerName: snapshot.name,
                    isRunning: snapshot.isRunning || snapshot.live == .quarantined)
            }
        }
    }

    /// Where an image is unpacked, in the words of `info`.
    public func graphDriver(of image: Image) async -> GraphDriver {
        var driver = GraphDriver()
        driver.name = await self.driver()
        // A copy is made of all of them; no directory is the image.
        let trees = driver.name == "overlay2" ? images.layerTrees(of: image) : []
        var data: [String: String] = [:]
        data["UpperDir"] = trees.last
        if trees.count > 1 { data["LowerDir"] = trees.dropLast().reversed().joined(separator: ":") }
        driver.data = data
        return driver
    }

    /// How many containers are made of each image, by the image's id.
    public var containersByImage: [String: Int] {
        core.registry.all.reduce(into: [:]) { counts, container in
            counts[container.snapshot.document.imageID, default: 0] += 1
        }
    }

    public func removeImage(_ reference: String, force: Bool, keepingParents: Bool = false) async throws(EngineError)
        -> [ImageDeleteItem]
    {
        do throws(ImageError) {
            let removals = try await Job.wait(on: .files) { () async throws(ImageError) in
                try await images.remove(
                    reference, force: force, keepingParents: keepingParents, uses: imageUses)
            }
            return removals.map(note)
        } catch { throw EngineError(error) }
    }

    /// Dangling images; with the filter `dangling=false` all that no container uses.
    public func pruneImages(_ filters: Filters) async throws(EngineError) -> PruneReport {
        try core.checkAllAreReadable(before: "image prune")
        for key in filters.keys where !["dangling", "until", "label", "label!"].contains(key) {
            throw .invalid("invalid filter '\(key)'")
        }
        var chosen = ImageFilters()
        (chosen.labels, chosen.excludedLabels) = (filters["label"] ?? [], filters["label!"] ?? [])
        if let text = filters["until"]?.first {
            guard let stamp = Timestamp(query: text, now: .now) else {
                throw .invalid("invalid filter 'until=\(text)'")
            }
            chosen.until = Int64(stamp.seconds)
        }
        let all = ["false", "0"].contains(filters["dangling"]?.first ?? "true")
        do throws(ImageError) {
            let pruned = try await Job.wait(on: .files) { () async throws(ImageError) in
                try await images.prune(chosen, all: all, uses: imageUses)
            }
            var report = PruneReport()
            report.imagesDeleted = pruned.removals.map(note)
            report.spaceReclaimed = Int(pruned.reclaimed)
            core.notePrune("image", report.spaceReclaimed)
            return report
        } catch { throw EngineError(error) }
    }

    private func note(_ removal: ImageRemoval) -> ImageDeleteItem {
        var item = ImageDeleteItem()
        switch removal {
        case .untagged(let name):
            item.untagged = name
            noteImageEvent(action: "untag", id: name, name: name)
        case .deleted(let id):
            item.deleted = id
            noteImageEvent(action: "delete", id: id, name: id)
        }
        return item
    }

    private static func encoded(_ config: ContainerConfig) throws(EngineError) -> [UInt8] {
        do { return Array(try DockerJSON.encode(config)) } catch {
            throw .system("the configuration of the container cannot be written as JSON: \(error)")
        }
    }

    /// The container that an image was committed from, with its configuration, as the image itself tells: Docker's members
    /// `container` and `container_config`.
    public func origin(of image: String) async throws(EngineError) -> ImageOrigin {
        let bytes = try await Blocking.run { [images] () throws(EngineError) in
            do throws(ImageError) { return try images.configurationBytes(of: image) } catch { throw EngineError(error) }
        }
        // What cannot be read so says nothing of a container; the rest of the image has been read before.
        return (try? DockerJSON.decode(ImageOrigin.self, from: Data(bytes))) ?? ImageOrigin()
    }

    /// The container is paused meanwhile, if `pause` says so and it runs.
    public func commitContainer(_ reference: String, _ request: APITypes.CommitRequest) async throws(EngineError)
        -> IDResponse
    {
        let container = try core.container(reference)
        let document = container.snapshot.document
        guard let image = Digest(document.imageID) else { throw .system("\(document.imageID) is no digest") }
        var commit = Images.CommitRequest(
            image: image, containerDirectory: container.paths.data, containerID: container.id,
            defaults: ContainerDefaults(request.config ?? document.config))
        commit.containerConfiguration = try Engine.encoded(document.config)
        commit.command = document.config.cmd ?? []
        commit.reference = request.reference.flatMap { $0.isEmpty ? nil : $0 }
        (commit.author, commit.message, commit.changes) = (request.author ?? "", request.comment ?? "", request.changes)
        let made = try await committed(commit, of: container, pausing: request.pause)
        await container.post(
            "commit",
            [
                "comment": commit.message, "imageID": made.id.description, "imageRef": commit.reference ?? "",
            ])
        var response = IDResponse()
        response.id = made.id.description
        return response
    }

    /// One that was never started has no files of its own before somebody looks for them.
    private func committed(
        _ commit: Images.CommitRequest, of container: Container, pausing: Bool
    ) async throws(EngineError) -> Image {
        let rootfs = try await Rootfs.borrow(container)
        let result = await Result.of { () async throws(EngineError) -> Image in
            let paused = pausing ? try await container.pauseIfRunning() : false
            let result = await Result.of { () async throws(EngineError) -> Image in
                try await Job.wait(on: .helper) { () async throws(EngineError) in
                    do throws(ImageError) { return try await images.commit(commit) } catch { throw EngineError(error) }
                }
            }
            if paused { try await container.unpauseIfPaused() }
            return try result.get()
        }
        await rootfs.giveBack()
        return try result.get()
    }

    /// Tells subscribers of `events` of something that was done through `images` (`load`, `import`, `tag`).
    public func noteImageEvent(action: String, id: String, name: String) {
        core.events.post(type: "image", action: action, id: id, attributes: ["name": name])
    }
}

extension ContainerDefaults {
    /// What of a container's configuration an image keeps.
    fileprivate init(_ config: ContainerConfig) {
        self.init()
        (user, env, entrypoint, cmd) = (config.user, config.env, config.entrypoint, config.cmd)
        (workingDir, labels, stopSignal) = (config.workingDir, config.labels, config.stopSignal)
        (stopTimeout, shell, onBuild) = (config.stopTimeout, config.shell, config.onBuild)
        exposedPorts = config.exposedPorts?.mapValues { _ in ContainerDefaults.EmptyObject() }
        volumes = config.volumes?.mapValues { _ in ContainerDefaults.EmptyObject() }
        if let check = config.healthcheck {
            healthcheck = Healthcheck(
                test: check.test, interval: check.interval.map { Int64($0) }, timeout: check.timeout.map { Int64($0) },
                startPeriod: check.startPeriod.map { Int64($0) }, startInterval: check.startInterval.map { Int64($0) },
                retries: check.retries)
        }
    }
}
