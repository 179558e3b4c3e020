import APITypes
import Engine
import Images
import NIOHTTP1

extension API {
    var imageRoutes: [Route] {
        [
            Route(.GET, "/images/json", listImages),
            Route(.POST, "/images/prune") { call in
                try await call.answer(.ok, json: try await engine.pruneImages(try call.filters()))
            },
            Route(.GET, "/images/{name...}/json") { call in
                let name = try call.parameter("name")
                let image = try engine.images.image(name)
                if let platform = try call.platform(since: 49) {
                    guard !call.query.flag("manifests") else {
                        throw APIFailure.invalid(
                            "conflicting options: manifests and platform options cannot both be set")
                    }
                    try platform.check(image, named: name)
                }
                var inspect = ImageInspect(image)
                inspect.graphDriver = await engine.graphDriver(of: image)
                if call.version < ImageInspect.withoutContainer {
                    let origin = try await engine.origin(of: name)
                    (inspect.container, inspect.containerConfig) = (origin.container, origin.containerConfig)
                }
                try await call.answer(.ok, json: inspect.shaped(for: call.version))
            },
            Route(.GET, "/images/{name...}/history") { call in
                let name = try call.parameter("name")
                try call.platform(since: 48)?.check(try engine.images.image(name), named: name)
                let history = try engine.images.history(of: name)
                try await call.answer(.ok, json: history.map(ImageHistoryItem.init))
            },
            Route(.POST, "/images/{name...}/tag", tagImage),
            Route(.DELETE, "/images/{name...}") { call in
                let name = try call.parameter("name")
                if call.version >= APIVersion(minor: 50) {
                    // An image has one platform here: asked for others, there is nothing to remove.
                    for text in call.query.all("platforms") {
                        try Platform(json: text).check(try engine.images.image(name), named: name)
                    }
                }
                let removed = try await engine.removeImage(
                    name, force: call.query.flag("force"), keepingParents: call.query.flag("noprune"))
                try await call.answer(.ok, json: removed)
            },
        ]
    }

    private func listImages(_ call: Call) async throws {
        var named = try call.filters()
        if call.version < APIVersion(minor: 41), let name = call.query.string("filter") {
            named["reference", default: []].append(name)
        }
        var filters = try ImageFilters(named)
        filters.hidesParents = !call.query.flag("all")
        let wantsShared = call.version >= APIVersion(minor: 42) && call.query.flag("shared-size")
        let shared = wantsShared ? try engine.images.diskUsage() : nil
        let users = engine.containersByImage
        let summaries = try engine.images.images(filters).map { image in
            var summary = ImageSummary(image)
            summary.repoTags = image.tags.filter(filters.shows).map(\.familiar)
            summary.repoDigests = image.digests.filter(filters.shows).map(\.familiar)
            if let entry = shared?.images.first(where: { $0.image.id == image.id }) {
                summary.sharedSize = Int(entry.sharedSize)
            }
            summary.containers = users[summary.id] ?? 0
            return summary.shaped(for: call.version)
        }
        try await call.answer(.ok, json: summaries)
    }

    private func tagImage(_ call: Call) async throws {
        guard let reference = call.query.reference() else {
            throw APIFailure.invalid("no repository to tag the image with")
        }
        let name = try call.parameter("name")
        try await engine.images.tag(name, as: reference)
        let image = try engine.images.image(reference)
        engine.noteImageEvent(action: "tag", id: image.id.description, name: reference)
        try await call.answer(.created)
    }
}

extension ImageFilters {
    /// Docker's filters of the list of images.
    init(_ filters: [String: [String]]) throws(APIFailure) {
        self.init()
        for (key, values) in filters {
            switch key {
            case "reference": references = values
            case "label": labels = values
            case "before": before = values.first
            case "since": since = values.first
            case "dangling":
                guard let word = values.first, let flag = ["true": true, "1": true, "false": false, "0": false][word]
                else {
                    throw APIFailure.invalid("invalid filter 'dangling=\(values.joined(separator: ","))'")
                }
                dangling = flag
            case "until":
                guard let stamp = values.first.flatMap({ Timestamp(query: $0, now: .now) }) else {
                    throw APIFailure.invalid("invalid filter 'until=\(values.joined(separator: ","))'")
                }
                until = Int64(stamp.seconds)
            default: throw APIFailure.invalid("invalid filter '\(key)'")
            }
        }
    }
}

extension ImageSummary {
    init(_ image: Image) {
        self.init()
        id = image.id.description
        parentId = image.parent?.description ?? ""
        repoTags = image.repoTags
        repoDigests = image.repoDigests
        created = Int(image.createdAt)
        size = Int(image.size)
        sharedSize = -1
        labels = image.labels
        containers = -1
    }
}

extension ImageInspect {
    init(_ image: Image) {
        self.init()
        let configuration = image.configuration
        id = image.id.description
        repoTags = image.repoTags
        repoDigests = image.repoDigests
        parent = image.parent?.description ?? ""
        comment = configuration.comment ?? ""
        created = configuration.created
        author = configuration.author ?? ""
        if let defaults = configuration.config { config = ImageConfig(defaults) }
        architecture = configuration.architecture ?? ""
        variant = configuration.variant
        os = configuration.os ?? ""
        size = Int(image.size)
        rootFS.type = configuration.rootfs.type
        rootFS.layers = configuration.rootfs.diffIDs.map(\.description)
        metadata.lastTagTime = Timestamp(seconds: Int(image.taggedAt)).description
    }
}

extension ImageConfig {
    init(_ defaults: ContainerDefaults) {
        self.init()
        user = defaults.user
        exposedPorts = defaults.exposedPorts?.mapValues { _ in EmptyObject() }
        (env, cmd, entrypoint) = (defaults.env, defaults.cmd, defaults.entrypoint)
        healthcheck = defaults.healthcheck.map(HealthConfig.init)
        argsEscaped = defaults.argsEscaped
        volumes = defaults.volumes?.mapValues { _ in EmptyObject() }
        (workingDir, onBuild, labels) = (defaults.workingDir, defaults.onBuild, defaults.labels)
        (stopSignal, shell) = (defaults.stopSignal, defaults.shell)
    }
}

extension HealthConfig {
    init(_ check: ContainerDefaults.Healthcheck) {
        self.init()
        (test, retries) = (check.test, check.retries)
        interval = check.interval.map { Int($0) }
        timeout = check.timeout.map { Int($0) }
        startPeriod = check.startPeriod.map { Int($0) }
        startInterval = check.startInterval.map { Int($0) }
    }
}

extension ImageHistoryItem {
    init(_ entry: ImageHistoryEntry) {
        self.init()
        id = entry.id?.description ?? "<missing>"
        created = Int(entry.createdAt)
        createdBy = entry.createdBy
        tags = entry.tags
        size = Int(entry.size)
        comment = entry.comment
    }
}
