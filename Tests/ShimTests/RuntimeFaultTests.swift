import Lifecycle
import Testing

@testable import Shim

/// What crun 1.8 and runc 1.1 were seen to write.
struct RuntimeFaultTests {
    @Test(arguments: [
        ("executable file `/nope` not found in $PATH: No such file or directory", StartFailure.commandNotFound),
        (#"exec: \"nope\": executable file not found in $PATH"#, .commandNotFound),
        (#"exec: \"/nope\": stat /nope: no such file or directory"#, .commandNotFound),
        (#"exec: \"/etc\": is a directory"#, .notExecutable),
        (#"exec: \"/etc/passwd\": permission denied"#, .notExecutable),
        ("open executable: Permission denied", .notExecutable),
        ("open executable: Operation not permitted", .notExecutable),
        ("mount `/nope` to `/mnt`: No such file or directory", .runtime),
        ("cgroups in hybrid mode not supported", .runtime),
    ])
    func kindIsReadFromTheMessage(message: String, kind: StartFailure) {
        let line = #"{"msg":"\#(message)","level":"error","time":"2026-01-01T00:00:00Z"}"#
        #expect(RuntimeFault(log: Array(line.utf8), status: .code(1)).failure == kind)
    }

    @Test func lastLineCountsAndEscapesAreRead() {
        let log = "{\"msg\":\"first\"}\n{\"level\":\"error\",\"msg\":\"say \\\"a\\u00e9\\n\"}\n"
        #expect(RuntimeFault(log: Array(log.utf8), status: .code(1)).message == "say \"aé\n")
        #expect(RuntimeFault(log: [], status: .code(1)).message == "the runtime exited 1 without saying why")
    }
}
