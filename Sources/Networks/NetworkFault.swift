/// What is wrong with a network that somebody asked for. The description names the input, and what to do.
public struct NetworkFault: Error, Hashable, CustomStringConvertible {
    public var description: String
    public init(_ description: String) { self.description = description }
}
