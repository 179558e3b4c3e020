import Engine
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// One request with its answer. Its calls are made one after another, but for a hijacked connection, of which one task
/// reads while another writes.
final class Exchange: Sendable {
    private enum Phase {
        /// Nothing was answered.
        case open
        /// The head of the answer is out.
        case streaming
        /// The connection is a raw stream.
        case hijacked
        case answered
    }

    private struct State {
        var phase = Phase.open
        var requestEnded = false
        var awaitsContinue: Bool
        /// The answer says that the connection closes behind it.
        var isLast = false
        /// Of the answer, once it has begun.
        var status: HTTPResponseStatus?
        var onAnswer: (@Sendable (HTTPResponseStatus) -> Void)?
    }

    let head: HTTPRequestHead
    let connection: HTTPConnection
    let logger: Logger
    private let common: HTTPHeaders
    /// The head announces one.
    private let hasBody: Bool
    private let state: Mutex<State>

    init(head: HTTPRequestHead, connection: HTTPConnection, common: HTTPHeaders, logger: Logger) {
        (self.head, self.connection, self.common, self.logger) = (head, connection, common, logger)
        let length = head.headers.first(name: "content-length")
        hasBody = head.headers.contains(name: "transfer-encoding") || (length != nil && length != "0")
        let expectation = head.headers.first(name: "expect")?.lowercased()
        state = Mutex(State(awaitsContinue: hasBody && expectation == "100-continue"))
    }

    /// Nothing was answered so far, so that an error can still be reported properly.
    var isOpen: Bool { state.withLock { $0.phase == .open } }

    /// What was answered; nil before.
    var status: HTTPResponseStatus? { state.withLock { $0.status } }

    /// Called when the answer begins.
    func onAnswer(_ observer: @escaping @Sendable (HTTPResponseStatus) -> Void) {
        state.withLock { $0.onAnswer = observer }
    }

    /// The connection reads no HTTP behind this request, whether it is hijacked or not.
    private var mayBeHijacked: Bool {
        head.headers.contains(name: "upgrade") || Hijack.isPossible(method: head.method.rawValue, uri: head.uri)
    }

    // MARK: request body

    /// The next piece of the body; nil at its end.
    func nextBody() async throws -> ByteBuffer? {
        let (ended, mustInvite) = state.withLock { state in
            defer { state.awaitsContinue = false }
            return (state.requestEnded, state.awaitsContinue && state.phase == .open)
        }
        guard !ended else { return nil }
        if mustInvite { try await send([.head(HTTPResponseHead(version: head.version, status: .continue))]) }
        switch try await Job.wait(on: .client, connection.next) {
        case .body(let bytes): return bytes
        case .end:
            state.withLock { $0.requestEnded = true }
            return nil
        case .head, .raw, nil: throw ChannelError.inputClosed
        }
    }

    /// What a body that is wanted whole may take.
    static let bodyLimit = TimeAmount.seconds(60)

    /// The whole body. Throws `BodyTooLarge` beyond `limit` bytes, `RequestTooSlow` after a minute.
    func wholeBody(limit: Int, within time: TimeAmount = bodyLimit) async throws -> ByteBuffer {
        let isLate = Flag()
        let timer = connection.channel.eventLoop.scheduleTask(in: time) { [connection] in
            isLate.raise()
            connection.stopReading()
        }
        defer { timer.cancel() }
        var whole = ByteBuffer()
        do {
            while var piece = try await nextBody() {
                guard whole.readableBytes + piece.readableBytes <= limit else { throw BodyTooLarge(limit: limit) }
                whole.writeBuffer(&piece)
            }
        } catch is ChannelError where isLate.isRaised {
            throw RequestTooSlow()
        }
        return whole
    }

    /// Reads and forgets what is left of the body, or so many bytes of it.
    func skipBody(upTo limit: Int) async throws {
        var skipped = 0
        guard !state.withLock({ $0.awaitsContinue }) else { return }
        do {
            while skipped < limit, let piece = try await nextBody() { skipped += piece.readableBytes }
        } catch is ReadUnderWay {
            // Who was to read the body gave up without taking back its last read.
        }
    }

    // MARK: answer

    /// Answers with everything at once.
    func answer(_ status: HTTPResponseStatus, headers: HTTPHeaders = [:], body: ByteBuffer? = nil) async throws {
        try await skipArrivedBody()
        try move(from: .open, to: .answered, status)
        var headers = completed(headers)
        if status.mayHaveResponseBody {
            headers.replaceOrAdd(name: "content-length", value: "\(body?.readableBytes ?? 0)")
        }
        var parts: [HTTPServerResponsePart] = [
            .head(HTTPResponseHead(version: head.version, status: status, headers: headers))
        ]
        if let body, head.method != .HEAD, status.mayHaveResponseBody { parts.append(.body(.byteBuffer(body))) }
        try await send(parts + [.end(nil)])
    }

    /// Sends the head of an answer whose body follows in pieces, at once.
    func beginStream(_ status: HTTPResponseStatus = .ok, headers: HTTPHeaders = [:]) async throws {
        try move(from: .open, to: .streaming, status)
        let response = HTTPResponseHead(version: head.version, status: status, headers: completed(headers))
        try await send([.head(response)])
    }

    /// Sends a piece, and waits while the client is behind.
    func write(_ bytes: ByteBuffer) async throws {
        guard bytes.readableBytes > 0 else { return }
        try await send([.body(.byteBuffer(bytes))])
    }

