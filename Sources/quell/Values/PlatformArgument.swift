import APITypes

extension ContentPlatform {
    init(parsing text: String) throws(ValueFault) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), !parts.contains("") else {
            throw ValueFault("it is no platform", expected: "OS/ARCH[/VARIANT], such as linux/arm64 or linux/arm/v7")
        }
        self.init()
        (os, architecture, variant) = (parts[0], parts[1], parts.count > 2 ? parts[2] : nil)
    }
}
