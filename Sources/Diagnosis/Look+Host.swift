internal import Linux

// The host: pressure.

extension Look {
    func lookAtPressure() {
        evidence.hostPressure = pressure { "/proc/pressure/\($0)" }
        guard let directory = evidence.subject.cgroups.first?.unifiedDirectory else { return }
        let group = pressure { "\(directory)/\($0).pressure" }
        if group != Pressure() { evidence.groupPressure = group }
    }

    private func pressure(_ path: (String) -> String) -> Pressure {
        var pressure = Pressure()
        pressure.cpu = bytes(path("cpu")).flatMap(Pressure.Value.init)
        pressure.memory = bytes(path("memory")).flatMap(Pressure.Value.init)
        pressure.io = bytes(path("io")).flatMap(Pressure.Value.init)
        return pressure
    }
}

extension Pressure.Value {
    /// `some avg10=1.23 avg60=… total=…`, and a line `full`, which the CPU has not on older kernels.
    init?(_ bytes: [UInt8]) {
        var values: [Substring: Double] = [:]
        for line in bytes.textLines {
            let words = line.words
            guard let kind = words.first, let average = words.first(where: { $0.hasPrefix("avg10=") }) else { continue }
            values[kind] = Double(average.dropFirst(6))
        }
        guard let some = values["some"] else { return nil }
        self.init(some: some, full: values["full"] ?? 0)
    }
}
