import Linux
import Synchronization

extension ImageStore {
    /// Points a name to an image; a name that pointed elsewhere moves.
    public func tag(_ name: ImageName, as reference: String) async throws(ImageError) {
        let reference = try ImageReference(reference)
        guard reference.digest == nil else { throw .invalid("refusing to create a tag with a digest reference") }
        try await onOwnThread { (_) throws(ImageError) in
            try self.change { (state) throws(ImageError) in
                let record = try state.record(name)
                state.name(record.id, reference, at: WallTime.now().seconds)
            }
        }
    }

    /// Docker's `rmi`. A reference is untagged, and its image deleted when that was the last one; an id deletes the
    /// image. Conflicts: an id with names in several repositories or used by a stopped container (unless `force`); a
    /// running container (always for an id, and for the last name unless `force`). An image that a container uses is
    /// only untagged, never deleted: its layers are the container's too. With a deleted image go those it was made of, as
    /// far as nothing else needs them, unless `keepingParents`.
    public func remove(
        _ name: ImageName, force: Bool = false, keepingParents: Bool = false, uses: [ImageUse]
    ) async throws(ImageError) -> [ImageRemoval] {
        try await onOwnThread { (_) throws(ImageError) in
            let (removals, records) = try self.change { (state) throws(ImageError) in
                var (removals, records) = try state.remove(name, force: force, uses: uses)
                if !keepingParents, let record = records.first {
                    state.deleteParents(of: record, keeping: Set(uses.map(\.image)), &removals, &records)
                }
                return (removals, records)
            }
            for record in records { try self.removeUnneeded(record.items) }
            return removals
        }
    }

    /// Dangling images, or with `all` every image that no container uses.
    public func prune(_ filters: ImageFilters = .init(), all: Bool = false, uses: [ImageUse]) async throws(ImageError)
        -> ImagePrune
    {
        try await onOwnThread { (cancellation) throws(ImageError) in
            var filters = filters
            if !all { (filters.dangling, filters.hidesParents) = (true, true) }
            let used = Set(uses.map(\.image))
            let (removals, records, reclaimed) = try self.change { (state) throws(ImageError) in
                try state.prune(filters, keeping: used)
            }
            for record in records { try self.removeUnneeded(record.items) }
            // They have no labels to go by.
            let chosenByLabel = !filters.labels.isEmpty || !filters.excludedLabels.isEmpty
            let remains = chosenByLabel ? 0 : try self.removeRemains(before: filters.until)
            return ImagePrune(removals: removals, reclaimed: reclaimed + remains)
        }
    }

    /// What pulls that broke off have left for the next try, and no pull under way continues.
    /// - Returns: the bytes of it.
    private func removeRemains(before until: Int64?) throws(ImageError) -> Int64 {
        var (bytes, doomed) = (Int64(0), [String]())
        try mapping("remove what pulls have left") { () throws(SystemError) in
            for entry in try File.list(layout.ingest) {
                let path = layout.ingest + "/" + entry.name
                guard let status = try File.status(of: path, following: false),
                    until.map({ status.modified.seconds < $0 }) ?? true
                else { continue }
                // Renamed away while no pull can begin to fetch it; deleted afterwards, which may take long.
                let trash = layout.trash + "/remains-" + entry.name
                let isMine = try fetching.withLock { (fetching) throws(SystemError) -> Bool in
                    let digest = Digest("sha256:" + entry.name.prefix { $0 != "." })
                    guard digest.map({ fetching[$0] == nil }) ?? true else { return false }
                    try File.rename(path, to: trash)
                    return true
                }
                guard isMine else { continue }
                bytes += Int64(status.size)
                doomed.append(trash)
            }
            for path in doomed { try File.removeTree(path) }
        }
        return bytes
    }
}

extension StoreState.Record {
    /// As in `StoreState.used`.
    var items: [String] {
        layers.flatMap { ["blobs/" + $0.blob.hex, "layers/" + $0.chainID.hex] }
            + ["blobs/" + manifest.digest.hex, "blobs/" + id.hex]
    }
}

extension StoreState {
    typealias Removal = (removals: [ImageRemoval], deleted: [Record])

    mutating func remove(_ name: ImageName, force: Bool, uses: [ImageUse]) throws(ImageError) -> Removal {
        let record = try record(name)
        let uses = uses.filter { $0.image == record.id }
        if let reference = namedReference(name, record) {
            return try removeReference(reference, record, force, uses, name)
        }
        return try removeImage(record, force, uses)
    }

    /// The entry `name` stands for; nil if it is an id.
    func namedReference(_ name: ImageName, _ record: Record) -> ImageReference? {
        // An id may be no possible name at all: `sha256:…`.
        guard let reference = try? ImageReference(name), references[reference] == record.id else { return nil }
        return reference
    }

