internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// A connection to quelld that carries one exchange at a time.
struct Connection: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<ExchangeHandler>

    var isOpen: Bool { channel.isActive }

    /// - Throws: `ClientError.daemonNotRunning`, `.denied`, `.deadline`, `.connection`.
    static func open(_ endpoint: Endpoint, on group: any EventLoopGroup, deadline: Duration) async throws -> Connection
    {
        let clock = ContinuousClock()
        let end = clock.now + deadline
        while true {
            do {
                return try await connect(endpoint, on: group, deadline: deadline)
            } catch let error as IOError where error.errnoCode == EAGAIN && clock.now < end {
                // The listener's backlog is full, and no event tells when it has room: unix(7).
                try await clock.sleep(for: .milliseconds(5))
            } catch let error as IOError {
                throw explain(error, endpoint, deadline)
            } catch is ChannelError {
                throw ClientError.deadline(call: "connect to \(endpoint)", after: deadline)
            }
        }
    }

    private static func connect(
        _ endpoint: Endpoint, on group: any EventLoopGroup, deadline: Duration
    ) async throws -> Connection {
        let address =
            switch endpoint.place {
            case .unix(let path): try SocketAddress(unixDomainSocketPath: path)
            case .tcp(let address, let port): try SocketAddress(ipAddress: address, port: port)
            }
        return try await ClientBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connectTimeout(TimeAmount(deadline))
            .connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let gate = RawGate(on: channel.eventLoop)
                    let handler = ExchangeHandler(on: channel.eventLoop, behind: gate)
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(gate)
                    try pipeline.addHandler(HTTPRequestEncoder())
                    try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder()))
                    try pipeline.addHandler(handler)
                    return Connection(channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
                }
            }
    }

    private static func explain(_ error: IOError, _ endpoint: Endpoint, _ deadline: Duration) -> ClientError {
        switch error.errnoCode {
        case ENOENT, ECONNREFUSED, ENOTDIR: .daemonNotRunning(socket: endpoint.socketPath ?? endpoint.description)
        case EACCES, EPERM: .denied(socket: endpoint.socketPath ?? endpoint.description)
        case EAGAIN: .deadline(call: "connect to \(endpoint)", after: deadline)
        default: .connection(call: "connect to \(endpoint)", reason: "\(error)")
        }
    }

    /// Starts an exchange. The request's stream, if it has one, is sent by `upload`.
    func begin(_ request: Request, upgrade: Bool, reusable: @escaping @Sendable () -> Void) -> EventLoopFuture<Answer> {
        let head = request.head(upgrade: upgrade)
        let promise = channel.eventLoop.makePromise(of: Answer.self)
        let order = Order(
            call: request.name, deadlines: request.deadlines, wantsUpgrade: upgrade, answer: promise, reusable: reusable
        )
        channel.eventLoop.execute {
            let handler = self.handler.value
            handler.begin(order, head)
            switch request.body {
            case .none: handler.endRequest()
            case .json(let bytes):
                _ = handler.send(bytes)
                handler.endRequest()
            case .stream: break
            }
        }
        return promise.futureResult
    }

    /// Sends a body in chunks, each when the one before was taken. An error of the source fails the
    /// answer.
    func upload(_ body: any AsyncSequence<[UInt8], any Error> & Sendable) async {
        do {
            for try await piece in body where !piece.isEmpty {
                do {
                    try await channel.eventLoop.flatSubmit { self.handler.value.send(piece) }.get()
                } catch is ChannelError {
                    // The server has closed; its answer, or the lack of one, says more.
                    return
                } catch is IOError {
                    return
                }
            }
        } catch {
            channel.eventLoop.execute { self.handler.value.abort(error) }
            return
        }
        channel.eventLoop.execute { self.handler.value.endRequest() }
    }

    /// Raw bytes, after a switch of protocols.
    func write(_ bytes: [UInt8]) async throws {
        try await channel.eventLoop.flatSubmit { self.handler.value.gate.write(bytes) }.get()
    }

    /// Half-close: the peer reads end of file and may go on writing.
    func closeOutput() async throws { try await channel.close(mode: .output).get() }

    func close() { channel.close(promise: nil) }
}

extension Request {
    func head(upgrade: Bool) -> HTTPRequestHead {
        var headers = HTTPHeaders([("Host", "quell"), ("User-Agent", "quell")])
        for (name, value) in self.headers { headers.add(name: name, value: value) }
        if upgrade {
            headers.add(name: "Connection", value: "Upgrade")
            headers.add(name: "Upgrade", value: "tcp")
        }
        switch body {
        case .none:
            if method == .post || method == .put { headers.add(name: "Content-Length", value: "0") }
        case .json(let bytes):
            headers.add(name: "Content-Type", value: "application/json")
            headers.add(name: "Content-Length", value: "\(bytes.count)")
        case .stream(_, let contentType):
            headers.add(name: "Content-Type", value: contentType)
            headers.add(name: "Transfer-Encoding", value: "chunked")
        }
        return HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: method.rawValue), uri: target, headers: headers)
    }
}
