internal import NIOCore
internal import NIOPosix
internal import APITypes
internal import FoundationEssentials
internal import Synchronization

/// A client of quelld's HTTP API over its unix socket.
///
/// Every call has a deadline on connecting, on the head of the answer and between its pieces, unless its documentation
/// says that it lasts as long as what it watches. Connections are kept and used again; each carries one call at a time.
/// One event loop thread serves them all; it starts with the first call.
public final class QuellClient: Sendable {
    public let endpoint: Endpoint
    private let idle = Mutex<[Connection]>([])
    private let group: MultiThreadedEventLoopGroup
    private static let idleLimit = 64
    static let bodyLimit = 64 << 20

    public init(_ endpoint: Endpoint) {
        self.endpoint = endpoint
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }

    /// Closes the connections and ends the thread. Calls under way fail.
    public func shutdown() async throws {
        for connection in idle.withLock({ $0 }) { connection.close() }
        try await group.shutdownGracefully()
    }

    /// Runs `action` on the client's thread after `delay`, whatever the program's tasks are doing.
    public func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) {
        group.next().scheduleTask(in: TimeAmount(delay), action)
    }

    // MARK: exchanges

    /// Sends a request and hands the answer, whatever its status, to `body`. An answer that is not read to its end costs
    /// the connection.
    public func exchange<Value>(
        _ request: Request, _ body: (Response) async throws -> Value
    ) async throws -> Value {
        let connection = try await checkOut(request)
        let answer = begin(request, on: connection)
        guard case .stream(let source, _) = request.body else {
            return try await body(Response(try await received(answer, on: connection), request.name))
        }
        // After `begin`, so that the head goes first. Leaving this scope cancels the upload: an answer that is complete
        // does not need the rest.
        async let _ = connection.upload(source)
        return try await body(Response(try await received(answer, on: connection), request.name))
    }

    private func begin(_ request: Request, on connection: Connection, upgrade: Bool = false) -> EventLoopFuture<Answer>
    {
        connection.begin(request, upgrade: upgrade) { [weak self] in self?.keep(connection) }
    }

    /// Giving up closes the connection.
    private func received(_ answer: EventLoopFuture<Answer>, on connection: Connection) async throws -> Answer {
        try await withTaskCancellationHandler {
            try await answer.get()
        } onCancel: {
            connection.close()
        }
    }

    private func checkOut(_ request: Request) async throws -> Connection {
        try request.checkNames()
        let kept = idle.withLock { connections -> Connection? in
            while let connection = connections.popLast() {
                if connection.isOpen { return connection }
            }
            return nil
        }
        if let kept { return kept }
        return try await open(request.deadlines.connect)
    }

    private func keep(_ connection: Connection) {
        idle.withLock { $0.count < QuellClient.idleLimit ? $0.append(connection) : connection.close() }
    }

    /// Opens connections for calls to come, so that those need not wait for it. Best effort: a call opens its own where there
    /// is none, and says why it cannot.
    public func openAhead(_ count: Int) async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask {
                    // The call that would have used it meets the same fault, and tells.
                    guard let connection = try? await self.open(Deadlines.short.connect) else { return }
                    self.keep(connection)
                }
            }
        }
    }

    private func open(_ deadline: Duration) async throws -> Connection {
        try await Connection.open(endpoint, on: group, deadline: deadline)
    }

    // MARK: what most calls need

    /// Sends a request whose answer matters only as success or error.
    /// - Throws: `ClientError.api` for status 400 and above.
    public func perform(_ request: Request) async throws {
        _ = try await bytes(request)
    }

    /// The body of a successful answer, at most 64 MiB.
    public func bytes(_ request: Request) async throws -> [UInt8] {
        try await exchange(request) { response in
            try await response.checked().body.collect(limit: QuellClient.bodyLimit, call: request.name)
        }
    }

    /// The body of a successful answer, decoded.
    public func value<Value: Decodable>(_ request: Request, as type: Value.Type = Value.self) async throws -> Value {
        try decode(type, from: try await bytes(request), call: request.name)
    }

    /// Every line of a successful answer, decoded, as it comes.
    public func lines<Line: Decodable>(
        _ request: Request, as type: Line.Type = Line.self, _ body: (Line) async throws -> Void
    ) async throws {
        try await exchange(request) { response in
            var splitter = LineSplitter()
            for try await piece in try await response.checked().body {
                for line in try splitter.consume(piece) {
                    try await body(try decode(type, from: line, call: request.name))
                }
            }
            if let line = splitter.finish() { try await body(try decode(type, from: line, call: request.name)) }
        }
    }

    /// Turns the connection into a stream in both directions (Docker's hijacking, by `Upgrade: tcp`).
    /// - Throws: `ClientError.api` when the daemon refuses.
    public func hijack(_ request: Request) async throws -> HijackedStream {
        let connection = try await checkOut(request)
        let answer = begin(request, on: connection, upgrade: true)
        let response = Response(try await received(answer, on: connection), request.name)
        guard response.status == 101 else {
            _ = try await response.checked()
            throw ClientError.malformed(call: request.name, reason: "status \(response.status) instead of 101")
        }
        return HijackedStream(connection: connection, response: response)
    }
}

/// The answer to a request: status and headers are known, the body comes as it is read.
public struct Response: Sendable {
    public let status: Int
    public let headers: [(name: String, value: String)]
    public let body: ByteStream
    let call: String

    init(_ answer: Answer, _ call: String) {
        (status, headers, body) = (answer.status, answer.headers, answer.body)
        self.call = call
    }

    /// The first value of a header, whatever the case of its name.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// Itself, when the status is below 400.
    /// - Throws: `ClientError.api` with the daemon's message.
    public func checked() async throws -> Response {
        guard status >= 400 else { return self }
        let bytes = try await body.collect(limit: 1 << 20, call: call)
        // What is no such document is not from our daemon's own hand: its text as it is.
        let message = (try? DockerJSON.decode(ErrorMessage.self, from: Data(bytes)))?.message
        throw ClientError.api(
            status: status, message: message ?? "\(call): status \(status): \(String(decoding: bytes, as: UTF8.self))")
    }
}

/// A stream in both directions.
public struct HijackedStream: Sendable {
    private let connection: Connection
    /// What the other side writes. Iterate once.
    public let output: ByteStream
    /// The output comes in frames (see `Demultiplexer`); nil where the daemon does not say.
    public let isMultiplexed: Bool?

    init(connection: Connection, response: Response) {
        self.connection = connection
        output = response.body
        isMultiplexed =
            switch response.header("Content-Type") {
            case "application/vnd.docker.multiplexed-stream": true
            case "application/vnd.docker.raw-stream": false
            default: nil
            }
    }

    /// Returns when the bytes are on their way; waits while the other side does not read.
    public func write(_ bytes: [UInt8]) async throws { try await connection.write(bytes) }
    /// The other side reads end of file; its output goes on.
    public func finishInput() async throws { try await connection.closeOutput() }
    public func close() { connection.close() }
}

func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8], call: String) throws(ClientError) -> Value {
    do {
        return try DockerJSON.decode(type, from: Data(bytes))
    } catch let error as DecodingError {
        throw .malformed(call: call, reason: DockerJSON.explain(error))
    } catch {
        throw .malformed(call: call, reason: "\(error)")
    }
}