    private mutating func removeReference(
        _ reference: ImageReference, _ record: Record, _ force: Bool, _ uses: [ImageUse], _ name: String
    ) throws(ImageError) -> Removal {
        let doomed = [reference] + (reference.tag == nil ? [] : digestsAlone(in: reference))
        let isLast = references.allSatisfy { $0.value != record.id || doomed.contains($0.key) }
        if isLast, !force, let use = uses.first {
            throw .conflict(
                "conflict: unable to remove repository reference \"\(name)\" (must force) - container \(use.label) is using"
                    + " its referenced image \(record.id.short)")
        }
        for name in doomed { references[name] = nil }
        let untagged = doomed.map { ImageRemoval.untagged($0.familiar) }
        guard isLast, uses.isEmpty else { return (untagged, []) }
        return (delete(record, after: untagged), [record])
    }

    /// As Docker: with the last tag of a repository go its digests of the same image.
    private func digestsAlone(in reference: ImageReference) -> [ImageReference] {
        let id = references[reference]
        let same = references.filter { name, image in
            image == id && name != reference && name.registry == reference.registry
                && name.repository == reference.repository
        }.map(\.key)
        return same.contains { $0.tag != nil } ? [] : same.sorted()
    }

    private mutating func removeImage(_ record: Record, _ force: Bool, _ uses: [ImageUse]) throws(ImageError) -> Removal
    {
        let names = references.filter { $0.value == record.id }.map(\.key).sorted()
        let conflict = "conflict: unable to delete \(record.id.short)"
        if let use = uses.first(where: \.isRunning) {
            throw .conflict("\(conflict) (cannot be forced) - image is being used by running container \(use.label)")
        }
        if !force, Set(names.filter { $0.digest == nil }.map(\.familiarName)).count > 1 {
            throw .conflict("\(conflict) (must be forced) - image is referenced in multiple repositories")
        }
        if !force, let use = uses.first {
            throw .conflict("\(conflict) (must be forced) - image is being used by stopped container \(use.label)")
        }
        for name in names { references[name] = nil }
        let untagged = names.map { ImageRemoval.untagged($0.familiar) }
        guard uses.isEmpty else { return (untagged, []) }
        return (delete(record, after: untagged), [record])
    }

    /// Docker's lines: the image, then each layer that goes with it, uppermost first.
    private mutating func delete(_ record: Record, after removals: [ImageRemoval]) -> [ImageRemoval] {
        records[record.id] = nil
        for id in records.keys where records[id]?.parent == record.id { records[id]?.parent = nil }
        let used = used
        let layers = record.layers.reversed().map(\.chainID).filter { !used.contains("layers/" + $0.hex) }
        return removals + [.deleted(record.id.description)] + layers.map { .deleted($0.description) }
    }

    /// The images that a deleted one was made of, nearest first: those without names, children and containers.
    mutating func deleteParents(
        of child: Record, keeping used: Set<Digest>, _ removals: inout [ImageRemoval], _ deleted: inout [Record]
    ) {
        var next = child.parent
        while let id = next, let record = records[id], !used.contains(id), !references.values.contains(id),
            !records.values.contains(where: { $0.parent == id })
        {
            removals = delete(record, after: removals)
            deleted.append(record)
            next = record.parent
        }
    }

    mutating func prune(_ filters: ImageFilters, keeping used: Set<Digest>) throws(ImageError) -> (
        removals: [ImageRemoval], records: [Record], reclaimed: Int64
    ) {
        var removals: [ImageRemoval] = []
        var gone: [Record] = []
        for image in try filters.apply(to: self) where !used.contains(image.id) {
            guard let record = records[image.id] else { continue }
            let names = image.tags + image.digests
            for name in names { references[name] = nil }
            removals += delete(record, after: names.map { .untagged($0.familiar) })
            gone.append(record)
            deleteParents(of: record, keeping: used, &removals, &gone)
        }
        return (removals, gone, reclaimed(from: gone))
    }

    /// Bytes of layers and blobs that only the deleted images had.
    private func reclaimed(from gone: [Record]) -> Int64 {
        let used = used
        var sizes: [String: Int64] = [:]
        for layer in gone.flatMap(\.layers) {
            sizes["layers/" + layer.chainID.hex] = layer.size
            sizes["blobs/" + layer.blob.hex] = layer.blobSize
        }
        return sizes.filter { !used.contains($0.key) }.reduce(0) { $0 + $1.value }
    }
}

extension ImageUse {
    /// As Docker names containers in conflicts.
    var label: String { containerName.isEmpty ? String(containerID.prefix(12)) : containerName }
}
