import FoundationEssentials
import Glibc
import RegistryWire

// Talks with one registry for quelld, one job a process: a connection that hangs, TLS and credentials stay out of the engine.

@main
struct QuellRegistry {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        let (caller, events) = (Caller(), EventPipe())
        guard let job = await caller.next(RegistryJob.self) else {
            events.complain("quell-registry is started by quelld, which writes a job to its standard input")
            exit(2)
        }
        let heart = Task {
            while !Task.isCancelled {
                events.send(.alive)
                // Cancelled at the end only.
                try? await Task.sleep(for: .seconds(5))
            }
        }
        let status = await run(job, events, caller)
        heart.cancel()
        // Connections are not taken leave of: nothing of this process is left in a moment.
        exit(status)
    }

    private static func run(
        _ job: RegistryJob, _ events: EventPipe, _ caller: Caller
    ) async -> Int32 {
        do throws(Fault) {
            let registry = try await Registry.open(job, events)
            let outcome =
                switch job.task {
                case .pull: try await pull(job, registry, events, caller)
                case .push: try await push(job, registry, events)
                case .login: try await registry.logIn()
                case .describe: try await registry.describe(job)
                case .tags: try await registry.tags(job)
                }
            events.send(.done(outcome))
            return 0
        } catch {
            events.send(.failed(error.told))
            return 1
        }
    }

    private static func pull(
        _ job: RegistryJob, _ registry: Registry, _ events: EventPipe, _ caller: Caller
    ) async throws(Fault) -> RegistryEvent.Outcome {
        let resolved = try await registry.resolve(job)
        events.send(.resolved(resolved.event))
        guard let reply = await caller.next(RegistryReply.self) else {
            throw Fault(.system, "quelld did not say which blobs it needs")
        }
        try await BlobDownloads(job: job, resolved: resolved, events: events).run(reply.fetch)
        var outcome = RegistryEvent.Outcome()
        outcome.digest = resolved.event.digest
        return outcome
    }

    private static func push(_ job: RegistryJob, _ registry: Registry, _ events: EventPipe) async throws(Fault)
        -> RegistryEvent.Outcome
    {
        guard let upload = job.upload else { throw Fault(.system, "nothing to push was named") }
        return try await ImagePush(job: job, upload: upload, registry: registry.main, events: events).run()
    }
}
