import APITypes
import Lifecycle

/// Parsers of the options that bound what a container may use or see.
enum Limits {
    private static let ulimits = [
        "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
        "rttime", "sigpending", "stack",
    ]

    /// `nofile=1024:2048`; -1 is no limit.
    static func ulimit(_ text: String) throws(ValueFault) -> Ulimit {
        let expected = "NAME=SOFT[:HARD], such as nofile=1024:2048"
        let pair = try KeyValue(parsing: text, expected: expected)
        guard ulimits.contains(pair.key) else {
            throw ValueFault("unknown limit \"\(pair.key)\"", expected: "one of \(ulimits.joined(separator: ", "))")
        }
        let numbers = pair.value.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...2).contains(numbers.count), let soft = numbers[0], let hard = numbers[numbers.count - 1],
            soft >= -1, hard >= -1
        else { throw ValueFault("\"\(pair.value)\" are no limits", expected: expected) }
        guard hard == -1 || (soft != -1 && soft <= hard) else {
            throw ValueFault("the soft limit is above the hard one", expected: expected)
        }
        var limit = Ulimit()
        (limit.name, limit.soft, limit.hard) = (pair.key, soft, hard)
        return limit
    }

    /// `/dev/fuse[:/dev/fuse][:rwm]`
    static func device(_ text: String) throws(ValueFault) -> DeviceMapping {
        let expected = "/HOST[:/CONTAINER][:PERMISSIONS], such as /dev/fuse or /dev/sda:/dev/xvda:rw"
        var parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        var device = DeviceMapping()
        device.cgroupPermissions = "rwm"
        if parts.count > 1, let last = parts.last, !last.isEmpty, last.allSatisfy({ "rwm".contains($0) }) {
            device.cgroupPermissions = last
            parts.removeLast()
        }
        guard (1...2).contains(parts.count) else { throw ValueFault("too many parts", expected: expected) }
        guard parts.allSatisfy({ $0.hasPrefix("/") }) else {
            throw ValueFault(
                "\"\(parts.first { !$0.hasPrefix("/") } ?? "")\" is neither a path nor permissions", expected: expected)
        }
        (device.pathOnHost, device.pathInContainer) = (parts[0], parts[parts.count - 1])
        return device
    }

    static func restartPolicy(_ text: String) throws(ValueFault) -> RestartPolicy {
        let expected = "no, on-failure[:TIMES], always or unless-stopped"
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard ["no", "", "on-failure", "always", "unless-stopped"].contains(parts[0]) else {
            throw ValueFault("unknown policy \"\(parts[0])\"", expected: expected)
        }
        var policy = RestartPolicy()
        policy.name = parts[0].isEmpty ? "no" : parts[0]
        if parts.count == 2 {
            guard parts[0] == "on-failure", let times = Int(parts[1]), times >= 0 else {
                throw ValueFault("\"\(parts[1])\" is no number of tries", expected: expected)
            }
            policy.maximumRetryCount = times
        }
        return policy
    }

    static func signal(_ text: String) throws(ValueFault) -> Signal {
        do throws(SignalError) { return try Signal(parsing: text) } catch {
            throw ValueFault(
                "it is no signal", expected: "a name such as TERM, SIGTERM or RTMIN+3, or a number from 1 to 64")
        }
    }

    static func ladder(_ text: String) throws(ValueFault) -> Ladder {
        do throws(LadderError) { return try Ladder(parsing: text) } catch {
            throw ValueFault(error.fault, expected: "rungs such as \"TERM:10s, KILL\" or \"INT@all:5s\"")
        }
    }

    static func scope(_ text: String) throws(ValueFault) -> Scope {
        guard let scope = Scope(name: text) else { throw ValueFault("it is no scope", expected: "init, all or auto") }
        return scope
    }

    static func unhandled(_ text: String) throws(ValueFault) -> Unhandled {
        guard let unhandled = Unhandled(name: text) else { throw ValueFault("it is neither", expected: "kill or wait") }
        return unhandled
    }

    /// `name:address` or `name=address`, as HostConfig.ExtraHosts has it.
    static func host(_ text: String) throws(ValueFault) -> String {
        let expected = "NAME:ADDRESS, such as db:10.0.0.7"
        guard let cut = text.firstIndex(where: { $0 == ":" || $0 == "=" }), cut != text.startIndex else {
            throw ValueFault("name and address are not told apart", expected: expected)
        }
        var address = text[text.index(after: cut)...]
        if address.hasPrefix("[") && address.hasSuffix("]") { address = address.dropFirst().dropLast() }
        guard !address.isEmpty else { throw ValueFault("the address is missing", expected: expected) }
        return "\(text[..<cut]):\(address)"
    }

    /// `/path[:options]`
    static func tmpfs(_ text: String) throws(ValueFault) -> KeyValue {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts[0].hasPrefix("/") else {
            throw ValueFault("the path is not absolute", expected: "/PATH[:OPTIONS], such as /run:size=64m,noexec")
        }
        return try KeyValue(parsing: "\(parts[0])=\(parts.count == 2 ? parts[1] : "")", expected: "/PATH")
    }

    /// Nanoseconds; nothing shorter than a millisecond, as docker's daemon wants it.
    static func healthInterval(_ text: String) throws(ValueFault) -> Int {
        let duration = try parseDuration(text)
        guard duration == .zero || duration >= .milliseconds(1) else {
            throw ValueFault("it is shorter than 1ms", expected: "a duration such as 500ms, 10s or 1m30s")
        }
        return Int(duration.wholeNanoseconds)
    }
}
