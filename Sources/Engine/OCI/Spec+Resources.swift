import APITypes

extension Spec {
    static func resources(_ input: SpecInput) throws(EngineError) -> JSON {
        let host = input.document.host
        return .compact([
            "devices": .array(try deviceRules(input)),
            "memory": try memory(host, input.facts),
            "cpu": try processor(host, input.facts),
            "pids": (host.pidsLimit ?? 0) > 0 ? ["limit": JSON(host.pidsLimit ?? 0)] : nil,
            "blockIO": blockIO(input),
        ])
    }

    private static func blockIO(_ input: SpecInput) -> JSON? {
        var members = input.blockLimits
        if let weight = input.document.host.blkioWeight, weight > 0 { members["weight"] = JSON(weight) }
        return members.isEmpty ? nil : .object(members)
    }

    /// Limits of memory in bytes. Without `memorySwap`, twice the memory where swap can be limited at all.
    static func memory(_ host: HostConfig, _ facts: HostFacts) throws(EngineError) -> JSON? {
        let limit = host.memory ?? 0
        guard limit == 0 || limit >= 6 << 20 else { throw .invalid("Minimum memory limit allowed is 6MB") }
        var members: [String: JSON?] = [:]
        if limit > 0 {
            members["limit"] = JSON(limit)
            let swap = host.memorySwap ?? 0
            guard swap <= 0 || swap >= limit else {
                throw .invalid("Minimum memoryswap limit should be larger than memory limit, see usage")
            }
            if facts.limitsSwap { members["swap"] = JSON(swap == 0 ? limit.saturatingSum(limit) : swap) }
        } else if (host.memorySwap ?? 0) > 0 {
            throw .invalid("You should always set the Memory limit when using Memoryswap limit, see usage")
        }
        if let reservation = host.memoryReservation, reservation > 0 {
            guard limit == 0 || reservation <= limit else {
                throw .invalid("Minimum memory limit can not be less than memory reservation limit, see usage")
            }
            members["reservation"] = JSON(reservation)
        }
        // v2 has it not: the client was warned, and the runtime would refuse the container for it.
        if host.oomKillDisable == true, !facts.isUnified { members["disableOOMKiller"] = true }
        if let swappiness = host.memorySwappiness, (0...100).contains(swappiness) {
            members["swappiness"] = JSON(swappiness)
        }
        return members.isEmpty ? nil : .compact(members)
    }

    static func processor(_ host: HostConfig, _ facts: HostFacts) throws(EngineError) -> JSON? {
        var members: [String: JSON?] = [:]
        if let shares = host.cpuShares, shares > 0 { members["shares"] = JSON(max(2, shares)) }
        if let nano = host.nanoCpus, nano > 0 {
            guard (host.cpuQuota ?? 0) == 0, (host.cpuPeriod ?? 0) == 0 else {
                throw .invalid("Conflicting options: Nano CPUs and CPU Period/Quota cannot both be set")
            }
            guard nano >= 10_000_000, nano <= facts.processors * 1_000_000_000 else {
                throw .invalid(
                    "range of CPUs is from 0.01 to \(facts.processors).00, as there are only \(facts.processors) CPUs available"
                )
            }
            members["period"] = 100_000
            members["quota"] = JSON(nano / 10_000)
        }
        if let period = host.cpuPeriod, period > 0 { members["period"] = JSON(period) }
        if let quota = host.cpuQuota, quota > 0 { members["quota"] = JSON(quota) }
        if let cpus = host.cpusetCpus, !cpus.isEmpty { members["cpus"] = .string(cpus) }
        if let nodes = host.cpusetMems, !nodes.isEmpty { members["mems"] = .string(nodes) }
        return members.isEmpty ? nil : .compact(members)
    }

    private static func rule(_ type: String?, _ major: Int64?, _ minor: Int64?, _ access: String) -> JSON {
        .compact([
            "allow": true, "type": type.map { .string($0) }, "major": major.map { JSON($0) },
            "minor": minor.map { JSON($0) }, "access": .string(access),
        ])
    }

    /// All devices may be made, none used, but the harmless ones and those asked for.
    private static func deviceRules(_ input: SpecInput) throws(EngineError) -> [JSON] {
        let host = input.document.host
        if host.privileged { return [rule(nil, nil, nil, "rwm")] }
        var rules: [JSON] = [["allow": false, "access": "rwm"], rule("c", nil, nil, "m"), rule("b", nil, nil, "m")]
        // null, zero, full, random, urandom, tty, console, ptmx, terminals
        for (major, minor) in [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2)] as [(Int64, Int64)] {
            rules.append(rule("c", major, minor, "rwm"))
        }
        rules.append(rule("c", 136, nil, "rwm"))
        rules += input.devices.map { rule($0.type, $0.major, $0.minor, $0.access) }
        for text in host.deviceCgroupRules ?? [] { rules.append(try parsed(text)) }
        return rules
    }

    /// `c 1:3 rwm`, `a *:* r`
    private static func parsed(_ text: String) throws(EngineError) -> JSON {
        let words = text.split(separator: " ")
        let numbers = words.count == 3 ? words[1].split(separator: ":") : []
        guard numbers.count == 2, ["a", "b", "c"].contains(words[0]), words[2].allSatisfy({ "rwm".contains($0) }),
            numbers.allSatisfy({ $0 == "*" || Int64($0) != nil })
        else { throw .invalid("invalid device cgroup rule format: '\(text)'") }
        return rule(
            words[0] == "a" ? nil : String(words[0]), Int64(numbers[0]), Int64(numbers[1]), String(words[2]))
    }
}
