import Engine
import Logging
import NIOCore
import NIOHTTP1

extension Call {
    /// Turns the connection into a raw stream and carries it until the output ends, the user detaches or the client
    /// leaves. The client closing its side is the end of standard input and no more.
    func carry(_ attachment: Attachment, stdin: Bool, detachKeys: DetachKeys) async throws {
        defer { attachment.detach() }
        try await hijack(multiplexed: !attachment.isTerminal)
        await carryOn(attachment, stdin: stdin, detachKeys: detachKeys, multiplexed: !attachment.isTerminal)
    }

    func hijack(multiplexed: Bool) async throws {
        try await exchange.hijack(contentType: StreamType(isTerminal: !multiplexed, version: version).rawValue)
    }

    /// On a connection that is hijacked already.
    func carryOn(_ attachment: Attachment, stdin: Bool, detachKeys: DetachKeys, multiplexed: Bool) async {
        defer { attachment.detach() }
        let wire = RawWire(exchange: exchange, isMultiplexed: multiplexed)
        await Carriage(exchange: exchange, wire: wire, attachment: attachment, detachKeys: detachKeys).run(stdin: stdin)
    }

    /// The same over a web socket. A client's close frame is the end of its input and of its interest.
    func carryOverWebSocket(
        _ attachment: Attachment, _ handshake: HTTPHeaders, stdin: Bool, detachKeys: DetachKeys
    ) async throws {
        defer { attachment.detach() }
        try await exchange.switchProtocols(handshake)
        let wire = WebSocketWire(exchange: exchange, isText: version < APIVersion(minor: 28))
        await Carriage(exchange: exchange, wire: wire, attachment: attachment, detachKeys: detachKeys).run(stdin: stdin)
    }
}

/// Both directions of an attachment.
private struct Carriage: Sendable {
    let exchange: Exchange
    let wire: any AttachmentWire
    let attachment: Attachment
    let detachKeys: DetachKeys

    func run(stdin: Bool) async {
        let connection = exchange.connection
        let token = connection.onDisconnect {
            guard stdin else { return attachment.detach() }
            Task {
                await endInput()
                attachment.detach()
            }
        }
        defer { connection.forget(token) }
        await withDiscardingTaskGroup { group in
            group.addTask {
                await carryOutput()
                connection.stopReading()
            }
            if stdin || wire.hasSignals {
                group.addTask { await carryInput(isWanted: stdin) }
            } else {
                connection.discardInput()
            }
        }
    }

    private func carryOutput() async {
        do {
            while let chunk = try await attachment.output.next() {
                if wire.isClosed { break }
                try await wire.write(chunk)
            }
        } catch {
            exchange.logger.debug("attachment ended", metadata: ["error": "\(error)"])
        }
        await wire.close()
    }

    private func carryInput(isWanted: Bool) async {
        var keys = detachKeys
        do {
            while let bytes = try await wire.read() {
                guard isWanted else { continue }
                guard attachment.isTerminal else {
                    try await attachment.write(Array(bytes.readableBytesView))
                    continue
                }
                let scanned = keys.scan(bytes.readableBytesView)
                if !scanned.bytes.isEmpty { try await attachment.write(scanned.bytes) }
                guard !scanned.detaches else { return await attachment.detachByKeys() }
            }
            let isClosed = wire.isClosed
            let hasLeft = try await exchange.connection.clientHasClosed
            guard isClosed || hasLeft else { return }
            if isWanted { await endInput() }
            // Half a web socket is none.
            if wire.hasSignals { attachment.detach() }
        } catch {
            // The process does not read any more; what the client still sends has nowhere to go.
            exchange.logger.debug("input ended", metadata: ["error": "\(error)"])
            exchange.connection.discardInput()
        }
    }

    /// A terminal has no end of input but the one a user types.
    private func endInput() async {
        guard !attachment.isTerminal else { return }
        do {
            try await attachment.closeInput()
        } catch {
            exchange.logger.debug("input not closed", metadata: ["error": "\(error)"])
        }
    }
}
