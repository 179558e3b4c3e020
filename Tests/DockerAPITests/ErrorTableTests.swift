import APITypes
import Engine
import FoundationEssentials
import Images
import Lifecycle
import NIOCore
import NIOHTTP1
import Testing

@testable import DockerAPI

@Suite struct ErrorTableTests {
    @Test(arguments: [
        (EngineError.notFound(kind: "container", name: "x"), HTTPResponseStatus.notFound),
        (.conflict("c"), .conflict), (.notRunning("n"), .conflict), (.invalid("i"), .badRequest),
        (.unsupported("u"), .notImplemented), (.notModified("m"), .notModified), (.commandNotFound("c"), .badRequest),
        (.notExecutable("e"), .badRequest), (.forbidden("f"), .forbidden), (.timedOut("t"), .internalServerError),
        (.stuck("s"), .internalServerError), (.system("s"), .internalServerError), (.closing, .serviceUnavailable),
    ])
    func mapsEngineErrors(error: EngineError, status: HTTPResponseStatus) throws {
        let failure = try #require(APIFailure(error))
        #expect(failure.status == status)
        #expect(failure.message.hasPrefix(error.description))
    }

    @Test func saysWhyACommandDoesNotRunInDockersWords() {
        #expect(EngineError.commandNotFound("no nope").message == "no nope: executable file not found")
        #expect(EngineError.notExecutable("x: permission denied").message == "x: permission denied")
    }

    @Test(arguments: [
        (ImageError.notFound("x"), HTTPResponseStatus.notFound), (.invalid("i"), .badRequest),
        (.badArchive(archive: "a", entry: nil, fault: "f"), .badRequest), (.conflict("c"), .conflict),
        (.noSpace("n"), .insufficientStorage), (.damaged("d"), .internalServerError), (.noSuchPath("/x"), .notFound),
    ])
    func mapsImageErrors(error: ImageError, status: HTTPResponseStatus) throws {
        #expect(try #require(APIFailure(error)).status == status)
    }

    @Test func mapsWrongInput() throws {
        do {
            _ = try Signal(parsing: "NOPE")
            Issue.record("NOPE is no signal")
        } catch {
            #expect(try #require(APIFailure(error)).status == .badRequest)
        }
        do {
            _ = try DockerJSON.decode(ExecCreateRequest.self, from: Data("{".utf8))
            Issue.record("half an object was read")
        } catch {
            let failure = try #require(APIFailure(error))
            #expect(failure.status == .badRequest)
            #expect(failure.message.hasPrefix("invalid JSON: "))
        }
        #expect(try #require(APIFailure(BodyTooLarge(limit: 5))).status == .payloadTooLarge)
    }

    @Test func leavesUnknownErrorsToTheCaller() {
        #expect(APIFailure(ChannelError.eof) == nil)
        #expect(APIFailure(unexpected: ChannelError.eof) == nil)
        #expect(APIFailure(unexpected: UnansweredRequest())?.status == .internalServerError)
    }
}
