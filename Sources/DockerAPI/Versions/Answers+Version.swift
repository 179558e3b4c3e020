import APITypes

// Differences between versions of the API in what is answered, after "Engine API version history" of Docker.

extension SystemInfo {
    func shaped(for version: APIVersion) -> SystemInfo {
        var info = self
        info.cdiSpecDirs = version < APIVersion(minor: 44) ? nil : []
        if version < APIVersion(minor: 50) { (info.bridgeNfIptables, info.bridgeNfIp6tables) = (false, false) }
        if version < APIVersion(minor: 49) {
            info.containerdCommit.expected = containerdCommit.id
            info.runcCommit.expected = runcCommit.id
            info.initCommit.expected = initCommit.id
        }
        if version < APIVersion(minor: 25) { info.securityOptions = securityOptions.map(SystemInfo.bareName) }
        return info
    }

    /// `seccomp` of `name=seccomp,profile=…`
    private static func bareName(_ option: String) -> String {
        String(option.prefix { $0 != "," }.drop { $0 != "=" }.dropFirst())
    }
}

extension DiskUsage {
    func shaped(for version: APIVersion) -> DiskUsage {
        var usage = self
        if version < APIVersion(minor: 42) { usage.builderSize = 0 }
        if version < APIVersion(minor: 44) {
            for index in usage.images.indices { usage.images[index].virtualSize = usage.images[index].size }
        }
        return usage
    }
}

extension ImageSummary {
    func shaped(for version: APIVersion) -> ImageSummary {
        var summary = self
        if version < APIVersion(minor: 44) { summary.virtualSize = size }
        if version < APIVersion(minor: 43), repoTags.isEmpty, repoDigests.isEmpty {
            (summary.repoTags, summary.repoDigests) = (["<none>:<none>"], ["<none>@<none>"])
        }
        if version < APIVersion(minor: 51) { summary.containers = -1 }
        return summary
    }
}

extension ImageInspect {
    /// The first version whose images name no container.
    static let withoutContainer = APIVersion(minor: 45)

    func shaped(for version: APIVersion) -> ImageInspect {
        var image = self
        if version < APIVersion(minor: 44) {
            image.virtualSize = size
            if created == nil { image.created = Timestamp.never.description }
        }
        if version < APIVersion(minor: 50) { image.config.addMembersOfContainers() }
        if version < ImageInspect.withoutContainer {
            (image.container, image.containerConfig) = (container ?? "", containerConfig ?? image.config)
        }
        return image
    }
}

extension ImageConfig {
    fileprivate mutating func addMembersOfContainers() {
        (hostname, domainname, image) = ("", "", "")
        (attachStdin, attachStdout, attachStderr) = (false, false, false)
        (tty, openStdin, stdinOnce) = (false, false, false)
    }
}
