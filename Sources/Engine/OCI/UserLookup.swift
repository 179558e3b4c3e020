/// Who a process of a container is, by the `/etc/passwd` and `/etc/group` of its own root file system.
struct ContainerUser: Hashable, Sendable {
    var uid: UInt32
    var gid: UInt32
    /// Sorted, without `gid`.
    var additionalGroups: [UInt32]
    var home: String

    static let root = ContainerUser(uid: 0, gid: 0, additionalGroups: [], home: "/root")
}

/// The account files of a root file system.
struct AccountFiles: Sendable {
    private struct User { var name, home: Substring, uid, gid: UInt32 }
    private struct Group { var name: Substring, gid: UInt32, members: [Substring] }
    private let users: [User]
    private let groups: [Group]

    /// Lines that are not well formed are passed over, as every C library does.
    init(passwd: [UInt8], group: [UInt8]) {
        users = AccountFiles.fields(passwd).compactMap { fields in
            guard fields.count >= 4, let uid = UInt32(fields[2]), let gid = UInt32(fields[3]) else { return nil }
            return User(name: fields[0], home: fields.count > 5 ? fields[5] : "", uid: uid, gid: gid)
        }
        groups = AccountFiles.fields(group).compactMap { fields in
            guard fields.count >= 3, let gid = UInt32(fields[2]) else { return nil }
            let members = fields.count > 3 ? fields[3].split(separator: ",") : []
            return Group(name: fields[0], gid: gid, members: members)
        }
    }

    private static func fields(_ file: [UInt8]) -> [[Substring]] {
        String(decoding: file, as: UTF8.self).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }
            .map { $0.split(separator: ":", omittingEmptySubsequences: false) }
    }

    /// `user[:group]`, names or numbers; empty: root. `additions` are `--group-add`'s.
    ///
    /// A number need not be in the files; a name must. Without a group: the user's own and all that list it as member.
    func find(_ text: String, adding additions: [String] = []) throws(EngineError) -> ContainerUser {
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let wanted = halves.first ?? ""
        let wantedGroup = halves.count == 2 && !halves[1].isEmpty ? halves[1] : nil
        let user = users.first { $0.name == wanted } ?? UInt32(wanted).flatMap { uid in users.first { $0.uid == uid } }
        guard let uid = user?.uid ?? (wanted.isEmpty ? 0 : UInt32(wanted)), uid < UInt32.max else {
            throw .invalid("unable to find user \(wanted): no matching entries in passwd file")
        }
        let account = user ?? (wanted.isEmpty ? users.first { $0.uid == 0 } : nil)
        let gid = try wantedGroup.map(groupID) ?? account?.gid ?? 0
        var additional: Set<UInt32> = []
        if wantedGroup == nil, let name = account?.name {
            additional = Set(groups.filter { $0.members.contains(name) }.map(\.gid))
        }
        for addition in additions { additional.insert(try groupID(addition[...])) }
        additional.remove(gid)
        let home = account.map { String($0.home) } ?? ""
        return ContainerUser(
            uid: uid, gid: gid, additionalGroups: additional.sorted(), home: home.isEmpty ? "/" : home)
    }

    private func groupID(_ text: Substring) throws(EngineError) -> UInt32 {
        if let group = groups.first(where: { $0.name == text }) { return group.gid }
        guard let gid = UInt32(text), gid < UInt32.max else {
            throw .invalid("unable to find group \(text): no matching entries in group file")
        }
        return gid
    }
}
