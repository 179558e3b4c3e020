import Linux
import Synchronization

extension ImageStore {
    /// Makes the container's directories (`upper work rootfs`, or `rootfs` alone for a copy) if missing and says what
    /// to mount. Asking again for the same container gives the same answer.
    public func rootfs(for image: Digest, container directory: String) async throws(ImageError) -> RootfsMount {
        let image = try self.image(image.description)
        return try await onOwnThread { (cancellation) throws(ImageError) in
            let lower = image.layers.reversed().map { self.layout.tree($0.chainID) }
            guard try self.usesOverlay(directory, cancellation) else {
                try mapping { () throws(SystemError) in try File.makeDirectories(directory + "/rootfs") }
                return .copy(RootfsCopy(lowerDirectories: lower, target: directory + "/rootfs"))
            }
            return .overlay(try self.overlay(image, lower, directory))
        }
    }

    /// Where the layers of an image are unpacked, lowest first.
    public func layerTrees(of image: Image) -> [String] { image.layers.map { layout.tree($0.chainID) } }

    /// Carries out a ``RootfsMount/copy(_:)``, once, at create.
    public func copyRootfs(_ copy: RootfsCopy, progress: ImageProgressHandler? = nil) async throws(ImageError) {
        try await onOwnThread { (cancellation) throws(ImageError) in
            let total = Int64(copy.lowerDirectories.count)
            for (index, layer) in copy.lowerDirectories.reversed().enumerated() {
                progress?(
                    ImageProgress(phase: .extracting, id: "root file system", current: Int64(index), total: total))
                try self.applyLayer(layer, to: copy.target, cancellation)
            }
            progress?(ImageProgress(phase: .complete, id: "root file system", current: total, total: total))
        }
    }

    /// Whether the root file systems of new containers below `parent` are overlays, and no copies. `scratch`: a directory on
    /// the same file system, for a try where it is not known yet.
    public func usesOverlay(below parent: String, scratch: String) async throws(ImageError) -> Bool {
        let key = parent.split(separator: "/").joined(separator: "/")
        if let known = overlaySupport.withLock({ $0[key] }) { return known }
        return try await onOwnThread { (cancellation) throws(ImageError) in
            let works = try self.probeOverlay(scratch, cancellation)
            self.overlaySupport.withLock { $0[key] = works }
            return works
        }
    }

    /// The same where it is known from before; nothing is tried, and no disk is touched.
    public func knowsOverlay(below parent: String) -> Bool? {
        overlaySupport.withLock { known in
            // Asked with every look at a container that was never started: remembered as it is asked, too.
            if let answer = known[parent] { return answer }
            let answer = known[parent.split(separator: "/").joined(separator: "/")]
            known[parent] = answer
            return answer
        }
    }

    /// What was decided for this container, or else what its file system can do.
    private func usesOverlay(_ directory: String, _ cancellation: Cancellation) throws(ImageError) -> Bool {
        let decided = try mapping { () throws(SystemError) -> Bool? in
            if try File.status(of: directory + "/upper") != nil { return true }
            return try File.status(of: directory + "/rootfs") != nil ? false : nil
        }
        if let decided { return decided }
        try mapping { () throws(SystemError) in try File.makeDirectories(directory) }
        // By file system: one answer for all containers beside each other.
        let parent = directory.split(separator: "/").dropLast().joined(separator: "/")
        if let known = overlaySupport.withLock({ $0[parent] }) { return known }
        let works = try probeOverlay(directory, cancellation)
        overlaySupport.withLock { $0[parent] = works }
        return works
    }

    private func probeOverlay(_ directory: String, _ cancellation: Cancellation) throws(ImageError) -> Bool {
        let scratch = directory + "/probe-" + lowerHex((0..<4).map { _ in UInt8.random(in: 0...255) })
        try mapping { () throws(SystemError) in try File.makeDirectory(scratch, mode: 0o700) }
        let job = HelperJob(
            helper: configuration.helper, arguments: ["probe", scratch], archive: scratch, cancellation: cancellation)
        var failure: ImageError?
        do throws(ImageError) { _ = try job.run() } catch { failure = error }
        try mapping { () throws(SystemError) in try File.removeTree(scratch) }
        switch failure {
        case nil: return true
        case .system(_, _, let errno)? where errno != 0: return false  // the kernel, or the file system, cannot
        case let other?: throw other
        }
    }

