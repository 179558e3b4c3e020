import Linux

func errorText(_ errno: Int32) -> String { SystemError.text(of: errno) }

extension ImageError {
    /// ENOSPC and EDQUOT are `.noSpace`, whatever was being done.
    init(_ error: SystemError, doing operation: String? = nil) {
        let subject = error.subject.isEmpty ? "" : " " + error.subject
        if [28, 122].contains(error.errno) {
            self = .noSpace("\(operation ?? error.call)\(subject): \(SystemError.text(of: error.errno))")
        } else {
            self = .system(operation: operation ?? error.call, subject: error.subject, errno: error.errno)
        }
    }
}

/// Runs calls of the kernel layer; their errors become the store's.
@discardableResult
func mapping<Value: ~Copyable>(_ operation: String? = nil, _ body: () throws(SystemError) -> Value) throws(ImageError)
    -> Value
{
    do throws(SystemError) { return try body() } catch { throw ImageError(error, doing: operation) }
}
