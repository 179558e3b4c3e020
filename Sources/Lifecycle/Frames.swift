/// Cuts a byte stream into frames: a `UInt32` length, little endian, then that many bytes.
public struct FrameReader: Sendable {
    /// The largest frame either side sends: an exec's process document with a large environment fits many times.
    public static let limit = 4 << 20
    private var pending: [UInt8] = []
    private var position = 0

    public init() {}

    public mutating func append(_ bytes: ArraySlice<UInt8>) {
        if position > 0 && position == pending.count { (pending, position) = ([], 0) }
        pending.append(contentsOf: bytes)
    }

    /// The next whole frame's content, or nil until more bytes come. Throws `oversized` above the limit.
    public mutating func next() throws(WireError) -> [UInt8]? {
        guard pending.count - position >= 4 else { return nil }
        var reader = WireReader(pending[position...])
        let length = Int(try reader.integer(UInt32.self))
        guard length <= FrameReader.limit else { throw .oversized(length) }
        guard pending.count - position - 4 >= length else { return nil }
        defer {
            position += 4 + length
            if position > 1 << 16 {
                pending.removeFirst(position)
                position = 0
            }
        }
        return Array(pending[position + 4..<position + 4 + length])
    }
}

extension WireCodable {
    /// The value as one frame, length included.
    public var frame: [UInt8] {
        let content = wireBytes
        var writer = WireWriter()
        writer.write(UInt32(content.count))
        return writer.bytes + content
    }
}
