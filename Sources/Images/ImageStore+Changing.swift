import Linux
import Synchronization

// How the store changes: the index first, on the disk, then what look-ups see, then the files nobody needs any more.
extension ImageStore {
    /// Applies `change` to the state and makes it durable. If anything throws, nothing has changed.
    @discardableResult
    func change<Value: Sendable>(_ change: (inout StoreState) throws(ImageError) -> Value) throws(ImageError) -> Value {
        try writer.withLock { (_) throws(ImageError) -> Value in
            let old = state.withLock { $0 }
            var new = old
            let value = try change(&new)
            try new.write(to: layout)
            state.withLock { $0 = new }
            return value
        }
    }

    /// What an operation under way needs, or has made and not yet named in the index.
    func lease(_ item: String) { leases.withLock { $0[item, default: 0] += 1 } }

    /// Gives leases back, and removes those items that neither an image nor another operation needs.
    /// - Returns: bytes given back, as far as known.
    func release(_ items: some Collection<String>) throws(ImageError) {
        try removeUnneeded(items, releasing: true)
    }

    func removeUnneeded(_ items: some Collection<String>, releasing: Bool = false) throws(ImageError) {
        guard !items.isEmpty else { return }
        var doomed: [String] = []
        // Renamed away while nobody can lease them; deleted afterwards, which may take long.
        try writer.withLock { (_) throws(ImageError) in
            let used = state.withLock { $0.unreadable.isEmpty ? $0.used : nil }
            try leases.withLock { (leases) throws(ImageError) in
                for item in items {
                    if releasing { leases[item] = leases[item].flatMap { $0 > 1 ? $0 - 1 : nil } }
                    guard leases[item] == nil, let used, !used.contains(item) else { continue }
                    if let path = try moveAway(item) { doomed.append(path) }
                }
            }
        }
        try mapping("remove") { () throws(SystemError) in
            for path in doomed { try File.removeTree(path) }
        }
    }

    /// nil when it is not there.
    private func moveAway(_ item: String) throws(ImageError) -> String? {
        let name = item.split(separator: "/").last ?? ""
        let path = (item.hasPrefix("blobs/") ? layout.blobs : layout.layers) + "/" + name
        let target = layout.temporaryPath("removed")
        do throws(SystemError) { try File.rename(path, to: target) } catch {
            if error.isNotFound { return nil }
            throw ImageError(error)
        }
        return target
    }
}

/// What one operation has leased. Ends with `finish`, whether the operation succeeded or not.
final class Ingest {
    let store: ImageStore
    let cancellation: Cancellation
    let progress: ImageProgressHandler?
    private var items: [String] = []
    private var temporary: [String] = []

    init(_ store: ImageStore, _ cancellation: Cancellation, _ progress: ImageProgressHandler?) {
        self.store = store
        self.cancellation = cancellation
        self.progress = progress
    }

    func lease(_ item: String) {
        store.lease(item)
        items.append(item)
    }

    /// A path below `tmp` that is removed at the end, whatever is there by then.
    func temporaryPath(_ kind: String) -> String {
        let path = store.layout.temporaryPath(kind)
        temporary.append(path)
        return path
    }

    private func finish() throws(ImageError) {
        let paths = temporary
        try mapping("remove") { () throws(SystemError) in for path in paths { try File.removeTree(path) } }
        try store.release(items)
    }

    /// Runs an operation; afterwards only what the index names is left of it.
    static func run<Value>(
        _ store: ImageStore, _ cancellation: Cancellation, _ progress: ImageProgressHandler?,
        _ body: (Ingest) throws(ImageError) -> Value
    ) throws(ImageError) -> Value {
        let ingest = Ingest(store, cancellation, progress)
        defer {
            // Whether it succeeded or not, that is what the caller must hear; what could not be removed now goes at the
            // next open.
            do throws(ImageError) { try ingest.finish() } catch {}
        }
        return try body(ingest)
    }
}
