import Linux
import Testing

@testable import Engine

struct SeccompTests {
    private static let text = """
        {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "defaultErrno": "ENOSYS",
         "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
                     {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": []}],
         "syscalls": [
          {"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [], "includes": {}, "excludes": {}},
          {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
          {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"]},
           "args": [{"index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]},
          {"names": ["arch_prctl"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["amd64", "x32"]}},
          {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
          {"names": ["future"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "99.0"}}]}
        """

    private func names(_ capabilities: Set<String>, machine: String = "x86_64") throws -> [String] {
        let profile = try SeccompProfile(parsing: Array(SeccompTests.text.utf8), from: "test")
        let converted = profile.oci(capabilities: capabilities, machine: machine, kernel: (6, 1))
        return converted["syscalls"]?.elements.compactMap { $0["names"]?[0]?.text } ?? []
    }

    @Test func rulesDependOnCapabilitiesArchitectureAndKernel() throws {
        #expect(try names([]) == ["read", "clone", "arch_prctl", "ptrace"])
        #expect(try names(["CAP_SYS_ADMIN"]) == ["read", "mount", "arch_prctl", "ptrace"])
        #expect(try names([], machine: "aarch64") == ["read", "clone", "ptrace"])
    }

    @Test func fieldsBecomeOCIs() throws {
        let profile = try SeccompProfile(parsing: Array(SeccompTests.text.utf8), from: "test")
        let converted = profile.oci(capabilities: [], machine: "x86_64", kernel: (6, 1))
        #expect(converted["defaultAction"] == "SCMP_ACT_ERRNO")
        #expect(converted["defaultErrnoRet"] == 38)
        #expect(converted["architectures"] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"])
        #expect(converted["syscalls"]?[0] == ["names": ["read"], "action": "SCMP_ACT_ALLOW"])
        #expect(
            converted["syscalls"]?[1]?["args"] == [["index": 0, "value": 2_114_060_288, "op": "SCMP_CMP_MASKED_EQ"]])
    }

    @Test func whatIsNoProfileIsRefused() {
        #expect(throws: EngineError.self) { try SeccompProfile(parsing: Array("[]".utf8), from: "test") }
        #expect(throws: EngineError.self) { try SeccompProfile(parsing: [], from: "test") }
    }

    @Test(.enabled(if: Recovery.exists("/usr/share/containers/seccomp.json")))
    func theDistributionsProfileConverts() throws {
        let path = "/usr/share/containers/seccomp.json"
        let profile = try SeccompProfile(parsing: try File.read(path), from: path)
        let converted = profile.oci(capabilities: ["CAP_CHOWN"], machine: "x86_64", kernel: (6, 1))
        let allowed = converted["syscalls"]?.elements.filter { $0["action"] == "SCMP_ACT_ALLOW" } ?? []
        let names = Set(allowed.flatMap { $0["names"]?.elements ?? [] })
        #expect(names.contains("read") && names.contains("execve") && !names.contains("init_module"))
    }
}
