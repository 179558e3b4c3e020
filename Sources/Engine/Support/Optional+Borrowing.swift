extension Optional where Wrapped: ~Copyable {
    /// Lends what is held; nil when nothing is.
    mutating func borrow<Value, Failure: Error>(
        _ body: (borrowing Wrapped) throws(Failure) -> Value
    ) throws(Failure) -> Value? {
        guard let held = take() else { return nil }
        let result: Result<Value, Failure>
        do throws(Failure) { result = .success(try body(held)) } catch { result = .failure(error) }
        self = consume held
        return try result.get()
    }
}
