import Lifecycle
import Linux
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct SocketTests {
    private func accepted(_ listener: borrowing OwnedDescriptor) throws -> OwnedDescriptor {
        var set = PollSet()
        set.add(listener.raw, .readable)
        guard try set.wait(until: MonotonicClock.now() + .seconds(20)) == 1,
            let socket = try UnixSocket.accept(listener)
        else { throw TestFailure("nobody connected") }
        return socket
    }

    @Test(arguments: ["short.sock", "a directory/" + String(repeating: "long", count: 30) + "/s.sock"])
    func connectsWhateverThePathsLength(_ name: String) throws {
        let directory = try TemporaryDirectory("socket")
        let path = directory(name)
        try File.makeDirectories(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
        let refused = #expect(throws: SystemError.self) { _ = try UnixSocket.connect(to: path).raw }
        #expect(refused?.isNotFound == true)
        let listener = try UnixSocket.listen(at: path, mode: 0o660)
        #expect(try #require(try File.status(of: path)).mode & 0o777 == 0o660)
        #expect(try UnixSocket.accept(listener) == nil)
        let client = try UnixSocket.connect(to: path)
        let server = try accepted(listener)
        #expect(try UnixSocket.peer(of: server).pid == ProcessSelf.pid)
        #expect(try UnixSocket.peer(of: server).uid == ProcessSelf.uid)
        try client.writeAll([1, 2, 3])
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(try server.read(into: &buffer) == .bytes(3))
        #expect(try server.read(into: &buffer) == .wouldBlock)
        let taken = #expect(throws: SystemError.self) { _ = try UnixSocket.listen(at: path).raw }
        #expect(taken?.errno == 98)
        try listener.close()
        // A child some other test is just starting has a copy of every descriptor until it executes.
        try eventually("ECONNREFUSED") {
            do throws(SystemError) { _ = try UnixSocket.connect(to: path) } catch { return error.isRefused }
            return false
        }
    }

    @Test func aPeerThatLeftIsAnErrorAndNoSignal() throws {
        let pair = try SocketPair()
        let first = pair.first
        try pair.second.close()
        try eventually("EPIPE") {
            do throws(SystemError) { _ = try UnixSocket.send([1], to: first) } catch { return error.errno == 32 }
            return false
        }
    }

    @Test func descriptorsTravel() throws {
        let pair = try SocketPair()
        let pipe = try Pipe()
        try UnixSocket.sendRights([pipe.writing.raw, pipe.reading.raw], with: [7, 8], to: pair.first)
        let received = try UnixSocket.receiveRights(limit: 10, from: pair.second)
        guard var message = received else { throw TestFailure("no message") }
        #expect(message.bytes == [7, 8] && message.descriptorCount == 2)
        guard let writing = message.takeDescriptor() else { throw TestFailure("no descriptor") }
        try writing.writeAll([42])
        var buffer = [UInt8](repeating: 0, count: 4)
        #expect(try pipe.reading.read(into: &buffer) == .bytes(1))
        #expect(buffer[0] == 42)
    }

    @Test func tooManyDescriptorsAreClosedAndRefused() throws {
        let pair = try SocketPair()
        let pipe = try Pipe()
        try UnixSocket.sendRights([pipe.writing.raw, pipe.writing.raw], with: [1], to: pair.first)
        let error = #expect(throws: SystemError.self) {
            _ = try UnixSocket.receiveRights(limit: 10, maximum: 1, from: pair.second)?.bytes
        }
        #expect(error?.errno == 90)
        try pipe.writing.close()
        var buffer = [UInt8](repeating: 0, count: 4)
        #expect(try pipe.reading.read(into: &buffer) == .endOfFile)
    }

    @Test func messagesNobodyTakesLeakNothing() throws {
        let pair = try SocketPair()
        let pipe = try Pipe()
        try UnixSocket.sendRights([pipe.writing.raw], with: [1], to: pair.first)
        try pipe.writing.close()
        do { _ = try UnixSocket.receiveRights(limit: 10, from: pair.second)?.bytes }
        var buffer = [UInt8](repeating: 0, count: 4)
        #expect(try pipe.reading.read(into: &buffer) == .endOfFile)
    }
}
