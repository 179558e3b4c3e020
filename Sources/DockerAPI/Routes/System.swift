import APITypes
import Engine
import Linux
import NIOCore
import NIOHTTP1

extension API {
    var systemRoutes: [Route] {
        [
            Route(.GET, "/_ping", on: .loop, ping),
            Route(.HEAD, "/_ping", on: .loop, ping),
            Route(.GET, "/version", showVersion),
            Route(.GET, "/info") { call in
                try await call.answer(.ok, json: try await engine.systemInfo().shaped(for: call.version))
            },
            Route(.GET, "/events", streamEvents),
            Route(.GET, "/system/df") { call in
                let usage = try await engine.diskUsage(of: try call.usageKinds())
                try await call.answer(.ok, json: usage.shaped(for: call.version))
            },
        ]
    }

    private func ping(_ call: Call) async throws {
        try await call.exchange.answer(
            .ok,
            headers: [
                "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-cache, no-store, must-revalidate",
                "Pragma": "no-cache", "Swarm": "inactive",
                // Docker's command line asks BuildKit otherwise, and its error would not be ours.
                "Builder-Version": "1",
            ], body: ByteBuffer(string: "OK"))
    }

    private func showVersion(_ call: Call) async throws {
        let kernel = try Host.kernel()
        var answer = Version()
        answer.platform.name = "Quell"
        answer.version = version
        answer.apiVersion = APIVersion.newest.description
        answer.minAPIVersion = APIVersion.oldest.description
        answer.os = "linux"
        answer.arch = goArchitecture(kernel.machine)
        answer.kernelVersion = kernel.release
        answer.experimental = false
        var component = Component()
        component.name = "Engine"
        component.version = version
        component.details = [
            "ApiVersion": answer.apiVersion, "MinAPIVersion": answer.minAPIVersion, "Os": "linux", "Arch": answer.arch,
            "KernelVersion": kernel.release, "Experimental": "false",
        ]
        answer.components = [component]
        try await call.answer(.ok, json: answer)
    }

    /// Events from `since` on until `until`, or until the client leaves.
    private func streamEvents(_ call: Call) async throws {
        let now = Timestamp.now
        let events = try await engine.events(
            since: try call.timestamp("since", now: now), until: try call.timestamp("until", now: now),
            filters: try call.filters())
        try await call.watched(leave: { events.close() }) {
            defer { events.close() }
            try await call.beginStream("application/json")
            while let event = try await events.next() { try await call.writeLine(event) }
            try await call.exchange.endStream()
        }
    }
}

extension Timestamp {
    static var now: Timestamp {
        let now = WallTime.now()
        return Timestamp(seconds: Int(now.seconds), nanoseconds: Int(now.nanoseconds))
    }
}

/// What Go, and with it Docker, calls a machine.
func goArchitecture(_ machine: String) -> String {
    switch machine {
    case "x86_64": "amd64"
    case "aarch64": "arm64"
    case "armv7l", "armv6l": "arm"
    case "i386", "i686": "386"
    default: machine
    }
}
