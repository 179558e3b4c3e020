internal import APITypes
internal import FoundationEssentials

/// Filters of lists, events and prunes: a key with its alternatives.
public typealias Filters = [String: [String]]

extension [(name: String, value: String)] {
    /// Parameters that are nil are left out.
    init(_ parameters: KeyValuePairs<String, String?>) {
        self = parameters.compactMap { name, value in value.map { (name: name, value: $0) } }
    }
}

extension Filters {
    /// As the `filters` parameter has it; nil when there is none.
    func encoded() throws -> String? {
        isEmpty ? nil : String(decoding: try DockerJSON.encode(self), as: UTF8.self)
    }
}

extension Bool {
    /// For parameters that are only given when set.
    var ifTrue: String? { self ? "1" : nil }
}

extension Request.Body {
    static func encoding(_ value: some Encodable) throws -> Request.Body { .json(Array(try DockerJSON.encode(value))) }
}
