import Linux

/// Where the executables are that the engine starts: named on the command line, in QUELL_LIBEXEC, beside the daemon, or
/// in `../libexec/quell` of it.
struct Helpers: Sendable {
    let shim: String
    let unpack: String
    let registry: String

    init(shim: String?, unpack: String?, registry: String?) throws {
        let own = try File.readLink("/proc/self/exe")
        let directory = String(own[..<(own.lastIndex(of: "/") ?? own.startIndex)])
        let places = [Environment.variable("QUELL_LIBEXEC"), directory, "\(directory)/../libexec/quell"].compactMap {
            $0
        }
        self.shim = try Helpers.find("quell-shim", named: shim, in: places)
        self.unpack = try Helpers.find("quell-unpack", named: unpack, in: places)
        self.registry = try Helpers.find("quell-registry", named: registry, in: places)
    }

    private static func find(_ name: String, named: String?, in places: [String]) throws -> String {
        let candidates = named.map { [$0] } ?? places.map { "\($0)/\(name)" }
        guard let path = candidates.first(where: File.isExecutable) else {
            throw DaemonError("cannot find \(name): looked for \(candidates.joined(separator: ", "))")
        }
        return path
    }
}
