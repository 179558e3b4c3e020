import APITypes
import Engine
import Testing

@Suite(.serialized, .timeLimit(.minutes(2)))
struct CreateCallTests {
    private let label = "quell.stop.unhandled"

    /// The label of the container that this request makes.
    private func made(_ api: RealAPI, _ query: String, labels: String = "{}", image: String = "busybox") async throws
        -> String?
    {
        let body = #"{"Image":"\#(image)","Cmd":["true"],"Labels":\#(labels)}"#
        let name = "c\(UInt32.random(in: 0 ... .max))"
        let answer = try await api.send("POST", "/containers/create?name=\(name)&\(query)", body)
        try #require(answer.status == 201, "\(answer.text)")
        return try await api.engine.inspectContainer(name).config.labels?[label]
    }

    /// A client that knows the parameter need not look at the image first.
    @Test func unhandledIsPresetWhereNobodySays() async throws {
        try await RealAPI.with { api in
            #expect(try await made(api, "") == nil)
            #expect(try await made(api, "unhandled=kill") == "kill")
            #expect(try await made(api, "unhandled=wait") == "wait")
            #expect(try await made(api, "unhandled=kill", labels: #"{"\#(label)":"wait","x":"y"}"#) == "wait")
            let first = try await api.run(["sleep", "1000"])
            let commit = try await api.send(
                "POST", "/commit?container=\(first)&repo=labelled", #"{"Labels":{"\#(label)":"wait"}}"#)
            try #require(commit.status == 201, "\(commit.text)")
            #expect(try await made(api, "unhandled=kill", image: "labelled") == "wait")
        }
    }

    @Test func whatIsNoWordForItIsRefused() async throws {
        try await RealAPI.with { api in
            let wrong = try await api.send("POST", "/containers/create?unhandled=maybe", #"{"Image":"busybox"}"#)
            #expect(wrong.status == 400 && wrong.text.contains("maybe"), "\(wrong.text)")
            let missing = try await api.send("POST", "/containers/create?unhandled=kill", #"{"Image":"nothing"}"#)
            #expect(missing.status == 404 && missing.text.contains("No such image"), "\(missing.text)")
        }
    }
}
