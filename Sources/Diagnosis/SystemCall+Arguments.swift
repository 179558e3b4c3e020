// What the arguments of a call mean. Only those that name a file matter here.

extension SystemCall {
    /// The call's argument that is a descriptor it works on.
    var descriptorArgument: Int32? {
        guard let name, let index = SystemCall.descriptorIndex[name], arguments.indices.contains(index) else {
            return nil
        }
        let value = Int32(truncatingIfNeeded: arguments[index])
        return value >= 0 ? value : nil
    }

    /// Where the text of the path it works on lies, and the descriptor of the directory that a relative one starts from; nil
    /// for that: the working directory.
    var pathArgument: (address: UInt64, directory: Int32?)? {
        guard let name, let place = SystemCall.pathPlaces[name], arguments.indices.contains(place.path) else {
            return nil
        }
        let address = arguments[place.path]
        guard address != 0 else { return nil }
        let directory = place.directory.map { Int32(truncatingIfNeeded: arguments[$0]) }
        return (address, directory.flatMap { $0 >= 0 ? $0 : nil })
    }

    /// It is about a device itself.
    var isDeviceControl: Bool { name == "ioctl" }
    /// The parent of a vfork waits in one of these.
    var isFork: Bool { ["vfork", "clone", "clone3", "fork"].contains(name) }

    private static let descriptorIndex: [String: Int] = {
        let first = """
            read write pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2 fstat lseek ioctl fsync fdatasync \
            ftruncate getdents getdents64 fcntl flock fallocate sync_file_range syncfs close sendfile fchdir fchmod fchown \
            fstatfs readahead fadvise64 fsetxattr fgetxattr flistxattr fremovexattr splice copy_file_range vmsplice tee \
            connect accept accept4 sendto recvfrom sendmsg recvmsg shutdown io_uring_enter
            """
        var table: [String: Int] = [:]
        for name in first.split(separator: " ") { table[String(name)] = 0 }
        table["mmap"] = 4
        table["sendfile"] = 1
        return table
    }()

    private static let pathPlaces: [String: (path: Int, directory: Int?)] = {
        let plain = """
            open stat lstat access execve chdir rename mkdir rmdir creat link unlink symlink readlink chmod chown lchown \
            truncate statfs mknod utime utimes chroot setxattr lsetxattr getxattr lgetxattr listxattr llistxattr umount2
            """
        let relative = """
            openat openat2 newfstatat statx unlinkat mkdirat mknodat renameat renameat2 faccessat faccessat2 readlinkat \
            fchmodat fchownat utimensat futimesat linkat name_to_handle_at execveat open_tree
            """
        var table: [String: (path: Int, directory: Int?)] = [:]
        for name in plain.split(separator: " ") { table[String(name)] = (0, nil) }
        for name in relative.split(separator: " ") { table[String(name)] = (1, 0) }
        table["mount"] = (1, nil)
        return table
    }()
}
