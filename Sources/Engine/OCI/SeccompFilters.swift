import FoundationEssentials
import Linux
import Synchronization

/// The filters that crun made of seccomp profiles, to be handed to it again: making one takes longer than all the rest of
/// a start.
///
/// In memory only: the next engine, perhaps with another runtime, begins anew.
final class SeccompFilters: Sendable {
    /// crun(1): the filter itself, in base64, in place of the profile's.
    static let annotation = "run.oci.seccomp_bpf_data"
    /// Profiles given by hand may be many; the default profile makes one for each set of capabilities.
    private static let room = 32
    /// BPF_MAXINSNS instructions of eight bytes.
    private static let largest = 4096 * 8

    private let filters = Mutex<[[UInt8]: String]>([:])

    /// Nil: not made yet.
    func filter(of profile: [UInt8]) -> String? { filters.withLock { $0[profile] } }

    /// Takes the filter from where crun keeps it for execs. Nothing there (the container has ended, or its runtime keeps
    /// none), or nothing that could be a filter: nothing is remembered.
    func learn(_ profile: [UInt8], from stateDirectory: String) throws(SystemError) {
        guard filter(of: profile) == nil else { return }
        guard let filter = try File.readIfPresent(stateDirectory + "/seccomp.bpf") else { return }
        guard !filter.isEmpty, filter.count <= SeccompFilters.largest, filter.count.isMultiple(of: 8) else { return }
        filters.withLock { filters in
            if filters.count < SeccompFilters.room { filters[profile] = Data(filter).base64EncodedString() }
        }
    }
}
