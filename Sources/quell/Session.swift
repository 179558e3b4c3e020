import Client
import Linux

/// Something went wrong that the message tells in full.
struct Failure: Error, Hashable, CustomStringConvertible {
    let description: String
    /// nil: the command's usual one.
    let status: Int32?

    init(_ description: String, status: Int32? = nil) { (self.description, self.status) = (description, status) }
}

/// What a command works with.
final class Session: Sendable {
    let environment: [String: String]
    let workingDirectory: String
    let client: QuellClient
    /// Called by the name `podman`: for programs that read what podman prints.
    let isPodman: Bool
    let out = Output(1)
    let err = Output(2)

    init(environment: [String: String], workingDirectory: String, endpoint: Endpoint, isPodman: Bool = false) {
        self.isPodman = isPodman
        self.environment = environment
        self.workingDirectory = workingDirectory
        client = QuellClient(endpoint)
    }

    func print(_ text: String) throws { try out.write(text + "\n") }

    /// On standard error, with our name before it.
    func warn(_ text: String) throws { try err.write("quell: \(text)\n") }

    /// Does the same with every name, several at once, and tells each result that is one in the order of the names.
    /// Returns 0, or 1 when any failed.
    func each(
        _ names: [String], width: Int = 32, _ action: @escaping @Sendable (String) async throws -> String?
    ) async throws -> Int32 {
        var failed = false
        for result in await concurrently(
            names, width: width,
            { name in
                do { return Result<String?, any Error>.success(try await action(name)) } catch {
                    return .failure(error)
                }
            })
        {
            switch result {
            case .success(let line): if let line { try print(line) }
            case .failure(let error):
                failed = true
                // Without a daemon every name would say the same.
                if case ClientError.daemonNotRunning = error { throw error }
                try warn("\(error)")
            }
        }
        return failed ? 1 : 0
    }
}

/// The results of an action on every item, at most `width` at a time, in the order of the items.
func concurrently<Item: Sendable, Value: Sendable>(
    _ items: [Item], width: Int, _ action: @escaping @Sendable (Item) async -> Value
) async -> [Value] {
    await withTaskGroup(of: (Int, Value).self) { group in
        var results: [Value?] = Array(repeating: nil, count: items.count)
        var next = 0
        func start() {
            guard next < items.count else { return }
            let (index, item) = (next, items[next])
            next += 1
            group.addTask { (index, await action(item)) }
        }
        for _ in 0..<min(width, items.count) { start() }
        for await (index, value) in group {
            results[index] = value
            start()
        }
        return results.compactMap { $0 }
    }
}
