import APITypes
import Images

/// A container's configuration with its image's worked in, by Docker's rules.
enum ConfigMerge {
    static func merged(
        _ wanted: ContainerConfig, _ image: ContainerDefaults?, _ host: HostConfig
    ) throws(EngineError) -> ContainerConfig {
        var config = wanted
        guard let image else { return config }
        if (config.user ?? "").isEmpty { config.user = image.user }
        if (config.workingDir ?? "").isEmpty { config.workingDir = image.workingDir }
        if (config.stopSignal ?? "").isEmpty { config.stopSignal = image.stopSignal }
        if config.stopTimeout == nil { config.stopTimeout = image.stopTimeout }
        config.env = Environment.merge(image.env ?? [], wanted.env ?? [])
        config.labels = (image.labels ?? [:]).merging(wanted.labels ?? [:]) { $1 }
        if (config.entrypoint ?? []).isEmpty {
            // An entrypoint of one's own, even an empty one ([""]), drops the image's command.
            if (config.cmd ?? []).isEmpty { config.cmd = image.cmd }
            if config.entrypoint == nil || config.entrypoint == [] { config.entrypoint = image.entrypoint }
        }
        for path in (image.volumes ?? [:]).keys {
            config.volumes = (config.volumes ?? [:]).merging([path: EmptyObject()]) { $1 }
        }
        for port in (image.exposedPorts ?? [:]).keys {
            config.exposedPorts = (config.exposedPorts ?? [:]).merging([port: EmptyObject()]) { $1 }
        }
        config.healthcheck = health(config.healthcheck, image.healthcheck)
        if config.shell == nil { config.shell = image.shell }
        return config
    }

    /// What is executed: entrypoint and command; `[""]` is an entrypoint that was taken away.
    static func command(_ config: ContainerConfig) throws(EngineError) -> [String] {
        let entrypoint = config.entrypoint == [""] ? [] : config.entrypoint ?? []
        let command = entrypoint + (config.cmd ?? [])
        guard let first = command.first else { throw .invalid("no command specified") }
        guard !first.isEmpty else { throw .invalid("the command is an empty string") }
        return command
    }

    private static func health(_ wanted: HealthConfig?, _ image: ContainerDefaults.Healthcheck?) -> HealthConfig? {
        guard let image else { return wanted }
        var merged = wanted ?? HealthConfig()
        if (merged.test ?? []).isEmpty { merged.test = image.test }
        if (merged.interval ?? 0) == 0 { merged.interval = image.interval.map { Int($0) } }
        if (merged.timeout ?? 0) == 0 { merged.timeout = image.timeout.map { Int($0) } }
        if (merged.startPeriod ?? 0) == 0 { merged.startPeriod = image.startPeriod.map { Int($0) } }
        if (merged.startInterval ?? 0) == 0 { merged.startInterval = image.startInterval.map { Int($0) } }
        if (merged.retries ?? 0) == 0 { merged.retries = image.retries }
        return merged
    }
}
