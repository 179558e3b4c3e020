import APITypes
import Lifecycle

extension LogConfiguration {
    /// From `--log-opt`, else the engine's defaults. Nil: the container's output is kept nowhere.
    static func make(_ log: LogConfig?, path: String, defaults: [String: String]) throws(EngineError)
        -> LogConfiguration?
    {
        if log?.type == "none" { return nil }
        let options = defaults.merging(log?.config ?? [:]) { $1 }
        var size: UInt64?
        if let text = options["max-size"], text != "-1" {
            guard let bytes = ByteSize.parse(text), bytes > 0 else {
                throw .invalid("invalid log-opt max-size: \"\(text)\" (expected such as 10m)")
            }
            size = bytes
        }
        var files: UInt32 = 1
        if let text = options["max-file"] {
            // Each rotation looks at every one of them.
            guard let count = UInt32(text), (1...1000).contains(count) else {
                throw .invalid("invalid log-opt max-file: \"\(text)\" must be from 1 to 1000")
            }
            files = count
        }
        return LogConfiguration(path: path, maximumSize: size, maximumFiles: files)
    }
}

/// Sizes such as `10m`, `64MB`, `1.5g`: powers of 1024, as Docker reads them.
enum ByteSize {
    static func parse(_ text: String) -> UInt64? {
        let lower = text.lowercased()
        let digits = lower.prefix { $0.isNumber || $0 == "." }
        var unit = lower.dropFirst(digits.count)
        if unit.hasSuffix("ib") { unit = unit.dropLast(2) } else if unit.hasSuffix("b") { unit = unit.dropLast() }
        guard let shift = ["": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50][String(unit)],
            let number = Double(digits),
            number.isFinite, number * Double(1 << shift) < 9e18
        else { return nil }
        return UInt64(number * Double(1 << shift))
    }
}
