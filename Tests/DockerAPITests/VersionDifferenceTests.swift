import APITypes
import Engine
import Images
import Testing

@testable import DockerAPI

/// What a client of an older version of the API must find as it was.
struct VersionDifferenceTests {
    private func shaped(_ minor: Int, _ change: (inout ContainerCreateRequest) -> Void) throws -> ContainerCreateRequest
    {
        var request = ContainerCreateRequest()
        request.hostConfig = HostConfig()
        change(&request)
        try request.shape(for: APIVersion(minor: minor))
        return request
    }

    @Test func aCreationKnowsOnlyItsTime() throws {
        let full: (inout ContainerCreateRequest) -> Void = { request in
            request.config.healthcheck = HealthConfig()
            request.config.healthcheck?.startInterval = 5
            request.hostConfig?.autoRemove = true
            request.hostConfig?.annotations = ["a": "b"]
            request.hostConfig?.consoleSize = [1, 2]
            request.hostConfig?.kernelMemoryTCP = 1
        }
        let old = try shaped(24, full)
        #expect(old.hostConfig?.autoRemove == false && old.hostConfig?.annotations == nil)
        #expect(old.hostConfig?.consoleSize == nil && old.hostConfig?.ipcMode == "shareable")
        #expect(old.hostConfig?.kernelMemoryTCP == nil && old.config.healthcheck?.startInterval == nil)
        let new = try shaped(51, full)
        #expect(new.hostConfig?.autoRemove == true && new.hostConfig?.annotations == ["a": "b"])
        #expect(new.hostConfig?.consoleSize == [1, 2] && new.hostConfig?.ipcMode == nil)
        #expect(new.config.healthcheck?.startInterval == 5)
        #expect(try shaped(41) { $0.hostConfig = nil }.hostConfig?.autoRemove == false)
    }

    @Test func mountsOfLaterVersionsAreRefusedOrOverlooked() throws {
        var mount = Mount()
        (mount.type, mount.volumeOptions) = ("volume", VolumeOptions())
        mount.volumeOptions?.subpath = "x"
        #expect(throws: APIFailure.self) { try shaped(44) { $0.hostConfig?.mounts = [mount] } }
        #expect(try shaped(45) { $0.hostConfig?.mounts = [mount] }.hostConfig?.mounts == [mount])
        mount.volumeOptions = nil
        mount.type = "image"
        #expect(throws: APIFailure.self) { try shaped(47) { $0.hostConfig?.mounts = [mount] } }
        (mount.type, mount.readOnly, mount.tmpfsOptions) = ("bind", true, TmpfsOptions())
        let old = try #require(try shaped(41) { $0.hostConfig?.mounts = [mount] }.hostConfig?.mounts?.first)
        #expect(old.tmpfsOptions == nil && old.bindOptions?.readOnlyNonRecursive == true)
        #expect(try shaped(44) { $0.hostConfig?.mounts = [mount] }.hostConfig?.mounts == [mount])
    }

    @Test func severalNetworksCameLate() throws {
        let two: (inout ContainerCreateRequest) -> Void = { request in
            request.networkingConfig = NetworkingConfig()
            request.networkingConfig?.endpointsConfig = ["a": EndpointSettings(), "b": EndpointSettings()]
        }
        #expect(throws: APIFailure.self) { try shaped(43, two) }
        #expect(throws: Never.self) { try shaped(44, two) }
    }

    @Test func imagesAsTheyWereShown() {
        var summary = ImageSummary()
        (summary.size, summary.containers) = (5, 2)
        let old = summary.shaped(for: APIVersion(minor: 42))
        #expect(old.virtualSize == 5 && old.containers == -1)
        #expect(old.repoTags == ["<none>:<none>"] && old.repoDigests == ["<none>@<none>"])
        #expect(summary.shaped(for: APIVersion(minor: 43)).repoTags == [])
        #expect(summary.shaped(for: APIVersion(minor: 44)).virtualSize == nil)
        #expect(summary.shaped(for: .newest) == summary)
        let inspect = ImageInspect()
        let oldest = inspect.shaped(for: .oldest)
        #expect(oldest.container == "" && oldest.containerConfig != nil && oldest.virtualSize == 0)
        #expect(oldest.created == "0001-01-01T00:00:00Z" && oldest.config.attachStdin == false)
        let later = inspect.shaped(for: APIVersion(minor: 49))
        #expect(later.container == nil && later.created == nil && later.config.hostname == "")
        #expect(inspect.shaped(for: APIVersion(minor: 50)) == inspect)
    }

    @Test func theSystemAsItWasShown() {
        var info = SystemInfo()
        info.securityOptions = ["name=seccomp,profile=default"]
        #expect(info.shaped(for: .oldest).securityOptions == ["seccomp"])
        #expect(info.shaped(for: APIVersion(minor: 49)).bridgeNfIptables == false)
        #expect(info.shaped(for: APIVersion(minor: 48)).runcCommit.expected == "")
        #expect(info.shaped(for: APIVersion(minor: 43)).cdiSpecDirs == nil)
        let new = info.shaped(for: .newest)
        #expect(new.bridgeNfIptables == nil && new.runcCommit.expected == nil && new.cdiSpecDirs == [])
        #expect(new.securityOptions == info.securityOptions)
        #expect(DiskUsage().shaped(for: APIVersion(minor: 41)).builderSize == 0)
        #expect(DiskUsage().shaped(for: APIVersion(minor: 42)).builderSize == nil)
    }

