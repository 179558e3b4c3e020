public import Linux

extension Mount {
    /// Unmounts once nobody uses it: a child that another thread is just starting holds copies of all our descriptors for a
    /// moment, and the mount is busy that long.
    public static func unmountWhenUnused(_ path: String) throws {
        try eventually("\(path) can be unmounted") {
            do throws(SystemError) {
                try unmount(path)
                return true
            } catch {
                guard error.isBusy else { throw error }
                return false
            }
        }
    }
}
