import Lifecycle
import Linux
import Logging

extension EngineCore {
    /// What a disposable child may take for it; what takes longer is left behind.
    private static let reclaimDeadline = Duration.seconds(10)
    /// Processes whose memory is asked for; more have never been seen to hang in one container.
    private static let reclaimed = 32

    /// Gives back the memory of what was killed and does not end. Best effort, by disposable children, as both the lock of an
    /// address space and a write to a hung file system may be what is hung.
    func reclaimMemory(of id: String, except kept: Set<Int32>) async {
        let cgroup = cgroup(id)
        let members: [Int32]
        do throws(EngineError) {
            members = try await Blocking.run("looking at \(cgroup.path)", within: .seconds(2), on: reactor) {
                () throws(EngineError) in
                try attempt { () throws(SystemError) in try cgroup.members() }
            }
        } catch { return logger.warning("container \(id): \(error)") }
        await withTaskGroup(of: Void.self) { group in
            for pid in members.prefix(Self.reclaimed) where !kept.contains(pid) {
                group.addTask { await self.reclaim(["release-memory", "\(pid)"], of: id) }
            }
        }
        await reclaim(["reclaim", cgroup.path], of: id)
    }

    private func reclaim(_ words: [String], of id: String) async {
        do throws(EngineError) {
            let result = try await Child.run(
                configuration.shimPath, words, for: words.joined(separator: " "), within: Self.reclaimDeadline,
                limit: 4096, self)
            logger.debug("container \(id): \(words.joined(separator: " ")): \(result.text.trimmingWhitespace)")
        } catch { logger.info("container \(id): \(error)") }
    }
}
