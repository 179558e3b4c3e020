public import APITypes
import Images
import Lifecycle
import Linux

/// What a list of containers is to hold.
public struct ListOptions: Sendable {
    /// Also those that do not run.
    public var all = false
    /// The newest n, whatever their state; 0: no limit.
    public var limit = 0
    public var size = false
    public var filters: Filters = [:]
    public init() {}
}

extension Engine {
    /// Newest first. Every running container is verified as it is listed.
    public func listContainers(_ options: ListOptions = ListOptions()) async throws(EngineError) -> [ContainerSummary] {
        let filter = try ContainerFilter(options, core)
        let newest = core.registry.all.map { ($0, $0.snapshot) }.sorted {
            ($0.1.document.created, $0.1.id) > ($1.1.document.created, $1.1.id)
        }
        var chosen = newest.filter { filter.matches($0.1) }
        if options.limit > 0 { chosen = Array(chosen.prefix(options.limit)) }
        let now = WallTime.now().nanosecondsSince1970
        var list = chosen.map { core.summary($0.0, $0.1, now: now) }
        if options.size {
            for (index, (container, _)) in chosen.enumerated() {
                list[index].sizeRw = await core.writtenBytes(container.paths)
                list[index].sizeRootFs = (list[index].sizeRw ?? 0).saturatingSum(
                    core.imageBytes(list[index].imageID))
            }
        }
        return list
    }
}

extension EngineCore {
    func summary(_ container: Container, _ snapshot: ContainerSnapshot, now: Int64) -> ContainerSummary {
        let document = snapshot.document
        let seen = Observation.look(container, snapshot)
        var view = ContainerSummary()
        (view.id, view.names) = (document.id, ["/" + snapshot.name])
        (view.image, view.imageID) = (document.config.image, document.imageID)
        view.command = document.commandLine
        view.created = Int(document.created / 1_000_000_000)
        view.labels = document.config.labels ?? [:]
        view.state = StateText.docker(snapshot)
        view.status = StateText.status(snapshot, seen, now: now)
        view.quellState = seen == .empty ? "ending" : StateText.quell(snapshot.live)
        if snapshot.isRunning { view.quellStop = container.readinessWord }
        view.hostConfig.networkMode = document.host.networkMode ?? "none"
        view.hostConfig.annotations = document.host.annotations
        view.networkSettings.networks = networks(document)
        view.mounts = document.mounts.filter { $0.kind != .tmpfs }.map(mountPoint)
        return view
    }
}

/// Docker's filters of containers.
struct ContainerFilter {
    private let filters: Filters
    private let all: Bool
    private let ancestors: Set<String>
    private let before: Int64?
    private let since: Int64?

    init(_ options: ListOptions, _ core: EngineCore) throws(EngineError) {
        let known: Set = [
            "id", "name", "label", "status", "ancestor", "before", "since", "exited", "volume", "network", "health",
            "publish", "expose", "isolation", "is-task",
        ]
        filters = options.filters
        if let key = filters.keys.first(where: { !known.contains($0) }) { throw .invalid("invalid filter '\(key)'") }
        let statuses = [
            "created", "restarting", "running", "removing", "paused", "exited", "dead", "stopping", "stuck",
            "quarantined",
        ]
        if let status = filters["status"]?.first(where: { !statuses.contains($0) }) {
            throw .invalid("invalid filter 'status=\(status)'")
        }
        // A filter by state, or a limit, looks at all.
        all = options.all || options.limit > 0 || filters["status"] != nil || filters["exited"] != nil
        before = try filters["before"]?.first.map { (text) throws(EngineError) in
            try core.container(text).snapshot.document.created
        }
        since = try filters["since"]?.first.map { (text) throws(EngineError) in
            try core.container(text).snapshot.document.created
        }
        var found: Set<String> = []
        for text in filters["ancestor"] ?? [] {
            do throws(ImageError) { found.insert(try core.images.image(text).id.description) } catch {
                // An image that is not there has no containers.
                continue
            }
        }
        ancestors = found
    }

    func matches(_ snapshot: ContainerSnapshot) -> Bool {
        if !all, !snapshot.isRunning, snapshot.live != .restarting { return false }
        if let before, snapshot.document.created >= before { return false }
        if let since, snapshot.document.created <= since { return false }
        if filters["ancestor"] != nil, !ancestors.contains(snapshot.document.imageID) { return false }
        return filters.allSatisfy { key, values in
            values.isEmpty
                || (key == "label"
                    ? values.allSatisfy { matches(snapshot, key, $0) } : values.contains { matches(snapshot, key, $0) })
        }
    }

    private func matches(_ snapshot: ContainerSnapshot, _ key: String, _ value: String) -> Bool {
        let document = snapshot.document
        switch key {
        case "id": return document.id.hasPrefix(value)
        case "name":
            let wanted = value.hasPrefix("^") ? value.dropFirst() : value[...]
            let bare = wanted.hasPrefix("/") ? wanted.dropFirst() : wanted
            let name = snapshot.name
            if value.hasPrefix("^") { return bare.hasSuffix("$") ? name == bare.dropLast() : name.hasPrefix(bare) }
            return bare.hasSuffix("$") ? name.hasSuffix(bare.dropLast()) : name.contains(bare)
        case "label": return Labels.match(document.config.labels ?? [:], value)
        case "status": return StateText.docker(snapshot) == value || StateText.quell(snapshot.live) == value
        case "exited":
            return !snapshot.isActive && snapshot.state.exit?.status.shellCode.map { "\($0)" } == value
        case "volume":
            return document.mounts.contains { $0.source == value || $0.target == value }
        case "network": return document.host.networkMode == value
        case "health": return (snapshot.isRunning ? snapshot.state.health?.status.rawValue : nil) ?? "none" == value
        case "publish": return false
        case "expose":
            return document.config.exposedPorts?.keys.contains { $0 == value || $0 == value + "/tcp" } ?? false
        case "is-task": return value == "false" || value == "0"
        default: return true
        }
    }
}
