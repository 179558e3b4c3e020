// swift-tools-version: 6.2
import PackageDescription

/// House settings of every Swift target: language mode 6, explicit unsafety, explicit imports, warnings as errors.
let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// Release binaries without a dynamic dependency: the shim must stay small, the command line must start at once.
let fullyStatic: [LinkerSetting] = [.unsafeFlags(["-static-executable"], .when(configuration: .release))]
let staticStandardLibrary: [LinkerSetting] = [
    .unsafeFlags(
        ["-static-stdlib", "-l_FoundationCShims", "-l_FoundationCollections"], .when(configuration: .release))
]
/// What the dynamic linker would take is felt in every command. A host is reached by a unix socket: nothing looks up names.
let fullyStaticFoundation: [LinkerSetting] = [
    .unsafeFlags(
        ["-static-executable", "-l_FoundationCShims", "-l_FoundationCollections"], .when(configuration: .release))
]
/// The same for a program that uses all of Foundation (GRDB does): its parts are not found by themselves.
let staticFoundation: [LinkerSetting] = [
    .unsafeFlags(
        ["-static-stdlib", "-lCoreFoundation", "-l_FoundationICU", "-l_FoundationCShims", "-l_FoundationCollections"],
        .when(configuration: .release))
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

// A target may import only what its row names; `make lint` builds with explicit imports checked.
let package = Package(
    name: "quell",
    products: [
        .executable(name: "quelld", targets: ["quelld"]),
        .executable(name: "quell-shim", targets: ["quell-shim"]),
        .executable(name: "quell-unpack", targets: ["quell-unpack"]),
        .executable(name: "quell-registry", targets: ["quell-registry"]),
        .executable(name: "quell", targets: ["quell"]),
        .library(name: "QuellClient", targets: ["Client"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Kernel and pure core
        .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE"), .unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
        .target(name: "Lifecycle", swiftSettings: house),
        .target(name: "Linux", dependencies: ["CLinux", "Lifecycle"], swiftSettings: house),
        .target(name: "Shim", dependencies: ["Lifecycle", "Linux"], swiftSettings: house),
        .executableTarget(
            name: "quell-shim", dependencies: ["Shim"], swiftSettings: house, linkerSettings: fullyStatic),

        // Images
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .executableTarget(
            name: "quell-unpack", dependencies: ["CArchive"], swiftSettings: house,
            linkerSettings: staticStandardLibrary),
        .executableTarget(
            name: "quell-registry",
            dependencies: ["RegistryWire", asyncHTTPClient, crypto, nioCore, nioPosix, nioHTTP1, nioSSL],
            swiftSettings: house, linkerSettings: staticFoundation),
        .target(name: "RegistryWire", swiftSettings: house),
        .target(name: "Images", dependencies: ["Linux", "Lifecycle", "RegistryWire", crypto], swiftSettings: house),

        // Networks
        .target(name: "Networks", dependencies: [], swiftSettings: house),

        // Engine and its API
        .target(name: "APITypes", dependencies: [], swiftSettings: house),
        .target(name: "Diagnosis", dependencies: ["APITypes", "Lifecycle", "Linux"], swiftSettings: house),
        .target(
            name: "Engine",
            dependencies: [
                "APITypes", "Diagnosis", "Lifecycle", "Linux", "Images", "Networks", "RegistryWire", grdb, logging,
            ],
            swiftSettings: house),
        .target(
            name: "DockerAPI",
            dependencies: [
                "APITypes", "Diagnosis", "Engine", "Images", "Lifecycle", "Linux", "RegistryWire", logging, nioCore,
                nioPosix, nioHTTP1, nioSSL, nioWebSocket,
            ],
            swiftSettings: house),
        .executableTarget(
            name: "quelld",
            dependencies: [
                "APITypes", "Engine", "DockerAPI", "Lifecycle", "Linux", "RegistryWire", logging, serviceLifecycle,
                unixSignals, argumentParser,
            ],
            swiftSettings: house, linkerSettings: staticFoundation),

        // Command line
        .target(
            name: "Client", dependencies: ["APITypes", "Lifecycle", nioCore, nioPosix, nioHTTP1],
            swiftSettings: house),
        .executableTarget(
            name: "quell", dependencies: ["APITypes", "Client", "Diagnosis", "Lifecycle", "Linux"],
            swiftSettings: house, linkerSettings: fullyStaticFoundation),

        // Tests
        .executableTarget(
            name: "quell-misbehave",
            cSettings: [.define("_GNU_SOURCE"), .unsafeFlags(["-Wall", "-Wextra", "-Werror"])],
            linkerSettings: [.unsafeFlags(["-static-executable"])]),
        .target(name: "TestKit", dependencies: ["CLinux", "Lifecycle", "Linux"], swiftSettings: house),
        .testTarget(name: "LifecycleTests", dependencies: ["Lifecycle", "TestKit"], swiftSettings: house),
        .testTarget(
            name: "LinuxTests", dependencies: ["Linux", "CLinux", "Lifecycle", "TestKit", "quell-misbehave"],
            swiftSettings: house),
        .testTarget(
            name: "DiagnosisTests",
            dependencies: ["Diagnosis", "APITypes", "Lifecycle", "Linux", "TestKit", "quell-misbehave", "quell-shim"],
            swiftSettings: house),
        .testTarget(
            name: "ShimTests", dependencies: ["Shim", "quell-shim", "Linux", "Lifecycle", "TestKit"],
            swiftSettings: house),
        .testTarget(name: "NetworksTests", dependencies: ["Networks"], swiftSettings: house),
        .testTarget(
            name: "ImagesTests",
            dependencies: [
                "Images", "RegistryWire", "quell-unpack", "quell-registry", "Lifecycle", "Linux", "TestKit", nioCore,
                nioPosix, nioHTTP1,
            ],
            swiftSettings: house),
        .testTarget(
            name: "EngineTests",
            dependencies: [
                "Engine", "APITypes", "Images", "Lifecycle", "Linux", "quell-misbehave", "quell-shim", "quell-unpack",
                "TestKit",
            ],
            swiftSettings: house),
        .testTarget(
            name: "DockerAPITests",
            dependencies: [
                "DockerAPI", "APITypes", "Engine", "Images", "Lifecycle", "Linux", "quelld", "quell-shim",
                "quell-unpack", "quell-registry", "RegistryWire", "TestKit", argumentParser, logging, nioCore,
                nioEmbedded, nioPosix,
                nioHTTP1,
            ],
            swiftSettings: house),
        .testTarget(
            name: "ClientTests", dependencies: ["Client", "APITypes", "Lifecycle", "Linux", "quell", "TestKit"],
            swiftSettings: house),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "quelld", "quell", "quell-misbehave", "quell-shim", "quell-unpack", "quell-registry", "TestKit",
                "Linux", "Lifecycle",
            ],
            swiftSettings: house),
    ]
)
