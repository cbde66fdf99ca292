// swift-tools-version: 6.2

import PackageDescription

/// Every module of the compiler, lowest layer first: a module may import only modules above its line.
let modules: [Target] = [
  // MARK: C libraries, each seen by one wrapper only

  /** libyaml */
  .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
  /** libgit2 */
  .systemLibrary(name: "CLibGit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
  /** zlib */
  .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
  /** The settings of the C library's allocator */
  .systemLibrary(name: "CMalloc"),

  // MARK: Text, trees and their shapes

  /** How independent work is spread over cores: a mapping that pure modules are handed */
  .target(name: "Parallel"),
  /** Source files, byte ranges, findings, what a rule is, every report format */
  .target(name: "Diagnostics"),
  /** Content ids and the read-only tree of files that a compile starts from */
  .target(name: "Snapshot"),
  /** Regular expressions in linear time */
  .target(name: "Patterns"),
  /** Positioned trees out of YAML and JSON, and the canonical writer */
  .target(name: "YAMLTree", dependencies: ["CLibYAML", "Diagnostics"]),
  /** JSON Schema draft-07 and Kubernetes' structural schemas, compiled, over positioned trees */
  .target(name: "JSONSchema", dependencies: ["Diagnostics", "Patterns", "YAMLTree"]),
  /** CoreDNS's configuration file: read, checked, and a block put in without touching the rest */
  .target(name: "Corefile", dependencies: ["Diagnostics", "YAMLTree"]),
  /** The Common Expression Language: checked against types, evaluated with bounds */
  .target(name: "CEL", dependencies: ["Diagnostics", "Patterns"]),
  /** CEL over trees: nodes as values, schemas as types */
  .target(name: "Expressions", dependencies: ["CEL", "Diagnostics", "JSONSchema", "YAMLTree"]),

  // MARK: What is described

  /** Typed views of Kubernetes objects: identity, labels, Service, workloads, NetworkPolicy */
  .target(name: "Kubernetes", dependencies: ["Diagnostics", "YAMLTree"]),
  /** What the author wrote, typed and positioned */
  .target(
    name: "FleetSpec", dependencies: ["Diagnostics", "JSONSchema", "Kubernetes", "Snapshot", "YAMLTree"]),
  /** What the organisation allows: rules of CEL over documents and emitted objects */
  .target(
    name: "Policies",
    dependencies: [
      "CEL", "Diagnostics", "Expressions", "FleetSpec", "JSONSchema", "Kubernetes", "YAMLTree",
    ]),
  /** YAML templates with `${…}` expressions */
  .target(name: "Templates", dependencies: ["CEL", "Diagnostics", "Expressions", "Snapshot", "YAMLTree"]),
  /** Every name bound, the work cut into units; what a link type is */
  .target(
    name: "Linker",
    dependencies: ["Diagnostics", "FleetSpec", "Kubernetes", "Parallel", "Templates", "YAMLTree"]),
  /** One folder per link type: what it emits, and its rules */
  .target(
    name: "Links",
    dependencies: [
      "Corefile", "Diagnostics", "FleetSpec", "Kubernetes", "Linker", "Patterns", "Templates", "YAMLTree",
    ]),
  /** Layout, inventories, what changes: the output as a tree of bytes */
  .target(
    name: "Output",
    dependencies: [
      "Diagnostics", "FleetSpec", "Kubernetes", "Linker", "Parallel", "Snapshot", "Templates", "YAMLTree",
    ]),

  /** What can reach what: NetworkPolicy evaluated exactly, twice over */
  .target(
    name: "Reachability",
    dependencies: [
      "Corefile", "Diagnostics", "FleetSpec", "Kubernetes", "Linker", "Parallel", "YAMLTree",
    ],
    exclude: ["Platforms", "Profiles"], plugins: ["EmbedResources"]),

  /** What a change does: objects and paths of two sides compared, stages, reports for reviewers */
  .target(
    name: "Review",
    dependencies: ["Diagnostics", "FleetSpec", "Kubernetes", "Output", "Snapshot", "YAMLTree"]),
  /** The fleet as a picture: Mermaid, Graphviz, SVG, JSON and one page of HTML */
  .target(
    name: "Chart",
    dependencies: ["Diagnostics", "FleetSpec", "Kubernetes", "Linker", "Reachability", "YAMLTree"],
    exclude: ["Page"], plugins: ["EmbedResources"]),

  // MARK: Git

  /** libgit2: any revision as a snapshot, packs, commits, notes */
  .target(name: "Repository", dependencies: ["CLibGit2", "CZlib", "Parallel", "Snapshot"]),

  // MARK: The program

  /** The pipeline: phases in one list, concurrency, reading and writing of directories */
  .target(
    name: "Compiler",
    dependencies: [
      "Chart", "Diagnostics", "Expressions", "FleetSpec", "JSONSchema", "Kubernetes", "Linker", "Links",
      "Output", "Parallel", "Policies", "Reachability", "Review", "Snapshot", "Templates", "YAMLTree",
    ],
    plugins: ["EmbedResources"]),
  /** The specification for manifests that exist already, one file per system */
  .target(
    name: "Adoption",
    dependencies: [
      "Compiler", "Diagnostics", "FleetSpec", "Kubernetes", "Linker", "Output", "Snapshot", "YAMLTree",
    ]),
  /** Arguments, terminal, exit codes */
  .executableTarget(
    name: "linkwright",
    dependencies: [
      "Adoption", "CMalloc", "Chart", "Compiler", "Diagnostics", "FleetSpec", "Kubernetes", "Linker",
      "Output",
      "Reachability",
      "Repository",
      "Review", "Snapshot", "YAMLTree",
    ]),
  /** Generates fleets of any size for `make bench` */
  .executableTarget(
    name: "linkwright-bench", dependencies: ["Kubernetes", "Reachability", "YAMLTree"]),
  /** Puts `schemas/`, `templates/` and the data of other modules into the program, as a build step */
  .executableTarget(name: "embed-resources"),
  .plugin(
    name: "EmbedResources", capability: .buildTool(), dependencies: ["embed-resources"],
    path: "Sources/EmbedResourcesPlugin"),
]

let tests: [Target] = [
  /** Programs, marked sources, golden files and seeds for every test */
  .target(name: "TestSupport", dependencies: ["Diagnostics"], path: "Tests/TestSupport"),
  .testTarget(name: "DiagnosticsTests", dependencies: ["Diagnostics", "TestSupport"], exclude: ["Golden"]),
  .testTarget(name: "SnapshotTests", dependencies: ["Snapshot", "TestSupport"]),
  .testTarget(name: "PatternsTests", dependencies: ["Patterns", "TestSupport"]),
  /** Commits from a process of its own, for the tests that race it or kill it */
  .executableTarget(
    name: "RepositoryProbe", dependencies: ["Repository", "Snapshot"], path: "Tests/RepositoryProbe"),
  .testTarget(
    name: "RepositoryTests", dependencies: ["Repository", "RepositoryProbe", "Snapshot", "TestSupport"]),
  .testTarget(name: "YAMLTreeTests", dependencies: ["Diagnostics", "TestSupport", "YAMLTree"]),
  .testTarget(name: "CorefileTests", dependencies: ["Corefile", "Diagnostics", "TestSupport", "YAMLTree"]),
  /** Writes an output directory until a test kills it */
  .executableTarget(
    name: "output-writer-probe", dependencies: ["Compiler", "Output"], path: "Tests/output-writer-probe"),
  .testTarget(
    name: "ReviewTests",
    dependencies: [
      "Diagnostics", "FleetSpec", "Kubernetes", "Output", "Review", "Snapshot", "TestSupport", "YAMLTree",
    ]),
  .testTarget(
    name: "ReachabilityTests",
    dependencies: ["Diagnostics", "Kubernetes", "Reachability", "TestSupport", "YAMLTree"],
    exclude: ["KnownAnswers", "Mutations", "Vectors"]),
  .testTarget(
    name: "JSONSchemaTests",
    dependencies: ["Diagnostics", "JSONSchema", "Patterns", "TestSupport", "YAMLTree"],
    exclude: ["Corpus"]),
  .testTarget(
    name: "ExpressionsTests", dependencies: ["CEL", "Diagnostics", "Expressions", "JSONSchema", "YAMLTree"]),
  .testTarget(
    name: "CELTests", dependencies: ["CEL", "TestSupport"], exclude: ["Conformance", "Libraries"]),
  .testTarget(
    name: "TemplatesTests", dependencies: ["Diagnostics", "Templates", "TestSupport", "YAMLTree"]),
  .testTarget(
    name: "CompilerTests",
    dependencies: [
      "Compiler", "Diagnostics", "FleetSpec", "JSONSchema", "Kubernetes", "Linker", "Output", "Parallel",
      "Reachability", "Review", "Snapshot", "Templates", "TestSupport", "YAMLTree",
      "linkwright", "output-writer-probe",
    ],
    exclude: ["Cases", "Findings", "Fleets", "Releases"]),
  .testTarget(
    name: "AdoptionTests",
    dependencies: ["Adoption", "Compiler", "Diagnostics", "Output", "Snapshot", "TestSupport", "YAMLTree"],
    exclude: ["Cases", "Proof"]),
  /** The git commands of the program against git itself */
  .testTarget(
    name: "CommandTests", dependencies: ["Diagnostics", "TestSupport", "YAMLTree", "linkwright"],
    exclude: ["Golden"]),
  /** Imports, file lengths, forbidden calls: the sources hold to this list and to the house's rules */
  .testTarget(name: "ArchitectureTests", dependencies: ["Compiler", "Diagnostics", "TestSupport"]),
  /** Link types through the whole compiler */
  .testTarget(
    name: "LinksTests",
    dependencies: [
      "Compiler", "Diagnostics", "JSONSchema", "Kubernetes", "Linker", "Output", "Reachability", "Snapshot",
      "Templates", "TestSupport", "YAMLTree",
    ],
    exclude: ["Data"]),
]

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

for target in modules + tests where target.type != .system && target.type != .plugin {
  target.swiftSettings = settings
}

let package = Package(
  name: "linkwright",
  targets: modules + tests
)
