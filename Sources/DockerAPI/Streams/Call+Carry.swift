import Engine
import Logging
import NIOCore

extension Call {
    /// Turns the connection into a raw stream and carries it until the output ends, the user detaches or the client
    /// leaves. The client closing its side is the end of standard input and no more.
    /// `multiplexed`: for who wants it otherwise than by whether there is a terminal.
    func carry(
        _ attachment: Attachment, stdin: Bool, detachKeys: DetachKeys, multiplexed: Bool? = nil
    ) async throws {
        defer { attachment.detach() }
        let multiplexed = multiplexed ?? !attachment.isTerminal
        let type = StreamType(isTerminal: !multiplexed, version: version)
        try await exchange.hijack(contentType: type.rawValue)
        let carriage = Carriage(
            exchange: exchange, attachment: attachment, detachKeys: detachKeys, multiplexed: multiplexed)
        await carriage.run(stdin: stdin)
    }
}

/// Both directions of an attachment.
private struct Carriage: Sendable {
    let exchange: Exchange
    let attachment: Attachment
    let detachKeys: DetachKeys
    let multiplexed: Bool

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
            if stdin { group.addTask { await carryInput() } } else { connection.discardInput() }
        }
    }

    private func carryOutput() async {
        do {
            while let chunk = try await attachment.output.next() {
                try await exchange.write(chunk.framed(multiplexed: multiplexed))
            }
        } catch {
            exchange.logger.debug("attachment ended", metadata: ["error": "\(error)"])
        }
    }

    private func carryInput() async {
        var keys = detachKeys
        do {
            while let bytes = try await exchange.readRaw() {
                guard attachment.isTerminal else {
                    try await attachment.write(Array(bytes.readableBytesView))
                    continue
                }
                let scanned = keys.scan(bytes.readableBytesView)
                if !scanned.bytes.isEmpty { try await attachment.write(scanned.bytes) }
                guard !scanned.detaches else { return attachment.detach() }
            }
            guard try await exchange.connection.clientHasClosed else { return }
            await endInput()
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
