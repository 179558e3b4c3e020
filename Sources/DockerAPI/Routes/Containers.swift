import APITypes
import Engine
import Images
import Lifecycle
import Linux
import NIOCore
import NIOHTTP1

extension API {
    var containerRoutes: [Route] {
        [
            Route(.GET, "/containers/json", listContainers),
            Route(.POST, "/containers/create", createContainer),
            Route(.POST, "/containers/prune") { call in
                try await call.answer(.ok, json: try await engine.pruneContainers(try call.filters()))
            },
            Route(.GET, "/containers/{id}/json", on: .loop) { call in
                // Asked often, and large: written by hand.
                var inspect = try await engine.inspectContainer(try call.id, size: call.query.flag("size"))
                inspect.complete()
                try await call.answer(.ok, encoded: inspect.line)
            },
            Route(.GET, "/containers/{id}/top") { call in
                let top = try await engine.topContainer(try call.id, psArguments: call.query.string("ps_args"))
                try await call.answer(.ok, json: top)
            },
            Route(.GET, "/containers/{id}/changes") { call in
                try await call.answer(.ok, json: try await engine.containerChanges(try call.id))
            },
            Route(.POST, "/containers/{id}/start", startContainer),
            Route(.POST, "/containers/{id}/stop", stopContainer),
            Route(.POST, "/containers/{id}/restart", restartContainer),
            Route(.POST, "/containers/{id}/kill", killContainer),
            Route(.POST, "/containers/{id}/pause") { call in
                try await engine.pauseContainer(try call.id)
                try await call.answer(.noContent)
            },
            Route(.POST, "/containers/{id}/unpause") { call in
                try await engine.unpauseContainer(try call.id)
                try await call.answer(.noContent)
            },
            Route(.POST, "/containers/{id}/rename", renameContainer),
            Route(.POST, "/containers/{id}/update") { call in
                var update = try await call.json(ContainerUpdateRequest.self)
                update.shape(for: call.version)
                try await call.answer(.ok, json: try await engine.updateContainer(try call.id, update))
            },
            Route(.POST, "/containers/{id}/resize") { call in
                let (rows, columns) = try call.windowSize()
                try await engine.resizeContainer(try call.id, rows: rows, columns: columns)
                try await call.answer(.ok)
            },
            Route(.POST, "/containers/{id}/wait", waitContainer),
            Route(.DELETE, "/containers/{id}", removeContainer),
            Route(.POST, "/commit", commitContainer),
        ]
    }

    private func listContainers(_ call: Call) async throws {
        var options = ListOptions()
        options.all = call.query.flag("all")
        options.limit = max(0, try call.query.integer("limit") ?? 0)
        options.size = call.query.flag("size")
        options.filters = try call.filters()
        // Asked every second by many clients, and large: written by hand.
        var list = try await engine.listContainers(options)
        if call.version < APIVersion(minor: 46) {
            for index in list.indices { list[index].hostConfig.annotations = nil }
        }
        try await call.answer(.ok, encoded: ContainerSummary.line(list))
    }

    private func createContainer(_ call: Call) async throws {
        var request = try await call.json(ContainerCreateRequest.self)
        if let word = call.query.string("unhandled") { try presetUnhandled(word, in: &request) }
        try request.shape(for: call.version)
        let warning = try checkPlatform(of: request.config.image, call)
        var created = try await engine.createContainer(request, name: call.query.string("name"))
        if let warning { created.warnings.append(warning) }
        try await call.answer(.created, json: created)
    }

    /// Quell's own parameter: what the container is to do with signals that no process of it handles, where neither the
    /// request nor the image says.
    private func presetUnhandled(_ word: String, in request: inout ContainerCreateRequest) throws {
        guard Unhandled(name: word) != nil else {
            throw APIFailure.invalid("invalid unhandled \"\(word)\": expected kill or wait")
        }
        let label = "quell.stop.unhandled"
        guard request.config.labels?[label] == nil, !request.config.image.isEmpty else { return }
        let image = try engine.images.image(request.config.image)
        guard image.configuration.config?.labels?[label] == nil else { return }
        request.config.labels = (request.config.labels ?? [:]).merging([label: word]) { old, _ in old }
    }

    private func startContainer(_ call: Call) async throws {
        // `{}` and `null` are as good as nothing; a whole host configuration came here until 1.23.
        guard try await call.exchange.wholeBody(limit: Call.jsonLimit).readableBytes <= 7 else {
            throw APIFailure.invalid(
                "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24")
        }
        try await engine.startContainer(try call.id)
        try await call.answer(.noContent)
    }

    /// Answers when the container has ended, or with the verdict when it is stuck. A client that leaves cancels nothing.
    private func stopContainer(_ call: Call) async throws {
        let job = try await engine.stopContainer(try call.id, try call.stopOptions())
        try await answer(call, with: job)
    }

