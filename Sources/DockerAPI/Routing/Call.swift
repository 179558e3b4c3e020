import APITypes
import Engine
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// A request that found its route.
struct Call: Sendable {
    static let jsonLimit = 8 << 20

    let exchange: Exchange
    let version: APIVersion
    let parameters: [String: String]
    let query: Query
    let span: CallSpan

    /// A parameter of the path. Its pattern has it, or the route table is wrong.
    func parameter(_ name: String) throws -> String {
        guard let value = parameters[name] else { throw APIFailure(.internalServerError, "route without \(name)") }
        return value
    }

    var id: String { get throws { try parameter("id") } }

    // MARK: reading

    /// The body as JSON; an empty one, or `null`, is an empty object.
    func json<Value: DockerObject>(_ type: Value.Type) async throws -> Value {
        let body = try await exchange.wholeBody(limit: Call.jsonLimit)
        guard body.readableBytes > 0 else { return Value() }
        try checkIsJSON()
        return try DockerJSON.decode(Value?.self, from: Data(body.readableBytesView)) ?? Value()
    }

    /// A body of another type is refused, as Docker does: a web page can make a browser send forms and text, but not this.
    private func checkIsJSON() throws {
        let value = exchange.head.headers.first(name: "content-type") ?? ""
        let type = value.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
        guard type.lowercased() == "application/json" else {
            throw APIFailure.invalid("unsupported Content-Type header (\(value)): must be 'application/json'")
        }
    }

    /// Docker's `filters`: a JSON object of lists, or as old clients write it of sets.
    func filters() throws -> [String: [String]] {
        guard let text = query.string("filters") else { return [:] }
        let data = Data(text.utf8)
        // What is no object of lists may be one of sets; what is neither is told of below.
        if let lists = try? DockerJSON.decode([String: [String]].self, from: data) { return lists }
        do {
            let sets = try DockerJSON.decode([String: [String: Bool]].self, from: data)
            return sets.mapValues { set in set.filter(\.value).keys.sorted() }
        } catch {
            throw APIFailure.invalid("invalid filter: \(text) is no JSON object of lists")
        }
    }

    /// A point in time as `since` and `until` have it; nil where it is missing or `0`.
    func timestamp(_ name: String, now: Timestamp) throws -> Timestamp? {
        guard let text = query.string(name), text != "0" else { return nil }
        guard let stamp = Timestamp(query: text, now: now) else {
            throw APIFailure.invalid("invalid value for \(name): \"\(text)\" is no time")
        }
        return stamp
    }

    // MARK: answering

    func answer(_ status: HTTPResponseStatus, json value: some Encodable) async throws {
        try await answer(status, encoded: [UInt8](try DockerJSON.line(value)))
    }

    /// JSON that is written already.
    func answer(_ status: HTTPResponseStatus, encoded bytes: [UInt8]) async throws {
        let body = ByteBuffer(bytes: bytes)
        try await exchange.answer(status, headers: ["Content-Type": "application/json"], body: body)
    }

    func answer(_ status: HTTPResponseStatus) async throws {
        try await exchange.answer(status)
    }

    func beginStream(_ contentType: String) async throws {
        // What follows lasts as long as what it shows.
        if span == .short { Job.current?.expectsNoEnd() }
        try await exchange.beginStream(headers: ["Content-Type": contentType])
    }

    /// One element of a JSON stream.
    func writeLine(_ value: some Encodable) async throws {
        try await exchange.write(ByteBuffer(bytes: try DockerJSON.line(value)))
    }

    func write(_ bytes: [UInt8]) async throws {
        try await exchange.write(ByteBuffer(bytes: bytes))
    }

    // MARK: watching

    /// Runs `body`; when the client leaves meanwhile, or the server stops, `leave` runs at once, which has to end what
    /// `body` waits for. What comes to an end by itself need not end because the server stops.
    func watched<Result>(
        alsoWhenStopping: Bool = true, leave: @escaping @Sendable () -> Void, _ body: () async throws -> Result
    ) async throws -> Result {
        let token = exchange.connection.onDisconnect(alsoWhenStopping: alsoWhenStopping, leave)
        defer { exchange.connection.forget(token) }
        return try await body()
    }

    /// The outcome of `work`, or nil as soon as the client leaves or the server stops. `work` is cancelled then, but not
    /// waited for.
    func whileConnected<Result: Sendable>(
        _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        let (outcomes, outcome) = AsyncThrowingStream<Result?, any Error>.makeStream(
            bufferingPolicy: .bufferingOldest(1))
        let task = Task {
            do {
                outcome.yield(try await work())
                outcome.finish()
            } catch {
                outcome.finish(throwing: error)
            }
        }
        return try await watched {
            outcome.yield(nil)
            task.cancel()
        } _: {
            for try await result in outcomes { return result }
            return nil
        }
    }
}
