import APITypes
import FoundationEssentials
import Images
import NIOHTTP1
import RegistryWire

/// A platform as a client asks for it: JSON (`{"os":"linux","architecture":"arm64"}`), or `os[/architecture[/variant]]`.
struct Platform: Hashable, CustomStringConvertible {
    let os: String
    let architecture: String?
    let variant: String?

    init(json text: String) throws(APIFailure) {
        let members: [String: String?]
        do { members = try JSONDecoder().decode(PlatformJSON.self, from: Data(text.utf8)).members } catch {
            throw APIFailure.invalid("failed to parse platform: \(text) is no JSON object of a platform")
        }
        guard let os = members["os"] ?? nil, !os.isEmpty, let architecture = members["architecture"] ?? nil,
            !architecture.isEmpty
        else { throw APIFailure.invalid("both OS and Architecture must be specified in platform: \(text)") }
        (self.os, self.architecture) = (os, architecture)
        variant = (members["variant"] ?? nil).flatMap { $0.isEmpty ? nil : $0 }
    }

    init(slashed text: String) throws(APIFailure) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count), !parts.contains("") else {
            throw APIFailure.invalid("invalid platform \"\(text)\": expected os[/architecture[/variant]]")
        }
        os = parts[0]
        (architecture, variant) = (parts.count > 1 ? parts[1] : nil, parts.count > 2 ? parts[2] : nil)
    }

    var description: String { [os, architecture, variant].compactMap(\.self).joined(separator: "/") }

    /// For the image store; nil where no architecture is named.
    var whole: RegistryPlatform? {
        architecture.map { RegistryPlatform(os: os, architecture: $0, variant: variant) }
    }

    /// What the image is made for; what it does not say fits everything.
    func fits(_ image: Image) -> Bool {
        func same(_ wanted: String?, _ own: String?) -> Bool {
            guard let wanted, let own, !own.isEmpty else { return true }
            return wanted == own
        }
        let own = image.configuration
        return same(os, own.os) && same(architecture, own.architecture) && same(variant, own.variant)
    }

    /// Throws 404 unless the image is for this platform.
    func check(_ image: Image, named name: String) throws(APIFailure) {
        guard !fits(image) else { return }
        throw APIFailure(
            .notFound,
            "image with reference \(name) was found but its platform (\(image.platform)) does not match the specified platform (\(self))"
        )
    }
}

private struct PlatformJSON: Decodable {
    let os: String?
    let architecture: String?
    let variant: String?
    var members: [String: String?] { ["os": os, "architecture": architecture, "variant": variant] }
}

extension Image {
    /// `linux/amd64`
    var platform: String {
        [configuration.os, configuration.architecture, configuration.variant].compactMap(\.self)
            .filter { !$0.isEmpty }.joined(separator: "/")
    }
}

extension Call {
    /// A parameter that is a platform in JSON; nil where it is missing, or the client older than the parameter.
    func platform(_ name: String = "platform", since minor: Int) throws -> Platform? {
        guard version >= APIVersion(minor: minor), let text = query.string(name) else { return nil }
        return try Platform(json: text)
    }
}