    private func killContainer(_ call: Call) async throws {
        let signal = try Signal(parsing: call.query.string("signal") ?? "KILL")
        if signal == .kill {
            try await answer(call, with: try await engine.killContainer(try call.id))
        } else {
            try await engine.signalContainer(try call.id, signal)
            try await call.answer(.noContent)
        }
    }

    private func answer(_ call: Call, with job: StopJob) async throws {
        guard let outcome = try await call.whileConnected({ await job.result() }) else { throw EngineError.closing }
        switch outcome.verdict {
        case .already: try await call.answer(.notModified)
        case .ended: try await call.answer(.noContent)
        case .stuck, .unsupervised: throw APIFailure(.internalServerError, outcome.line)
        }
    }

    private func restartContainer(_ call: Call) async throws {
        let (id, options) = (try call.id, try call.stopOptions())
        // Not in the request's own task: half a restart would be a stop nobody asked for.
        let restart = Task { try await engine.restartContainer(id, options) }
        guard try await call.whileConnected({ try await restart.value }) != nil else { throw EngineError.closing }
        try await call.answer(.noContent)
    }

    private func renameContainer(_ call: Call) async throws {
        guard let name = call.query.string("name") else {
            throw APIFailure.invalid("Neither old nor new names may be empty")
        }
        try await engine.renameContainer(try call.id, to: name)
        try await call.answer(.noContent)
    }

    /// The head is sent as soon as the wait is registered: `docker run` starts the container only then. Before 1.30 there
    /// were no conditions, and nothing was sent before the end.
    private func waitContainer(_ call: Call) async throws {
        guard call.version >= APIVersion(minor: 30) else {
            let wait = try await engine.waitContainer(try call.id, .notRunning)
            guard let response = try await call.whileConnected({ await wait.result() }) else { return }
            return try await call.answer(.ok, json: response)
        }
        let text = call.query.string("condition") ?? WaitCondition.notRunning.rawValue
        guard let condition = WaitCondition(rawValue: text) else {
            throw APIFailure.invalid("invalid condition: \"\(text)\"")
        }
        let wait = try await engine.waitContainer(try call.id, condition)
        try await call.beginStream("application/json")
        guard let response = try await call.whileConnected({ await wait.result() }) else { return }
        try await call.writeLine(response)
        try await call.exchange.endStream()
    }

    private func removeContainer(_ call: Call) async throws {
        guard !call.query.flag("link") else {
            throw APIFailure(.notImplemented, "links between containers are not there")
        }
        try await engine.removeContainer(
            try call.id, force: call.query.flag("force"), volumes: call.query.flag("v"))
        try await call.answer(.noContent)
    }

    private func commitContainer(_ call: Call) async throws {
        guard let container = call.query.string("container") else {
            throw APIFailure.invalid("no container to make an image of")
        }
        var request = APITypes.CommitRequest()
        request.reference = call.query.reference()
        request.comment = call.query.string("comment")
        request.author = call.query.string("author")
        request.changes = call.query.all("changes").flatMap { $0.split(separator: "\n").map(String.init) }
        request.pause = call.query.flag("pause", default: true)
        let config = try await call.json(ContainerConfig.self)
        if config != ContainerConfig() { request.config = config }
        try await call.answer(.created, json: try await engine.commitContainer(container, request))
    }

    /// The image must be for the platform that is asked for. Where none is, one for another host is warned of.
    private func checkPlatform(of name: String, _ call: Call) throws -> String? {
        guard !name.isEmpty else { return nil }
        let image = try engine.images.image(name)
        if call.version >= APIVersion(minor: 41), let text = call.query.string("platform") {
            try Platform(slashed: text).check(image, named: name)
            return nil
        }
        let host = "linux/" + goArchitecture(try Host.kernel().machine)
        guard !(try Platform(slashed: host).fits(image)) else { return nil }
        return
            "The requested image's platform (\(image.platform)) does not match the detected host platform (\(host)) and no specific platform was requested"
    }
}

extension Call {
    /// Docker's `t` and `signal`.
    func stopOptions() throws -> StopOptions {
        var options = StopOptions()
        options.timeout = try query.integer("t").map { seconds in try Grace(checked: seconds, "t") }
        if version >= APIVersion(minor: 42), let signal = query.string("signal") {
            options.signal = try Signal(parsing: signal)
        }
        return options
    }

    func windowSize() throws -> (rows: Int, columns: Int) {
        guard let rows = try query.integer("h"), let columns = try query.integer("w"), (0...65535).contains(rows),
            (0...65535).contains(columns)
        else { throw APIFailure.invalid("resize needs h and w, from 0 to 65535") }
        return (rows, columns)
    }
}

extension Query {
    /// `repo` and `tag` as one reference; nil where there is no repository.
    func reference() -> String? {
        guard let repository = string("repo") else { return nil }
        guard let tag = string("tag") else { return repository }
        return repository + (tag.contains(":") ? "@" : ":") + tag
    }
}
