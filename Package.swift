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

  // MARK: Git

  /** libgit2: read any revision or the index, write packs, commits and notes */
  .target(name: "Repository", dependencies: ["CLibGit2", "CZlib", "Snapshot"]),
]

let tests: [Target] = [
  .testTarget(name: "SnapshotTests", dependencies: ["Snapshot"]),
  /** Commits from a process of its own, for the tests that race it or kill it */
  .executableTarget(
    name: "RepositoryProbe", dependencies: ["Repository", "Snapshot"], path: "Tests/RepositoryProbe"),
  .testTarget(name: "RepositoryTests", dependencies: ["Repository", "RepositoryProbe", "Snapshot"]),
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
