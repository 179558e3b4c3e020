import Linux

extension HostFacts {
    static func read(_ cgroups: CgroupHost) throws(SystemError) -> HostFacts {
        let kernel = try Host.kernel()
        let numbers = kernel.release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        let status = String(decoding: try File.read("/proc/self/status"), as: UTF8.self)
        let effective = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        let mask = effective.flatMap { UInt64($0.dropFirst(7).filter(\.isHexDigit), radix: 16) } ?? 0
        let score = String(decoding: try File.read("/proc/self/oom_score_adj"), as: UTF8.self)
        let swapFile =
            switch cgroups.layout {
            case .unified: nil as String?
            case .hybrid, .legacy: cgroups.controllers[.memory].map { $0 + "/memory.memsw.limit_in_bytes" }
            }
        var limitsSwap = cgroups.layout == .unified
        if let swapFile { limitsSwap = try File.status(of: swapFile) != nil }
        return HostFacts(
            machine: kernel.machine, kernelMajor: numbers.first ?? 0, kernelMinor: numbers.dropFirst().first ?? 0,
            kernelRelease: kernel.release, capabilities: mask, openFilesHard: try ProcessSelf.raiseDescriptorLimit(),
            oomScoreAdjust: Int(score.trimmingWhitespace) ?? 0, limitsSwap: limitsSwap,
            isUnified: cgroups.layout == .unified, processors: Host.processors,
            memoryBytes: try Host.memory().totalBytes)
    }
}

extension String {
    /// Without white space at either end.
    var trimmingWhitespace: String {
        var text = Substring(self)
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
