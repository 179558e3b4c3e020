import Client
import Testing

@testable import quell

@Suite(.timeLimit(.minutes(1))) struct BodyNameTests {
    @Test func whatWasSentIsCalledByItsName() {
        func named(_ message: String) -> String {
            ClientError.api(status: 500, message: message).namingBody("a.tar").description
        }
        #expect(named("request body: ./x: Truncated tar archive") == "a.tar: ./x: Truncated tar archive")
        #expect(named("No such container: request body") == "No such container: request body")
        let other = ClientError.connection(call: "request body", reason: "gone")
        #expect(other.namingBody("a.tar") == other)
        #expect(ArchiveSource.name(of: "-") == "standard input")
    }
}
