import APITypes
import Lifecycle

/// Where the parts of a stop order come from, strongest first: the request, the labels `quell.stop.*`, the container's
/// configuration (which has the image's STOPSIGNAL worked in), the engine's defaults.
struct StopDefaults: Hashable, Sendable {
    var signal = Signal.term
    var grace = Grace.bounded(.seconds(10))
    var ladder: Ladder?
    var scope = Scope.auto
    var unhandled = Unhandled.wait
    var killDeadline = StopOrder.defaultKillDeadline

    /// Refuses labels and settings that cannot be read, so that a container with a wrong one is never made.
    init(config: ContainerConfig, engine: EngineConfiguration) throws(EngineError) {
        grace = .bounded(engine.stopTimeout)
        unhandled = engine.defaultUnhandled
        killDeadline = engine.killDeadline
        do {
            if let text = config.stopSignal, !text.isEmpty { signal = try Signal(parsing: text) }
        } catch { throw .invalid("\(error)") }
        if let timeout = config.stopTimeout { grace = StopDefaults.grace(seconds: timeout) }
        try read(labels: config.labels ?? [:])
    }

    /// What is above 10 years is 10 years: an image may name anything.
    static func grace(seconds: Int) -> Grace { Grace(seconds: seconds) ?? .bounded(Duration.longestWait) }

    private mutating func read(labels: [String: String]) throws(EngineError) {
        if let text = labels["quell.stop.scope"] {
            guard let named = Scope(name: text) else {
                throw .invalid("label quell.stop.scope: \"\(text)\" is not init, all or auto")
            }
            scope = named
        }
        if let text = labels["quell.stop.unhandled"] {
            guard let named = Unhandled(name: text) else {
                throw .invalid("label quell.stop.unhandled: \"\(text)\" is not kill or wait")
            }
            unhandled = named
        }
        if let text = labels["quell.stop.kill-deadline"] {
            guard let duration = Duration(parsing: text), duration > .zero else {
                throw .invalid("label quell.stop.kill-deadline: \"\(text)\" is no duration (10s, 500ms)")
            }
            killDeadline = duration
        }
        if let text = labels["quell.stop.ladder"] {
            do throws(LadderError) { ladder = try Ladder(parsing: text) } catch { throw .invalid("\(error)") }
        }
    }

    func order(for options: StopOptions) -> StopOrder {
        StopOrder(
            ladder: chosenLadder(options), unhandled: options.unhandled ?? unhandled,
            killDeadline: options.killDeadline ?? killDeadline)
    }

    /// A signal, timeout or scope in the request means Docker's simple ladder, and sets aside the container's own.
    private func chosenLadder(_ options: StopOptions) -> Ladder {
        if let ladder = options.ladder { return ladder }
        if let ladder, options.signal == nil, options.timeout == nil, options.scope == nil { return ladder }
        return Ladder(
            stopSignal: options.signal ?? signal, scope: options.scope ?? scope, grace: options.timeout ?? grace)
    }
}
