import FoundationEssentials

/// A profile in the format of Docker and containers-common, and its conversion to the `linux.seccomp` object of OCI.
struct SeccompProfile: Decodable, Sendable {
    struct Architecture: Decodable, Sendable {
        var architecture: String
        var subArchitectures: [String]?
    }
    struct Argument: Decodable, Sendable {
        var index: UInt32
        var value: UInt64
        var valueTwo: UInt64?
        var op: String
    }
    struct Condition: Decodable, Sendable {
        var caps: [String]?
        var arches: [String]?
        var minKernel: String?
    }
    struct Rule: Decodable, Sendable {
        var names: [String]?
        var name: String?
        var action: String
        var args: [Argument]?
        var errnoRet: UInt32?
        var includes: Condition?
        var excludes: Condition?
    }

    var defaultAction: String
    var defaultErrnoRet: UInt32?
    var archMap: [Architecture]?
    var architectures: [String]?
    var flags: [String]?
    var syscalls: [Rule]?

    init(parsing bytes: [UInt8], from source: String) throws(EngineError) {
        do {
            self = try JSONDecoder().decode(SeccompProfile.self, from: Data(bytes))
        } catch {
            throw .invalid("\(source) is no seccomp profile: \(error)")
        }
    }

    /// - Parameters:
    ///   - capabilities: of the container, with `CAP_`.
    ///   - machine: as uname(2) has it.
    ///   - kernel: major and minor.
    func oci(capabilities: Set<String>, machine: String, kernel: (Int, Int)) -> JSON {
        let goName = SeccompProfile.goNames[machine] ?? machine
        var members: [String: JSON?] = [
            "defaultAction": .string(defaultAction),
            "defaultErrnoRet": defaultErrnoRet.map { JSON($0) },
            "flags": flags.map { JSON($0) },
        ]
        let native = SeccompProfile.seccompNames[machine]
        if let native, let entry = archMap?.first(where: { $0.architecture == native }) {
            members["architectures"] = JSON([entry.architecture] + (entry.subArchitectures ?? []))
        } else if let architectures {
            members["architectures"] = JSON(architectures)
        }
        let rules = (syscalls ?? []).filter { $0.applies(capabilities, goName, kernel) }
        members["syscalls"] = .array(rules.map(\.oci))
        return .compact(members)
    }

    /// Go's names of architectures, which profiles use in their conditions.
    private static let goNames = ["x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "x86"]
    private static let seccompNames = [
        "x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64", "s390x": "SCMP_ARCH_S390X",
        "riscv64": "SCMP_ARCH_RISCV64", "ppc64le": "SCMP_ARCH_PPC64LE",
    ]
}

extension SeccompProfile.Rule {
    fileprivate func applies(_ capabilities: Set<String>, _ machine: String, _ kernel: (Int, Int)) -> Bool {
        if let includes {
            if let caps = includes.caps, !caps.allSatisfy(capabilities.contains) { return false }
            if let arches = includes.arches, !arches.isEmpty, !arches.contains(machine) { return false }
            if let least = includes.minKernel, !SeccompProfile.Rule.isAtLeast(least, kernel) { return false }
        }
        if let excludes {
            if excludes.caps?.contains(where: capabilities.contains) == true { return false }
            if excludes.arches?.contains(machine) == true { return false }
            if let least = excludes.minKernel, SeccompProfile.Rule.isAtLeast(least, kernel) { return false }
        }
        return true
    }

    private static func isAtLeast(_ text: String, _ kernel: (Int, Int)) -> Bool {
        let parts = text.split(separator: ".").map { Int($0) ?? 0 }
        return kernel >= (parts.first ?? 0, parts.dropFirst().first ?? 0)
    }

    fileprivate var oci: JSON {
        .compact([
            "names": JSON(names ?? name.map { [$0] } ?? []),
            "action": .string(action),
            "errnoRet": errnoRet.map { JSON($0) },
            "args": (args ?? []).isEmpty ? nil : .array((args ?? []).map(\.oci)),
        ])
    }
}

extension SeccompProfile.Argument {
    fileprivate var oci: JSON {
        .compact([
            "index": JSON(index), "value": JSON(value), "op": .string(op),
            "valueTwo": valueTwo.flatMap { $0 == 0 ? nil : JSON($0) },
        ])
    }
}
