/// What a call may take before somebody should look at it.
enum CallSpan: Hashable, Sendable {
    case short
    /// It moves images or files, or walks them.
    case transfer

    /// By the name of its route.
    init(_ name: String) { self = CallSpan.transfers.contains(name) ? .transfer : .short }

    private static let transfers: Set = [
        "GET /containers/{id}/export", "GET /containers/{id}/archive", "PUT /containers/{id}/archive",
        "GET /containers/{id}/changes", "POST /containers/prune", "POST /commit", "GET /images/get",
        "GET /images/{name...}/get", "POST /images/load", "POST /images/create", "POST /images/{name...}/push",
        "POST /images/prune",
        "POST /volumes/prune", "GET /system/df",
    ]
}

/// What `{id}` names in a path.
enum CallSubject: Hashable, Sendable {
    case container, exec, other

    init(_ pattern: String) {
        let parts = pattern.split(separator: "/")
        self =
            switch parts.firstIndex(of: "{id}").map({ parts[$0 - 1] }) {
            case "containers": .container
            case "exec": .exec
            default: .other
            }
    }
}
