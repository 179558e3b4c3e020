import APITypes
import Engine

// Differences between versions of the API in what clients ask for, after "Engine API version history" of Docker.

extension ContainerCreateRequest {
    /// As a client of this version means it: what came into the API later does not exist for it, and defaults are those
    /// of its time.
    mutating func shape(for version: APIVersion) throws(APIFailure) {
        if version < APIVersion(minor: 44) { try shapeNetworks() }
        if version < APIVersion(minor: 44) { config.healthcheck?.startInterval = nil }
        var host = hostConfig ?? HostConfig()
        if version < APIVersion(minor: 25) { host.autoRemove = false }
        if version < APIVersion(minor: 40) {
            host.kernelMemoryTCP = nil
            if (host.ipcMode ?? "").isEmpty { host.ipcMode = "shareable" }
        }
        if version < APIVersion(minor: 42) { host.consoleSize = nil }
        if version < APIVersion(minor: 43) { host.annotations = nil }
        var mounts: [Mount] = []
        for mount in host.mounts ?? [] { mounts.append(try mount.shaped(for: version)) }
        if host.mounts != nil { host.mounts = mounts }
        hostConfig = host
    }

    private mutating func shapeNetworks() throws(APIFailure) {
        guard var endpoints = networkingConfig?.endpointsConfig else { return }
        guard endpoints.count <= 1 else {
            throw APIFailure.invalid("Container cannot be created with multiple network endpoints before API v1.44")
        }
        for name in endpoints.keys { endpoints[name]?.macAddress = nil }
        networkingConfig?.endpointsConfig = endpoints
    }
}

extension Mount {
    fileprivate func shaped(for version: APIVersion) throws(APIFailure) -> Mount {
        var mount = self
        if version < APIVersion(minor: 40) { mount.bindOptions?.nonRecursive = nil }
        if version < APIVersion(minor: 42) {
            mount.bindOptions?.createMountpoint = nil
            // Options of another type of mount were overlooked.
            if type != "bind" { mount.bindOptions = nil }
            if type != "volume" { mount.volumeOptions = nil }
            if type != "tmpfs" { mount.tmpfsOptions = nil }
        }
        if version < APIVersion(minor: 44) {
            mount.bindOptions?.readOnlyForceRecursive = nil
            if type == "bind", readOnly {
                // What is mounted below a read-only bind could be written to.
                mount.bindOptions = mount.bindOptions ?? BindOptions()
                mount.bindOptions?.readOnlyNonRecursive = true
            }
        }
        if version < APIVersion(minor: 45), !(volumeOptions?.subpath ?? "").isEmpty {
            throw APIFailure.invalid("VolumeOptions.Subpath needs API v1.45 or newer")
        }
        if version < APIVersion(minor: 46) { mount.tmpfsOptions?.options = nil }
        if version < APIVersion(minor: 48), type == "image" {
            throw APIFailure.invalid("Mount type \"image\" needs API v1.48 or newer")
        }
        return mount
    }
}

extension ContainerUpdateRequest {
    mutating func shape(for version: APIVersion) {
        if version < APIVersion(minor: 40) { (pidsLimit, kernelMemoryTCP) = (nil, nil) }
    }
}

extension Call {
    /// Docker's `type` of `GET /system/df`: everything where it is not given, or the client is too old to know it.
    func usageKinds() throws -> Set<UsageKind> {
        let words = query.all("type")
        guard version >= APIVersion(minor: 42), !words.isEmpty else { return Set(UsageKind.allCases) }
        return Set(
            try words.map { word in
                guard let kind = UsageKind(rawValue: word) else {
                    throw APIFailure.invalid("unknown object type: \(word)")
                }
                return kind
            })
    }
}
