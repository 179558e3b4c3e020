import APITypes

/// What `docker logs --details` shows of each line: labels and variables that the log options `labels` and `env` name.
enum LogDetails {
    /// `key=value,…` sorted by key, each in percent encoding; empty where none is named.
    static func text(_ document: ContainerDocument) -> String {
        let options = document.host.logConfig?.config ?? [:]
        func names(_ option: String) -> [String] { (options[option] ?? "").split(separator: ",").map(String.init) }
        var found: [String: String] = [:]
        for name in names("labels") { found[name] = document.config.labels?[name] }
        let variables = names("env")
        for entry in document.config.env ?? [] {
            let halves = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if variables.contains(halves[0]) { found[halves[0]] = halves.count == 2 ? halves[1] : "" }
        }
        return found.sorted { $0.key < $1.key }.map { "\(encoded($0.key))=\(encoded($0.value))" }.joined(separator: ",")
    }

    /// As in a query: a blank is a plus sign.
    private static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: " "): result += "+"
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0" + digits : "%" + digits
            }
        }
        return result
    }
}
