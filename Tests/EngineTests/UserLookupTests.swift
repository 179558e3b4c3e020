import Testing

@testable import Engine

struct UserLookupTests {
    private let files = AccountFiles(
        passwd: Array(
            """
            root:x:0:0:root:/root:/bin/sh
            # a remark
            broken line
            app:x:1000:1001:App:/srv/app:/bin/false
            1234:x:77:78::/odd:
            homeless:x:5:5
            """.utf8),
        group: Array("root:x:0:\napp:x:1001:\nextra:x:2000:other,app\nmore:x:2001:app\n99:x:3000:\n".utf8))

    @Test func namesAndNumbers() throws {
        #expect(try files.find("") == ContainerUser(uid: 0, gid: 0, additionalGroups: [], home: "/root"))
        #expect(
            try files.find("app")
                == ContainerUser(uid: 1000, gid: 1001, additionalGroups: [2000, 2001], home: "/srv/app"))
        #expect(try files.find("1000") == files.find("app"))
        #expect(try files.find("4242") == ContainerUser(uid: 4242, gid: 0, additionalGroups: [], home: "/"))
        // A name that looks like a number is a name first.
        #expect(try files.find("1234").uid == 77)
        #expect(try files.find("homeless").home == "/")
    }

    @Test func groups() throws {
        #expect(
            try files.find("app:extra") == ContainerUser(uid: 1000, gid: 2000, additionalGroups: [], home: "/srv/app"))
        #expect(try files.find("app:55").gid == 55)
        #expect(try files.find("0:99").gid == 3000)
        #expect(try files.find("app", adding: ["99", "12"]).additionalGroups == [12, 2000, 2001, 3000])
    }

    @Test(arguments: ["ghost", "app:ghost", "-1", "4294967295", "99999999999"])
    func whoIsNotThereIsRefused(_ text: String) {
        #expect(throws: EngineError.self) { try files.find(text) }
    }

    @Test func withoutFilesNumbersStillWork() throws {
        let none = AccountFiles(passwd: [], group: [])
        #expect(try none.find("7:8") == ContainerUser(uid: 7, gid: 8, additionalGroups: [], home: "/"))
        #expect(try none.find("").uid == 0)
        #expect(throws: EngineError.self) { try none.find("root") }
    }
}
