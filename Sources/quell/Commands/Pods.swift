import APITypes
import Client

enum PodCreateCommand: Command {
    static let about = About(
        "create", "Make a pod, and start it", usage: "[POD]",
        details: """
            Its members share network, process ids and IPC (--share names others). They see each other's processes, of \
            which number 1 is the pod's own: it pauses, reaps, and ends everything when it ends.
            """,
        examples: [("quell pod create -p 8080:80 shop", "then: quell pod run -d shop web")])
    static let name = Option("name", "NAME", "Name of the pod; the same as the argument")
    static let infra = Flag("infra", default: true, "With a process that pauses; without one nothing can be shared")
    static let share = Option(
        "share", "KINDS", "What members share, of net, pid and ipc (net,pid,ipc)",
        completion: .words(Pod.Share.allCases.map(\.rawValue))
    ) { (text) throws(ValueFault) in
        try text.split(separator: ",").map { (word) throws(ValueFault) -> Pod.Share in
            guard let share = Pod.Share(rawValue: String(word)) else {
                throw ValueFault("\(word) cannot be shared", expected: "some of net, pid and ipc, with commas")
            }
            return share
        }
    }
    static let options: [any OptionSpec] = [
        name, infra, share, CreateOptions.label, CreateOptions.hostname, CreateOptions.network, CreateOptions.ip,
        CreateOptions.ip6, CreateOptions.macAddress, CreateOptions.networkAlias, CreateOptions.publish,
        CreateOptions.addHost, CreateOptions.dns, CreateOptions.dnsOption, CreateOptions.dnsSearch,
        CreateOptions.sysctl, CreateOptions.shmSize,
    ]
    static let operands = Operands(0...1, .none)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let hasProcess = try arguments[infra]
        let shares = try arguments[share] ?? (hasProcess ? Pod.Share.allCases : [])
        guard hasProcess || shares.isEmpty else {
            throw UsageError("--infra=false needs --share=: without a process there is nothing to share")
        }
        var builder = CreateRequestBuilder(arguments.with(operands: [Pod.image, "-P"]), session)
        var request = try builder.build()
        request.config.entrypoint = ["/sbin/docker-init"]
        request.config.labels = (request.config.labels ?? [:]).merging(
            [Pod.sharesLabel: shares.map(\.rawValue).joined(separator: ",")]) { $1 }
        if hasProcess {
            request.hostConfig?.initProcess = true
            request.hostConfig?.ipcMode = "shareable"
            try await checkInit(session)
        }
        let id = try await create(request, name: try arguments.operands.first ?? arguments[name], session)
        if hasProcess {
            do { try await session.client.startContainer(id) } catch {
                // What cannot run is no pod.
                try await session.client.removeContainer(id, force: true)
                throw error
            }
        }
        try session.print(id)
        return 0
    }

    /// tini has no pause.
    private static func checkInit(_ session: Session) async throws {
        let path = try await session.client.info().initBinary
        guard path.hasSuffix("catatonit") else {
            throw Failure(
                "a pod needs catatonit, and quelld has \(path.isEmpty ? "no init" : path): install the package catatonit, or name it with init-path"
            )
        }
    }

    private static func create(
        _ request: ContainerCreateRequest, name: String?, _ session: Session
    ) async throws -> String {
        let client = session.client
        do { _ = try await client.inspectImageJSON(Pod.image) } catch let error as ClientError where error.isNotFound {
            try await client.importImage(
                EmptyArchive(), repository: "quell-pause", tag: "latest", message: "the pause of pods", changes: [],
                platform: nil
            ) { _ in }
        }
        let made = try await client.createContainer(request, name: name, unhandled: "kill")
        for warning in made.warnings { try session.err.write("WARNING: \(warning)\n") }
        return made.id
    }
}

enum PodRunCommand: Command {
    static let about = About(
        "run", "Make a container in a pod and start it", usage: "POD IMAGE [COMMAND] [ARG...]",
        details: "As 'quell run --pod POD', with its options and exit statuses. The pod is started if it does not run.",
        examples: [("quell pod run -d --name web shop httpd -f", "reaches the others at 127.0.0.1")])
    static let options = RunCommand.options.filter { $0.name != CreateOptions.pod.name }
    static let operands = Operands.atLeast(2, .containers, stopsOptions: true)
    static let failureStatus = RunCommand.failureStatus

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        var words = arguments.with(operands: Array(arguments.operands.dropFirst()))
        words.add(arguments.operands[0], to: CreateOptions.pod)
        return try await RunCommand.run(words, session)
    }
}

enum PodStartCommand: Command {
    static let about = About(
        "start", "Start pods, and the members of each in the order in which they were made", usage: "POD [POD...]",
        examples: [("quell pod start shop", "after it was stopped")])
    static let options: [any OptionSpec] = []
    static let operands = Operands.atLeast(1, .containers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let client = session.client
        return try await session.each(arguments.operands) { name in
            let pod = try await Pod.find(name, session)
            if !pod.shares.isEmpty { try await client.startContainer(pod.id) }
            for member in try await pod.members(session).reversed() { try await client.startContainer(member.id) }
            return pod.name
        }
    }
}

