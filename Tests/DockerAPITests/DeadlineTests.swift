import NIOCore
import NIOEmbedded
import Testing

@testable import DockerAPI

/// What a client may take for its first bytes, on a clock of the test's own.
@Suite struct DeadlineTests {
    /// Somebody who connects over TCP and says nothing.
    @Test func aConnectionWithoutAWordIsClosed() throws {
        let channel = EmbeddedChannel(handler: FirstBytesDeadline())
        try channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        channel.embeddedEventLoop.advanceTime(by: FirstBytesDeadline.limit - .milliseconds(1))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(!channel.isActive)
        #expect(try channel.finish(acceptAlreadyClosed: true).isClean)
    }

    @Test func theFirstByteEndsTheWait() throws {
        let channel = EmbeddedChannel(handler: FirstBytesDeadline())
        try channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try channel.writeInbound(ByteBuffer(string: "G"))
        channel.embeddedEventLoop.advanceTime(by: FirstBytesDeadline.limit + .hours(1))
        #expect(channel.isActive)
        #expect(try channel.readInbound(as: ByteBuffer.self) == ByteBuffer(string: "G"))
        _ = try channel.finish()
    }

    /// A head that stops in its midst. One that is whole has all the time it likes.
    @Test func aHeadThatStopsComingIsAFault() throws {
        let channel = EmbeddedChannel(handler: HijackGate())
        try channel.writeInbound(ByteBuffer(string: "GET /x HTTP/1.1\r\n"))
        channel.embeddedEventLoop.advanceTime(by: HijackGate.headLimit - .milliseconds(1))
        try channel.throwIfErrorCaught()
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(throws: RequestTooSlow.self) { try channel.throwIfErrorCaught() }
        _ = try channel.finish()
    }

    @Test func aWholeHeadHasNoDeadline() throws {
        let channel = EmbeddedChannel(handler: HijackGate())
        try channel.writeInbound(ByteBuffer(string: "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"))
        channel.embeddedEventLoop.advanceTime(by: HijackGate.headLimit + .hours(1))
        try channel.throwIfErrorCaught()
        #expect(try channel.readInbound(as: ByteBuffer.self) != nil)
        _ = try channel.finish()
    }
}
