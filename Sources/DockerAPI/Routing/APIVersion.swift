import NIOHTTP1

/// A version of the Docker Engine API, `1.minor`.
struct APIVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    let minor: Int

    static let oldest = APIVersion(minor: 24)
    static let newest = APIVersion(minor: 51)

    var description: String { "1.\(minor)" }

    static func < (left: APIVersion, right: APIVersion) -> Bool { left.minor < right.minor }

    /// The first segment of a versioned path: `v1.41`; nil where it is something else.
    init?(segment: some StringProtocol) {
        guard segment.hasPrefix("v"), let dot = segment.firstIndex(of: "."),
            let major = Int(segment[segment.index(after: segment.startIndex)..<dot]),
            let minor = Int(segment[segment.index(after: dot)...]), major >= 0, minor >= 0
        else { return nil }
        // Only the first major version exists; another one compares as what it is, older or newer than all.
        self.init(minor: major == 1 ? minor : major < 1 ? -1 : .max)
    }

    init(minor: Int) { self.minor = minor }

    /// Throws what Docker says to a client that is too old or too new.
    func check(asWritten text: some StringProtocol) throws(APIFailure) {
        let written = text.dropFirst()
        if self < .oldest {
            throw APIFailure(
                .badRequest,
                "client version \(written) is too old. Minimum supported API version is \(APIVersion.oldest), "
                    + "please upgrade your client to a newer version")
        }
        if self > .newest {
            throw APIFailure(
                .badRequest,
                "client version \(written) is too new. Maximum supported API version is \(APIVersion.newest)")
        }
    }
}
