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
        view.networkSettings.networks = endpointViews(snapshot)
        view.ports = publishedPorts(snapshot)
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
    /// Filters by name that are regular expressions; what is none is compared as text.
    private let names: [String: NamePattern]

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
        try ContainerFilter.check(filters)
        names = Dictionary(
            (filters["name"] ?? []).compactMap { text in NamePattern(text).map { (text, $0) } },
            uniquingKeysWith: { first, _ in first })
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
        ancestors = found.isEmpty ? [] : try ContainerFilter.withDescendants(found, core)
    }

    /// Values that can only be a mistake.
    private static func check(_ filters: Filters) throws(EngineError) {
        let states = ["none", "starting", "healthy", "unhealthy"]
        for value in filters["health"] ?? [] where !states.contains(value) {
            throw .invalid("invalid filter 'health=\(value)'")
        }
        for value in filters["exited"] ?? [] where Int(value) == nil {
            throw .invalid("invalid filter 'exited=\(value)': not a number")
        }
        for value in filters["is-task"] ?? [] where !["true", "1", "false", "0"].contains(value) {
            throw .invalid("invalid filter 'is-task=\(value)'")
        }
        for key in ["expose", "publish"] {
            for value in filters[key] ?? [] where PortRange(value) == nil {
                throw .invalid("invalid filter '\(key)=\(value)': expected PORT[-PORT][/tcp|udp|sctp]")
            }
        }
    }

    /// And the images that were committed from them, however far down.
    private static func withDescendants(_ found: Set<String>, _ core: EngineCore) throws(EngineError) -> Set<String> {
        let images: [Image]
        do throws(ImageError) { images = try core.images.images() } catch { throw EngineError(error) }
        var all = found
        while true {
            let more = images.filter { image in
                !all.contains(image.id.description) && (image.parent.map { all.contains($0.description) } ?? false)
            }
            guard !more.isEmpty else { return all }
            for image in more { all.insert(image.id.description) }
        }
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
            guard let pattern = names[value] else { return snapshot.name.contains(value) }
            return pattern.matches(snapshot.name) || pattern.matches("/" + snapshot.name)
        case "label": return Labels.match(document.config.labels ?? [:], value)
        case "status": return StateText.docker(snapshot) == value || StateText.quell(snapshot.live) == value
        case "exited":
            return !snapshot.isActive && snapshot.state.exit?.status.shellCode.map { "\($0)" } == value
        case "volume":
            return document.mounts.contains { $0.source == value || $0.target == value }
        case "network":
            let joins = document.endpoints?.contains { $0.networkName == value || $0.network == value } == true
            return joins || document.host.networkMode == value
        case "health": return (snapshot.isRunning ? snapshot.state.health?.status.rawValue : nil) ?? "none" == value
        case "publish":
            let range = PortRange(value)
            return document.host.portBindings?.keys.contains { range?.holds($0) ?? false } ?? false
        case "expose":
            let range = PortRange(value)
            return document.config.exposedPorts?.keys.contains { range?.holds($0) ?? false } ?? false
        case "is-task": return value == "false" || value == "0"
        default: return true
        }
    }
}

/// `80`, `80/tcp`, `8000-8010/udp`; without a protocol it is TCP.
struct PortRange: Hashable, Sendable {
    let ports: ClosedRange<UInt16>
    let transport: String

    init?(_ text: String) {
        let halves = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let ends = halves[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { UInt16($0) }
        guard let first = ends[0], let last = ends[ends.count - 1], first <= last else { return nil }
        let transport = halves.count == 2 ? halves[1].lowercased() : "tcp"
        guard ["tcp", "udp", "sctp"].contains(transport) else { return nil }
        (ports, self.transport) = (first...last, transport)
    }

    /// Whether a port of an image or container, written the same way, lies in it.
    func holds(_ port: String) -> Bool {
        PortRange(port).map { $0.transport == transport && $0.ports.overlaps(ports) } ?? false
    }
}
