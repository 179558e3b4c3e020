import APITypes
import Client

enum UpdateCommand: Command {
    static let about = About(
        "update", "Change limits or the restart policy of containers", usage: "CONTAINER [CONTAINER...]",
        examples: [("quell update -m 512m --cpus 1.5 web", "while it runs")])
    static let options: [any OptionSpec] = [
        CreateOptions.memory, CreateOptions.memorySwap, CreateOptions.memoryReservation, CreateOptions.cpus,
        CreateOptions.cpuShares, CreateOptions.cpuPeriod, CreateOptions.cpuQuota, CreateOptions.cpusetCpus,
        CreateOptions.cpusetMems, CreateOptions.pidsLimit, CreateOptions.blkioWeight, CreateOptions.restart,
    ]
    static let operands = Operands.atLeast(1, .containers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        var update = ContainerUpdateRequest()
        update.memory = try arguments[CreateOptions.memory]
        update.memorySwap = try arguments[CreateOptions.memorySwap]
        update.memoryReservation = try arguments[CreateOptions.memoryReservation]
        update.nanoCpus = try arguments[CreateOptions.cpus]
        update.cpuShares = try arguments[CreateOptions.cpuShares]
        update.cpuPeriod = try arguments[CreateOptions.cpuPeriod]
        update.cpuQuota = try arguments[CreateOptions.cpuQuota]
        update.cpusetCpus = try arguments[CreateOptions.cpusetCpus]
        update.cpusetMems = try arguments[CreateOptions.cpusetMems]
        update.pidsLimit = try arguments[CreateOptions.pidsLimit]
        update.blkioWeight = try arguments[CreateOptions.blkioWeight]
        update.restartPolicy = try arguments[CreateOptions.restart]
        guard update != ContainerUpdateRequest() else {
            throw UsageError("nothing to change: give at least one limit or --restart")
        }
        let (client, change) = (session.client, update)
        return try await session.each(arguments.operands) { name in
            let response = try await client.updateContainer(name, change)
            for warning in response.warnings { try session.warn("\(name): \(warning)") }
            return name
        }
    }
}
