/// An archive that is none: where it stops to be.
struct TarFault: Error, Hashable, CustomStringConvertible {
    let fault: String
    init(_ fault: String) { self.fault = fault }
    var description: String { "damaged tar archive: \(fault)" }
}

/// Reads a tar archive in pieces that may be cut anywhere.
struct TarParser: Sendable {
    enum Event: Hashable, Sendable {
        case entry(TarHeader)
        /// Content of the entry before; `size` bytes in all.
        case content([UInt8])
    }

    private enum State: Hashable {
        case header
        /// Content and padding that are to come; `kept` is set for headers that describe the next entry.
        case content(remaining: Int, padding: Int, meta: UInt8?)
        case ended
    }

    private var state = State.header
    private var buffer: [UInt8] = []
    private var extended: [String: String] = [:]
    private static let metaLimit = 1 << 20

    /// The archive is whole.
    var isComplete: Bool { state == .ended || (state == .header && buffer.isEmpty) }

    mutating func consume(_ bytes: [UInt8]) throws(TarFault) -> [Event] {
        var events: [Event] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            switch state {
            case .ended: return events
            case .header:
                guard let block = fill(TarHeader.block, &rest) else { return events }
                try open(block, &events)
            case .content(let remaining, let padding, let meta):
                if let meta {
                    guard let content = fill(remaining + padding, &rest) else { return events }
                    try keep(Array(content[..<remaining]), meta)
                    state = .header
                } else {
                    pass(remaining, padding, &rest, &events)
                }
            }
        }
        return events
    }

    /// So many bytes, once they are there.
    private mutating func fill(_ count: Int, _ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        let part = rest.prefix(count - buffer.count)
        buffer += part
        rest = rest.dropFirst(part.count)
        guard buffer.count == count else { return nil }
        defer { buffer.removeAll(keepingCapacity: true) }
        return buffer
    }

    private mutating func pass(
        _ remaining: Int, _ padding: Int, _ rest: inout ArraySlice<UInt8>, _ events: inout [Event]
    ) {
        let part = rest.prefix(remaining)
        rest = rest.dropFirst(part.count)
        if !part.isEmpty { events.append(.content(Array(part))) }
        let left = remaining - part.count
        let skipped = left == 0 ? min(padding, rest.count) : 0
        rest = rest.dropFirst(skipped)
        let done = left == 0 && skipped == padding
        state = done ? .header : .content(remaining: left, padding: padding - skipped, meta: nil)
    }

    private mutating func open(_ block: [UInt8], _ events: inout [Event]) throws(TarFault) {
        if block.allSatisfy({ $0 == 0 }) {
            state = .ended
            return
        }
        try TarParser.checkSum(block)
        let type = block[156]
        let stored = try TarParser.number(block, 124, 12)
        let size = extended["size"].flatMap { Int($0) } ?? stored
        guard size >= 0, size < 1 << 60 else { throw TarFault("a size of \(size)") }
        if "xgLK".utf8.contains(type) {
            guard size <= TarParser.metaLimit else { throw TarFault("a header of \(size) bytes") }
            state = .content(remaining: size, padding: TarHeader.padding(size), meta: type)
            if size == 0 { state = .header }
            return
        }
        let header = try header(block, type, size)
        extended = [:]
        events.append(.entry(header))
        let content = header.kind == .file ? size : 0
        if content > 0 { state = .content(remaining: content, padding: TarHeader.padding(content), meta: nil) }
    }

    private func header(_ block: [UInt8], _ type: UInt8, _ size: Int) throws(TarFault) -> TarHeader {
        var name = TarParser.text(block, 0, 100)
        let prefix =
            TarParser.text(block, 257, 5) == "ustar" && block[263] == 0x30 ? TarParser.text(block, 345, 155) : ""
        if !prefix.isEmpty { name = prefix + "/" + name }
        name = extended["path"] ?? name
        let link = extended["linkpath"] ?? TarParser.text(block, 157, 100)
        let kind: TarHeader.Kind
        switch type {
        case UInt8(ascii: "1"): kind = .hardLink(to: link)
        case UInt8(ascii: "2"): kind = .symbolicLink(to: link)
        case UInt8(ascii: "3"), UInt8(ascii: "4"): kind = .device
        case UInt8(ascii: "5"): kind = .directory
        case UInt8(ascii: "6"): kind = .fifo
        // Old archives mark directories by a slash at the end of the name.
        default: kind = name.hasSuffix("/") ? .directory : .file
        }
        let stored = Int64(try TarParser.number(block, 136, 12))
        let time = extended["mtime"].flatMap { Double($0) }.flatMap { Int64(exactly: $0.rounded(.down)) }
        return TarHeader(
            name: name, kind: kind, mode: UInt32(truncatingIfNeeded: try TarParser.number(block, 100, 8)) & 0o7777,
            uid: try owner("uid", block, 108), gid: try owner("gid", block, 116), size: kind == .file ? size : 0,
            modified: time ?? stored)
    }

    private func owner(_ key: String, _ block: [UInt8], _ offset: Int) throws(TarFault) -> UInt32 {
        if let text = extended[key], let number = UInt32(text) { return number }
        return UInt32(truncatingIfNeeded: try TarParser.number(block, offset, 8))
    }

    /// Names and numbers for the next entry.
    private mutating func keep(_ content: [UInt8], _ type: UInt8) throws(TarFault) {
        switch type {
        case UInt8(ascii: "L"): extended["path"] = TarParser.text(content, 0, content.count)
        case UInt8(ascii: "K"): extended["linkpath"] = TarParser.text(content, 0, content.count)
        // Global headers carry comments at most in what engines write.
        case UInt8(ascii: "g"): break
        default: try keepRecords(content)
        }
    }

    private mutating func keepRecords(_ content: [UInt8]) throws(TarFault) {
        var rest = content[...]
        while !rest.isEmpty, rest.first != 0 {
            guard let space = rest.firstIndex(of: 0x20),
                let length = Int(String(decoding: rest[..<space], as: UTF8.self)), length <= rest.count,
                rest.startIndex + length > space
            else { throw TarFault("a pax record without length") }
            let record = rest[(space + 1)..<(rest.startIndex + length)]
            rest = rest.dropFirst(length)
            guard let equals = record.firstIndex(of: 0x3D), record.last == 0x0A else {
                throw TarFault("a pax record without =")
            }
            extended[String(decoding: record[..<equals], as: UTF8.self)] =
                String(decoding: record[(equals + 1)...].dropLast(), as: UTF8.self)
        }
    }

    private static func text(_ block: [UInt8], _ offset: Int, _ width: Int) -> String {
        String(decoding: block[offset..<(offset + width)].prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Octal digits, or GNU's binary form for large numbers.
    private static func number(_ block: [UInt8], _ offset: Int, _ width: Int) throws(TarFault) -> Int {
        let field = block[offset..<(offset + width)]
        if field[offset] & 0x80 != 0 {
            return field.dropFirst().suffix(7).reduce(0) { $0 << 8 | Int($1) }
        }
        let digits = field.filter { $0 != 0 && $0 != 0x20 }
        guard let number = digits.isEmpty ? 0 : Int(String(decoding: digits, as: UTF8.self), radix: 8) else {
            throw TarFault("a number that is not octal")
        }
        return number
    }

    private static func checkSum(_ block: [UInt8]) throws(TarFault) {
        let stored = try number(block, 148, 8)
        let sum = block.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 0x20 : Int($1.element)) }
        guard sum == stored else { throw TarFault("a header whose checksum is wrong") }
    }
}