    func endStream() async throws {
        try move(from: .streaming, to: .answered)
        try await send([.end(nil)])
    }

    // MARK: hijacking

    /// Turns the connection into a raw stream: `101 UPGRADED` for a client that asked for it, else `200 OK`. What the
    /// client sent right behind its request is read first.
    func hijack(contentType: String) async throws {
        var headers: HTTPHeaders = ["content-type": contentType]
        let upgrades = head.headers.contains(name: "upgrade")
        if upgrades {
            headers.add(name: "connection", value: "Upgrade")
            headers.add(name: "upgrade", value: "tcp")
        }
        try await leaveHTTP(upgrades ? .custom(code: 101, reasonPhrase: "UPGRADED") : .ok, headers)
    }

    /// The same for another protocol, whose handshake these headers complete.
    func switchProtocols(_ headers: HTTPHeaders) async throws { try await leaveHTTP(.switchingProtocols, headers) }

    private func leaveHTTP(_ status: HTTPResponseStatus, _ own: HTTPHeaders) async throws {
        while try await nextBody() != nil {}
        Job.current?.expectsNoEnd()
        try move(from: .open, to: .hijacked, .switchingProtocols)
        var headers = common
        for (name, value) in own { headers.replaceOrAdd(name: name, value: value) }
        try await connection.leaveHTTP()
        try await send([.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))])
    }

    /// The client's next bytes; nil when it has closed its side, or is gone.
    func readRaw() async throws -> ByteBuffer? {
        guard case .raw(let bytes)? = try await Job.wait(on: .client, connection.next) else { return nil }
        return bytes
    }

    // MARK: end

    /// How long a client may say nothing more of a body that nobody wants.
    static let restLimit = TimeAmount.seconds(5)

    /// Whether the connection can take another request. Reads what is left of the body: many clients send all of it before they
    /// look at an answer.
    func conclude(within pause: TimeAmount = restLimit) async throws -> Bool {
        switch state.withLock({ $0.phase }) {
        case .open: throw UnansweredRequest()
        case .streaming: throw UnfinishedAnswer()
        case .hijacked: return false
        case .answered: break
        }
        let (isLast, awaitsContinue) = state.withLock { ($0.isLast, $0.awaitsContinue) }
        guard !mayBeHijacked, !awaitsContinue, !connection.isStopping else { return false }
        do {
            while try await nextBody(within: pause) {}
        } catch is ReadUnderWay {
            // Who was to read the body gave up without taking back its last read.
            return false
        } catch is HTTPParserError {
            // The request is answered: what is wrong with the rest of it ends the connection, and that is all.
            return false
        } catch is ChannelError {
            // No more of it comes.
            return false
        }
        return !isLast
    }

    private func nextBody(within pause: TimeAmount) async throws -> Bool {
        guard hasBody else { return try await nextBody() != nil }
        let timer = connection.channel.eventLoop.scheduleTask(in: pause) { [connection] in connection.stopReading() }
        defer { timer.cancel() }
        return try await nextBody() != nil
    }

    /// Takes what has come of a body that nobody reads, without waiting for more: where that is all of it, the connection can go
    /// on.
    private func skipArrivedBody() async throws {
        guard hasBody, !mayBeHijacked, state.withLock({ !$0.requestEnded && !$0.awaitsContinue }) else { return }
        while let part = try await connection.takeWaiting() {
            switch part {
            case .body: continue
            case .end: state.withLock { $0.requestEnded = true }
            case .head, .raw: throw ChannelError.inputClosed
            }
        }
    }

    private func send(_ parts: [HTTPServerResponsePart]) async throws {
        try await Job.wait(on: .client) { try await connection.send(parts) }
    }

    private func completed(_ headers: HTTPHeaders) -> HTTPHeaders {
        var all = common
        all.add(contentsOf: headers)
        let isLast = state.withLock { state in
            // Of a body whose end has not come nobody knows whether the next request can be found behind it.
            state.isLast =
                !head.isKeepAlive || mayBeHijacked || connection.isStopping || (hasBody && !state.requestEnded)
            return state.isLast
        }
        if isLast { all.replaceOrAdd(name: "connection", value: "close") }
        return all
    }

    private func move(from: Phase, to: Phase, _ status: HTTPResponseStatus? = nil) throws(AnswerOutOfOrder) {
        let (isInOrder, observer) = state.withLock { state -> (Bool, (@Sendable (HTTPResponseStatus) -> Void)?) in
            guard state.phase == from else { return (false, nil) }
            state.phase = to
            guard let status else { return (true, nil) }
            state.status = status
            return (true, state.onAnswer.take())
        }
        guard isInOrder else { throw AnswerOutOfOrder() }
        if let status { observer?(status) }
    }
}

/// Down until it is raised.
private final class Flag: Sendable {
    private let value = Atomic(false)
    var isRaised: Bool { value.load(ordering: .relaxed) }
    func raise() { value.store(true, ordering: .relaxed) }
}

/// A body that is larger than its kind may be.
struct BodyTooLarge: Error {
    let limit: Int
}

/// A handler answered twice, or went on with an answer it had not begun: our own fault.
struct AnswerOutOfOrder: Error {}

/// A handler came back without an answer: our own fault.
struct UnansweredRequest: Error {}

/// A handler came back with its answer unfinished: it failed on the way, and the client must see the answer break off.
struct UnfinishedAnswer: Error {}

extension HTTPResponseStatus {
    /// RFC 9110, section 6.4.1.
    var mayHaveResponseBody: Bool { code >= 200 && code != 204 && code != 304 }
}
