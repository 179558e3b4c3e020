import Images
import Testing

@Suite struct ReferenceTests {
    static let good: [(String, canonical: String, familiar: String)] = [
        ("busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"),
        ("library/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("index.docker.io/library/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("user/app", "docker.io/user/app:latest", "user/app:latest"),
        ("quay.io/x/y/z:t", "quay.io/x/y/z:t", "quay.io/x/y/z:t"),
        ("localhost/app", "localhost/app:latest", "localhost/app:latest"),
        ("localhost:5000/app:V1", "localhost:5000/app:V1", "localhost:5000/app:V1"),
        ("[::1]:5000/app", "[::1]:5000/app:latest", "[::1]:5000/app:latest"),
        ("a__b-c--d/e.f_g", "docker.io/a__b-c--d/e.f_g:latest", "a__b-c--d/e.f_g:latest"),
        ("Registry.local/app", "Registry.local/app:latest", "Registry.local/app:latest"),
        ("app:_x.y-z", "docker.io/library/app:_x.y-z", "app:_x.y-z"),
    ]

    @Test(arguments: good.indices) func normalises(index: Int) throws {
        let (text, canonical, familiar) = Self.good[index]
        let reference = try ImageReference(text)
        #expect(reference.canonical == canonical)
        #expect(reference.familiar == familiar)
        #expect(try ImageReference(reference.familiar) == reference)
    }

    @Test func keepsDigests() throws {
        let hex = String(repeating: "ab", count: 32)
        let reference = try ImageReference("busybox@sha256:\(hex)")
        #expect(reference.tag == nil)
        #expect(reference.digest?.hex == hex)
        #expect(reference.familiar == "busybox@sha256:\(hex)")
        #expect(try ImageReference("busybox:1@sha256:\(hex)").tag == "1")
    }

    static let bad: [(String, says: String)] = [
        ("", "has no name"), (":tag", "has no name"), ("Busybox", "must be lowercase"),
        ("user/App", "must be lowercase"),
        ("a..b", "not part"), ("-a", "not part"), ("a-", "not part"), ("a/", "not part"), ("a//b", "not part"),
        ("a___b", "not part"), ("a b", "not part"), ("../a", "registry"), ("a:", "not a tag"), ("a:-x", "not a tag"),
        ("a:" + String(repeating: "x", count: 129), "not a tag"), ("a@sha256:12", "64 hexadecimal"),
        ("a@md5:abc", "64 hexadecimal"), ("host:x/app", "registry"), ("-h.x/app", "registry"),
        (String(repeating: "ab", count: 32), "64-byte hexadecimal"), (String(repeating: "x", count: 256), "255"),
        ("a\n", "not part"), ("ä", "not part"),
    ]

    @Test(arguments: bad.indices) func refuses(index: Int) throws {
        let (text, says) = Self.bad[index]
        let error = #expect(throws: ImageError.self) { try ImageReference(text) }
        guard case .invalid(let message)? = error else {
            Issue.record("\(text): \(String(describing: error))")
            return
        }
        #expect(message.contains(says), "\(text): \(message)")
    }
}
