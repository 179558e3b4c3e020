import APITypes
import Client
import Testing

@Suite(.timeLimit(.minutes(1))) struct CreateCallTests {
    /// One call makes a container: what the image says of stops is the daemon's to look at.
    @Test(
        arguments: [
            (nil, nil, "POST /containers/create HTTP"), ("a b", nil, "POST /containers/create?name=a%20b HTTP"),
            (nil, "kill", "POST /containers/create?unhandled=kill HTTP"),
        ] as [(String?, String?, String)])
    func nameAndDefaultGoAsParameters(_ name: String?, _ unhandled: String?, _ line: String) async throws {
        try await withServer { peer in
            let head = try peer.receive(upTo: "}")
            try peer.answer(#"{"Id":"\#(head.hasPrefix(line) ? "1" : head)","Warnings":["w"]}"#, status: "201 Created")
        } _: { client, _ in
            var request = ContainerCreateRequest()
            request.config.image = "base"
            let made = try await client.createContainer(request, name: name, unhandled: unhandled)
            #expect(made.id == "1" && made.warnings == ["w"])
        }
    }
}
