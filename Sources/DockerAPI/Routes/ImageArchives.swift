import APITypes
import Engine
import Images
import Linux
import NIOCore
import NIOHTTP1

extension API {
    var imageArchiveRoutes: [Route] {
        [
            Route(.POST, "/images/load", loadImages),
            Route(.POST, "/images/create", importImage),
            Route(.GET, "/images/get") { call in
                // `names` comes repeated, or as a list in one value.
                let names = call.query.all("names").flatMap { $0.split(separator: ",").map(String.init) }
                guard !names.isEmpty else { throw APIFailure.invalid("no image to save") }
                try checkPlatform(of: names, call)
                try await save(names, call)
            },
            Route(.GET, "/images/{name...}/get") { call in
                let names = [try call.parameter("name")]
                try checkPlatform(of: names, call)
                try await save(names, call)
            },
        ]
    }

    /// A docker-archive or OCI archive in the body, as a stream: it is unpacked while it comes.
    private func loadImages(_ call: Call) async throws {
        let progress = ProgressStream(call: call, quiet: call.query.flag("quiet"))
        let platform = try call.platform(since: 48)?.whole
        try await progress.run { report in
            let loaded = try await Job.wait(on: .helper) {
                try await call.withBodyAsPipe { reading in
                    try await engine.images.load(
                        from: .stream(reading, name: "request body"), platform: platform, progress: report)
                }
            }
            for item in loaded { noteLoad(item) }
            return loaded.flatMap(\.lines)
        }
    }

    /// A root file system as tar in the body becomes an image.
    private func importImage(_ call: Call) async throws {
        if let image = call.query.string("fromImage") { return try await pullImage(image, call) }
        guard call.query.string("fromSrc") == "-" else {
            throw APIFailure(
                .notImplemented, "only fromSrc=- (the request body) can be imported; fetch the archive first")
        }
        var request = ImportRequest()
        request.reference = call.query.reference()
        request.changes = call.query.all("changes").flatMap { $0.split(separator: "\n").map(String.init) }
        request.message = call.query.string("message") ?? ""
        request.platform = call.query.string("platform")
        let progress = ProgressStream(call: call, quiet: false)
        try await progress.run { [request] report in
            let image = try await Job.wait(on: .helper) {
                try await call.withBodyAsPipe { reading in
                    try await engine.images.importRootfs(
                        from: .stream(reading, name: "request body"), request, progress: report)
                }
            }
            engine.noteImageEvent(
                action: "import", id: image.id.description, name: request.reference ?? image.id.description)
            var line = ProgressLine()
            line.status = image.id.description
            return [line]
        }
    }

    /// An image is saved for the one platform it has here.
    private func checkPlatform(of names: [String], _ call: Call) throws {
        guard let platform = try call.platform(since: 48) else { return }
        for name in names { try platform.check(try engine.images.image(name), named: name) }
    }

    private func noteLoad(_ loaded: LoadedImage) {
        let id = loaded.image.id.description
        engine.noteImageEvent(action: "load", id: id, name: loaded.references.first?.familiar ?? id)
    }

    private func save(_ names: [String], _ call: Call) async throws {
        try engine.images.checkSave(names)
        try await Job.wait(on: .helper) {
            try await call.answerFromPipe("application/x-tar") { writing in
                try await engine.images.save(names, to: writing)
            }
        }
        for name in names {
            engine.noteImageEvent(action: "save", id: try engine.images.image(name).id.description, name: name)
        }
    }
}

extension LoadedImage {
    /// What `docker load` prints.
    fileprivate var lines: [ProgressLine] {
        let texts =
            references.isEmpty
            ? ["Loaded image ID: \(image.id)\n"] : references.map { "Loaded image: \($0.familiar)\n" }
        return texts.map { text in
            var line = ProgressLine()
            line.stream = text
            return line
        }
    }
}
