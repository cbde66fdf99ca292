import Compiler
import Diagnostics
import FleetSpec
import Reachability
import Testing

/// What `record` keeps is what verdicts rest on: a fleet whose manifests are recorded gets the verdicts of the manifests
/// themselves.
@Suite struct RecordedVerdictTests {
  typealias Break = SurroundingBreakTests.Break

  /// The fleet with the workloads of every cluster recorded, and the manifests themselves taken away.
  static func recorded(_ fleet: FixtureFleet) throws -> FixtureFleet {
    var files = fleet.files
    let paths = files.keys.filter { $0.hasPrefix("workloads/") }.sorted()
    for (cluster, own) in Dictionary(
      grouping: paths, by: { String($0.split(separator: "/", maxSplits: 2)[1]) })
    {
      let sources = own.compactMap { path in files[path].map { SourceFile(path: path, bytes: $0) } }
      for path in own { files[path] = nil }
      let recording = Record.reduce(
        sources, from: try RecordSource("https://git.example.com/shop/manifests@3f2a91c"),
        at: try RecordingPlace(.recorded, of: cluster, in: CompilerTests.fleet()), existing: [],
        options: Record.Options())
      for file in recording.files { files[file.path] = file.content }
    }
    return FixtureFleet(files)
  }

  static let planted: [Break] =
    SurroundingBreakTests.fixed + SurroundingBreakTests.gateways + SurroundingBreakTests.porter
    + SurroundingBreakTests.istio + SurroundingBreakTests.mesh + ClientSurroundingTests.all
    + LeftoverTests.all + OwnClusterTests.all + OwnClusterTests.ports + SidedPolicyTests.sides

  @Test(arguments: planted) func recordsGiveTheVerdictsOfManifests(_ planted: Break) throws {
    let fleet = try FixtureFleet(base: planted.base).overlaid(by: planted.files)
    let direct = try fleet.compile().judgement
    let indirect = try Self.recorded(fleet).compile().judgement
    #expect(indirect?.crossings.map(\.verdict) == direct?.crossings.map(\.verdict))
    #expect(
      indirect?.crossings.map { $0.decisiveHop?.kind.rawValue }
        == direct?.crossings.map { $0.decisiveHop?.kind.rawValue })
  }

  static let breaks: [JudgementTests.Break] =
    JudgementTests.porter + JudgementTests.fixed + CallerBreakTests.names + GatewayDNSJudgementTests.breaks
    + TetrateJudgementTests.control + TetrateJudgementTests.istio + MeshJudgementTests.breaks
    + MeshJudgementTests.hops

  @Test(arguments: breaks) func recordsRefuteWhereManifestsDo(_ planted: JudgementTests.Break) throws {
    let fleet = try FixtureFleet(base: planted.base).overlaid(by: planted.files)
    let indirect = try Self.recorded(fleet).compile().judgement
    let direct = try fleet.compile().judgement
    #expect(indirect?.crossings.map(\.verdict) == direct?.crossings.map(\.verdict))
  }
}