    @Test(arguments: ["linux", "linux/amd64", "windows", "linux/arm/v7"])
    func platformsInAWord(text: String) throws {
        #expect(try Platform(slashed: text).description == text)
    }

    @Test(arguments: [
        "", "{", "[]", "1", #"{"os":"linux"}"#, #"{"os":1,"architecture":"amd64"}"#, #"{"os":"","architecture":""}"#,
    ])
    func platformsThatAreNone(json: String) {
        #expect(throws: APIFailure.self) { try Platform(json: json) }
    }

    @Test(arguments: ["", "/", "linux/", "a/b/c/d"]) func platformsThatAreNone(slashed: String) {
        #expect(throws: APIFailure.self) { try Platform(slashed: slashed) }
    }
}

/// The same over the socket, with containers and an image that are there.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct VersionedCallTests {
    @Test func callsAreAnsweredAsTheirVersionHasIt() async throws {
        try await RealAPI.with { api in
            let id = try await api.run(["sleep", "1000"]) { $0.hostConfig?.annotations = ["key": "annotated"] }
            func text(_ target: String) async throws -> String {
                let answer = try await api.send("GET", target)
                try #require(answer.status == 200, "\(target): \(answer.text)")
                return answer.text
            }
            #expect(try await text("/v1.43/images/json").contains("VirtualSize"))
            #expect(try await !text("/v1.44/images/json").contains("VirtualSize"))
            #expect(try await text("/v1.44/images/busybox/json").contains("ContainerConfig"))
            #expect(try await !text("/v1.45/images/busybox/json").contains("ContainerConfig"))
            #expect(try await text("/v1.46/containers/json").contains("annotated"))
            #expect(try await !text("/v1.45/containers/json").contains("annotated"))
            #expect(try await text("/v1.49/info").contains("BridgeNfIptables"))
            #expect(try await !text("/v1.50/info").contains("BridgeNfIptables"))
            #expect(try await text("/v1.41/system/df?type=nope").contains("BuilderSize"))
            #expect(try await api.send("GET", "/v1.42/system/df?type=nope").status == 400)
            #expect(try await text("/v1.42/system/df?type=container").contains(id))
            #expect(try await !text("/v1.42/system/df?type=image&type=volume").contains(id))
            #expect(try await text("/v1.40/images/json?filter=nothing").hasSuffix("\r\n\r\n[]\n"))
            #expect(try await text("/v1.51/images/json").contains(#""Containers":1"#))
            // A stop that names its signal came with 1.42; before, the parameter is not looked at.
            #expect(try await api.send("POST", "/v1.42/containers/\(id)/stop?signal=NOPE").status == 400)
            #expect(try await api.send("POST", "/v1.41/containers/\(id)/stop?signal=NOPE&t=0").status == 204)
            #expect(try await api.send("POST", "/v1.29/containers/\(id)/wait?condition=nope").text.contains("137"))
            #expect(try await api.send("POST", "/v1.30/containers/\(id)/wait?condition=nope").status == 400)
        }
    }

    @Test func platformsAreCompared() async throws {
        try await RealAPI.with { api in
            let image = try api.engine.images.image("busybox").configuration
            let own = try #require(image.architecture)
            func json(_ architecture: String) -> String {
                "%7B%22os%22%3A%22linux%22%2C%22architecture%22%3A%22\(architecture)%22%7D"
            }
            for call in ["json", "history", "get"] {
                #expect(try await api.send("GET", "/images/busybox/\(call)?platform=\(json(own))").status == 200)
                let other = try await api.send("GET", "/images/busybox/\(call)?platform=\(json("s390x"))")
                #expect(other.status == 404 && other.text.contains("linux/s390x"), "\(call): \(other.text)")
                #expect(try await api.send("GET", "/images/busybox/\(call)?platform=x").status == 400)
            }
            #expect(
                try await api.send("GET", "/images/busybox/json?manifests=1&platform=\(json(own))").status == 400)
            #expect(try await api.send("DELETE", "/images/busybox?platforms=\(json("s390x"))").status == 404)
            let body = #"{"Image":"busybox","Cmd":["true"]}"#
            #expect(try await api.send("POST", "/containers/create?platform=linux/\(own)", body).status == 201)
            #expect(try await api.send("POST", "/containers/create?platform=linux/s390x", body).status == 404)
            #expect(try await api.send("POST", "/v1.40/containers/create?platform=linux/s390x", body).status == 201)
        }
    }

    /// What Docker's clients index without looking.
    @Test func inspectHasEveryMember() async throws {
        try await RealAPI.with { api in
            let id = try await api.run(["sleep", "1000"])
            let text = try await api.send("GET", "/containers/\(id)/json").text
            for member in [
                #""Binds":[]"#, #""CapAdd":[]"#, #""CpuShares":0"#, #""PortBindings":{}"#, #""UTSMode":"""#,
                #""ConsoleSize":[0,0]"#, #""Entrypoint":[]"#, #""Volumes":{}"#, #""IPAddress":"""#, #""NetworkID":"6e"#,
            ] { #expect(text.contains(member), "\(member) is not in \(text)") }
        }
    }
}
