import APITypes
import Testing

@testable import quell

@Suite struct RegistryNameTests {
    @Test func namesAreTakenApart() {
        #expect(RemoteName("busybox").tag == nil)
        #expect(RemoteName("localhost:5000/app") == RemoteName("localhost:5000/app"))
        #expect(RemoteName("localhost:5000/app").tag == nil)
        #expect(RemoteName("localhost:5000/app:1").tag == "1")
        #expect(RemoteName("app:1@sha256:00").tag == "sha256:00")
        #expect(RemoteName("app:1@sha256:00").repository == "app")
        #expect(RemoteName("busybox").canonical(tag: "1") == "docker.io/library/busybox:1")
        #expect(RemoteName("me/app").canonical(tag: "sha256:0") == "docker.io/me/app@sha256:0")
        #expect(RemoteName("reg.example/app").canonical(tag: nil) == "reg.example/app")
    }

    @Test func credentialsBelongToARegistry() {
        let hub = "https://index.docker.io/v1/"
        #expect(RegistryHost.key(ofImage: "busybox") == hub)
        #expect(RegistryHost.key(ofImage: "me/app") == hub)
        #expect(RegistryHost.key(ofImage: "localhost/app") == "localhost")
        #expect(RegistryHost.key(ofImage: "reg.example:5000/a/b") == "reg.example:5000")
        #expect(RegistryHost.key(ofServer: nil) == hub)
        #expect(RegistryHost.key(ofServer: hub) == hub)
        #expect(RegistryHost.key(ofServer: "https://reg.example/v2/") == "reg.example")
    }

    @Test func barsShowWhatMoves() {
        var line = ProgressLine()
        (line.id, line.status) = ("abc", "Downloading")
        line.progressDetail = ProgressDetail()
        #expect(LayerBoard.text(line) == "abc: Downloading")
        line.progressDetail?.current = 500
        line.progressDetail?.total = 1000
        #expect(LayerBoard.text(line) == "abc: Downloading [===============>               ] 500B/1kB")
    }
}