    private func overlay(_ image: Image, _ lower: [String], _ directory: String) throws(ImageError) -> OverlayMount {
        let (upper, work, target) = (directory + "/upper", directory + "/work", directory + "/rootfs")
        var lower = lower
        try mapping { () throws(SystemError) in
            for path in [work, target] { try File.makeDirectories(path) }
            if lower.isEmpty {  // an image without layers
                lower = [layout.root + "/empty"]
                try File.makeDirectories(lower[0])
            }
            if try File.status(of: upper) == nil { try makeUpper(upper, like: lower[0]) }
        }
        let fixed = (["upperdir=" + escaped(upper), "workdir=" + escaped(work)] + OverlayMount.settings)
            .joined(separator: ",")
        let direct = "lowerdir=" + lower.map { escaped($0) }.joined(separator: ":") + "," + fixed
        if direct.utf8.count < 4096 {
            return OverlayMount(
                lowerDirectories: lower, upperDirectory: upper, workDirectory: work, target: target, source: "overlay",
                options: direct, workingDirectory: nil, links: [])
        }
        let links = try image.layers.reversed().map { (layer) throws(ImageError) in try shortLink(layer.chainID) }
        return OverlayMount(
            lowerDirectories: lower, upperDirectory: upper, workDirectory: work, target: target, source: "overlay",
            options: "lowerdir=" + links.joined(separator: ":") + "," + fixed, workingDirectory: layout.links,
            links: links)
    }

    /// The merged root shows owner and mode of the upper directory: they must be the image's.
    private func makeUpper(_ path: String, like lower: String) throws(SystemError) {
        let status = try File.status(of: lower)
        let temporary = path + ".new"
        try File.makeDirectories(temporary)
        if let status {
            try File.setOwner(uid: status.uid, gid: status.gid, of: temporary)
            try File.setMode(status.mode & 0o7777, of: temporary)
        }
        try File.rename(temporary, to: path)
    }

    /// A symbolic link with a short name to the unpacked layer; made once.
    private func shortLink(_ chain: Digest) throws(ImageError) -> String {
        let target = "../layers/\(chain.hex)/diff"
        for length in 8...64 {
            let name = String(chain.hex.prefix(length))
            let path = layout.links + "/" + name
            do throws(SystemError) {
                try File.makeLink(path, to: target)
                return name
            } catch {
                guard error.isAlreadyThere else { throw ImageError(error) }
            }
            let found = try mapping { () throws(SystemError) in try File.readLink(path) }
            if found == target { return name }
        }
        throw .damaged("\(layout.links): every name for layer \(chain.hex) is taken")
    }

    /// Whiteouts of the layer are carried out on what is there.
    private func applyLayer(_ layer: String, to target: String, _ cancellation: Cancellation) throws(ImageError) {
        try Ingest.run(self, cancellation, nil) { (ingest) throws(ImageError) in
            let file = try BlobFile(creating: ingest.temporaryPath("copy"))
            _ = try HelperJob(
                helper: configuration.helper, arguments: ["pack", "--layer", "--exact-times", layer], archive: layer,
                cancellation: cancellation
            ).run(onOutput: { (bytes) throws(ImageError) in try file.append(bytes) })
            _ = try HelperJob(
                helper: configuration.helper, arguments: ["unpack", "--whiteouts=apply", target], archive: layer,
                cancellation: cancellation
            ).run(input: try ArchiveInput(path: file.path, name: layer))
        }
    }
}

/// Commas and colons mean something in overlayfs' options.
private func escaped(_ path: String) -> String {
    var text = ""
    for character in path {
        if character == ":" || character == "," || character == "\\" { text.append("\\") }
        text.append(character)
    }
    return text
}
