// swift-tools-version: 6.2

import PackageDescription

/// Every module of the compiler, lowest layer first: a module may import only modules above its line.
/// `docs/architecture.md` explains the map; `ArchitectureTests` holds the sources to it.
let modules: [Target] = [
  // MARK: C libraries, each seen by one wrapper only

  /** libyaml */
  .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
  /** libgit2 */
  .systemLibrary(name: "CLibGit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
  /** zlib */
  .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

  // MARK: Text, trees and their shapes

  /** Source files, byte ranges, findings, what a rule is, every report format */
  .target(name: "Diagnostics"),
  /** Content ids and the read-only tree of files that a compile starts from */
  .target(name: "Snapshot"),
  /** Regular expressions in linear time */
  .target(name: "Patterns"),
  /** Positioned trees out of YAML and JSON, and the canonical writer */
  .target(name: "YAMLTree", dependencies: ["CLibYAML", "Diagnostics"]),
  /** The Common Expression Language: checked against types, evaluated with bounds */
  .target(name: "CEL", dependencies: ["Diagnostics", "Patterns"]),

  // MARK: What is described

  /** Typed views of Kubernetes objects: identity, labels, Service, workloads, NetworkPolicy */
  .target(name: "Kubernetes", dependencies: ["YAMLTree"]),
  /** What the author wrote, typed and positioned */
  .target(name: "FleetSpec", dependencies: ["Diagnostics", "Kubernetes", "Snapshot", "YAMLTree"]),
  /** YAML templates with `${…}` expressions */
  .target(name: "Templates", dependencies: ["Diagnostics", "YAMLTree"]),
]

let tests: [Target] = [
  .testTarget(name: "SnapshotTests", dependencies: ["Snapshot"]),
  .testTarget(name: "PatternsTests", dependencies: ["Patterns"]),
  .testTarget(name: "CELTests", dependencies: ["CEL"], exclude: ["Conformance", "Libraries"]),
]

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

for target in modules + tests where target.type != .system {
  target.swiftSettings = settings
}

let package = Package(
  name: "linkwright",
  targets: modules + tests
)