enum PodStopCommand: Command {
    static let about = About(
        "stop", "Stop pods, and tell how each member ended", usage: "POD [POD...]",
        details: """
            The member that was made last is stopped first, and each is stopped as 'quell stop' does it before the next; \
            in the end the pod's own process. Exit status as of 'quell stop'. When this command is interrupted, the stop \
            that was begun goes on, and the next ones are not begun.
            """,
        examples: [("quell pod stop -t 5 shop", "five seconds for each")])
    static let options = StopCommand.options
    static let operands = Operands.atLeast(1, .runningContainers)
    static let usageStatus: Int32 = 1

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let (order, client) = (try StopCommand.order(arguments), session.client)
        let fleet = StopFleet(session: session, format: try arguments.format()) { name, update in
            try await client.stopContainer(name, order, update)
        }
        var worst: Int32 = 0
        for name in arguments.operands {
            let pod = try await Pod.find(name, session)
            var names = try await pod.members(session).filter { $0.state != "created" }.flatMap(\.names).map(
                withoutSlash)
            if !pod.shares.isEmpty { names.append(pod.name) }
            for member in names {
                let status = try await fleet.run([member])
                if status > 128 { return status }
                worst = max(worst, status)
            }
        }
        return worst
    }
}

enum PodRmCommand: Command {
    static let about = About(
        "rm", aliases: ["remove"], "Remove pods with their members", usage: "POD [POD...]",
        examples: [("quell pod rm shop", "no member may run"), ("quell pod rm -f shop", "kills those that run")])
    static let force = Flag("force", short: "f", "Kill members that run")
    static let options: [any OptionSpec] = [force, RmCommand.volumes]
    static let operands = Operands.atLeast(1, .containers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let (client, force, volumes) = (session.client, try arguments[force], try arguments[RmCommand.volumes])
        return try await session.each(arguments.operands) { name in
            let pod = try await Pod.find(name, session)
            let members = try await pod.members(session)
            let running = members.filter { ["running", "paused", "restarting"].contains($0.state) }
            guard force || running.isEmpty else {
                let names = running.flatMap(\.names).map(withoutSlash).joined(separator: ", ")
                throw Failure("pod \(pod.name) has members that run (\(names)): stop it first, or give --force")
            }
            for member in members { try await client.removeContainer(member.id, force: force, volumes: volumes) }
            // Its own process has nothing to lose.
            try await client.removeContainer(pod.id, force: true)
            return pod.name
        }
    }
}

enum PodLsCommand: Command {
    static let about = About(
        "ls", aliases: ["list", "ps"], "List pods", examples: [("quell pod ls", "with how many members each has")])
    static let options: [any OptionSpec] = [Shared.format, Shared.noTrunc, Shared.quiet]
    static let operands = Operands.none

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let (format, full) = (try arguments.format(), try arguments[Shared.noTrunc])
        let pods = try await Pod.all(session)
        if try arguments[Shared.quiet] {
            try session.out.write(pods.map { shortID($0.id, full: full) + "\n" }.joined())
            return 0
        }
        let members = try await session.client.listContainers(all: true, filters: ["label": [Pod.memberLabel]])
        let rows = pods.map { pod in
            let own = members.filter { $0.labels[Pod.memberLabel] == pod.id }
            return JSONValue.row([
                "ID": shortID(pod.id, full: full), "Name": pod.names.map(withoutSlash).joined(separator: ","),
                "Status": pod.status, "Shares": pod.labels[Pod.sharesLabel] ?? "", "Members": "\(own.count)",
                "Names": own.flatMap(\.names).map(withoutSlash).joined(separator: ","),
            ])
        }
        try session.out.write(
            try Listing(
                headings: [
                    "ID": "POD ID", "Name": "NAME", "Status": "STATUS", "Shares": "SHARES", "Members": "MEMBERS",
                    "Names": "NAMES",
                ], columns: ["ID", "Name", "Status", "Shares", "Members"], rows: rows
            ).text(format))
        return 0
    }
}

enum PodExistsCommand: Command {
    static let about = About(
        "exists", "Exit status 0 if there is such a pod, else 1", usage: "POD",
        examples: [("quell pod exists shop", "nothing is printed")])
    static let options: [any OptionSpec] = []
    static let operands = Operands(1...1, .containers)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        let name = arguments.operands[0]
        return try await Pod.all(session).contains { pod in
            pod.id.hasPrefix(name) || pod.names.map(withoutSlash).contains(name)
        } ? 0 : 1
    }
}

enum NetworkExistsCommand: Command {
    static let about = About(
        "exists", "Exit status 0 if there is such a network, else 1", usage: "NETWORK",
        examples: [("quell network exists app", "nothing is printed")])
    static let options: [any OptionSpec] = []
    static let operands = Operands(1...1, .none)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        do { _ = try await session.client.inspectNetworkJSON(arguments.operands[0]) } catch let error as ClientError
            where error.isNotFound
        { return 1 }
        return 0
    }
}
