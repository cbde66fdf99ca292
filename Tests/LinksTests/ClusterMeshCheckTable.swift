import Compiler
import Diagnostics
import Testing

/// What a compiler of meshes must find, and who finds it here. The numbers are those of the comments beside the checks
/// (`Sources/Links/ClusterMesh/Checks`): facts of cilium/cilium, its charts and its documentation that neither the chart
/// nor Cilium's own program notices in a repository.
///
/// A rule's failing and passing example stand in its declaration and are run by `RuleExampleTests`; what cannot be
/// written wrong has no rule, and the test that shows it is named instead.
struct MeshCheck: Sendable {
  enum Answer: Sendable {
    /// Rules, the first of which is this check's own.
    case rules([String])
    /// The output has it by construction: `Suite/test`.
    case construction(String)
    /// Both: rules for what is written by hand, a test for what is emitted.
    case both([String], String)
  }

  let number: Int
  let what: String
  let answer: Answer

  init(_ number: Int, _ what: String, _ answer: Answer) {
    self.number = number
    self.what = what
    self.answer = answer
  }

  var rules: [String] {
    switch answer {
    case .rules(let ids), .both(let ids, _): ids
    case .construction: []
    }
  }

  var test: String? {
    switch answer {
    case .construction(let name), .both(_, let name): name
    case .rules: nil
    }
  }

  static let all = identity + addressing + peers + certificates + versions + services + policies + kubeconfigs

  private static let identity = [
    MeshCheck(1, "a name has at most 32 characters, and is not 'default'", .rules(["LW3001"])),
    MeshCheck(2, "an id is 1 to 255, or to 511", .rules(["LW3002"])),
    MeshCheck(3, "names and ids are unique", .rules(["LW3003"])),
    MeshCheck(4, "maxConnectedClusters is 255 or 511, and equal: the Link says it once", .rules(["LW3004"])),
    MeshCheck(5, "ids with bit 128 and cloud plugins", .rules(["LW3005"])),
    MeshCheck(6, "id, name or maxConnectedClusters differ from the output on record", .rules(["LW3006"])),
    MeshCheck(
      7, "more members than maxConnectedClusters",
      .both(["LW3007"], "ClusterMeshTests/threeHundredMembers()")),
  ]

  private static let addressing = [
    MeshCheck(8, "pods of two members share addresses, or nobody says which they have", .rules(["LW3008"])),
    MeshCheck(9, "pods share addresses with nodes or Services", .rules(["LW3009"])),
    MeshCheck(10, "Services of two members share addresses", .rules(["LW3010"])),
    MeshCheck(11, "one routing mode, tunnel protocol and port; native ranges", .rules(["LW3011", "LW3021"])),
    MeshCheck(12, "address families", .rules(["LW3012"])),
    MeshCheck(13, "encryption everywhere or nowhere", .rules(["LW3013"])),
  ]

  private static let peers = [
    MeshCheck(14, "a peer has a port, and addresses or a name", .rules(["LW3014", "LW3081"])),
    MeshCheck(15, "the peer's port is that of the Service's type", .rules(["LW3015", "LW3057"])),
    MeshCheck(16, "node ports: range, clashes, one port in two clusters before 1.19", .rules(["LW3016"])),
    MeshCheck(17, "one node is no failover", .rules(["LW3017"])),
    MeshCheck(
      18, "the server's certificate covers the peer's name",
      .both(["LW3018"], "ClusterMeshValuesTests/declaredSettingsArrive()")),
    MeshCheck(
      19, "A lists B if and only if B lists A",
      .both(["LW7209"], "MeshJudgementTests/hopIsRefuted(_:)")),
    MeshCheck(20, "a peer is a declared cluster", .rules(["LW1201", "LW3020", "LW3019"])),
    MeshCheck(
      21, "a map of peers from 1.19 on, before a sorted list",
      .both(["LW3059"], "ClusterMeshValuesTests/valuesAreLegal(_:)")),
    MeshCheck(22, "an IP address in place of a name", .rules(["LW3022"])),
  ]

  private static let certificates = [
    MeshCheck(
      23, "one authority for all members, or a bundle with each",
      .both(["LW3023", "LW3052"], "ClusterMeshFaultTests/bundleHoldsEveryAuthority()")),
    MeshCheck(24, "the method is known, its issuer complete", .rules(["LW3024", "LW3052"])),
    MeshCheck(25, "Helm's own certificates change at every rendering", .rules(["LW3025"])),
    MeshCheck(
      26, "no private key in input or output",
      .both(["LW3026"], "ClusterMeshFaultTests/keysAreNeverTakenOver(_:)")),
    MeshCheck(27, "authentication modes are known and neighbours", .rules(["LW3027"])),
    MeshCheck(
      28, "objects bring the users of the peers",
      .construction("ClusterMeshTests/objectsHoldWhatTheChartWouldMake()")),
    MeshCheck(
      29, "validity of certificates; a schedule for cronJob",
      .both(["LW3029", "LW3080"], "ClusterMeshValuesTests/declaredSettingsArrive()")),
  ]

  private static let versions = [
    MeshCheck(30, "settings that a chart does not know", .rules(["LW3030"])),
    MeshCheck(31, "releases at most one minor apart", .rules(["LW3031"])),
    MeshCheck(32, "without KVStoreMesh", .rules(["LW3032"])),
    MeshCheck(33, "kernels", .rules(["LW3033"])),
  ]

  private static let services = [
    MeshCheck(34, "a Service is global in one member only", .rules(["LW3034"])),
    MeshCheck(35, "ports agree by name and protocol; shared target ports", .rules(["LW3035", "LW3067"])),
    MeshCheck(36, "annotations are legal strings, with effect", .rules(["LW3036", "LW3058"])),
    MeshCheck(37, "somebody shares endpoints", .rules(["LW3037"])),
    MeshCheck(38, "headless Services need EndpointSlices", .rules(["LW3038"])),
    MeshCheck(39, "namespaces are global, and exist", .rules(["LW3039", "LW3063"])),
    MeshCheck(
      40, "node ports and host networks without kube-proxy replacement",
      .both(["LW3040"], "ClusterMeshFaultTests/hostNetworkNeedsReplacement()")),
    MeshCheck(
      41, "exports: valid, alike, in every namespace, and the only way",
      .both(
        ["LW3041", "LW3060", "LW3061", "LW3062", "LW3063", "LW3064", "LW3065", "LW3066", "LW3082"],
        "ClusterMeshValuesTests/exportsAreSwitchedOn(_:)")),
  ]

  private static let policies = [
    MeshCheck(42, "the cluster label names a member", .rules(["LW3042"])),
    MeshCheck(43, "a selector for another cluster names it", .rules(["LW3043"])),
    MeshCheck(
      44, "policies come in pairs, and let DNS out",
      .both(
        ["LW7201", "LW7202", "LW7207", "LW3068"],
        "ClusterMeshTests/policiesComeInPairsWhereBothSidesAreIsolated()")),
    MeshCheck(45, "rules of layer 7 across clusters in a tunnel", .rules(["LW3045"])),
    MeshCheck(46, "policyDefaultLocalCluster differs", .rules(["LW3046"])),
    MeshCheck(
      47, "every port of the mesh is open",
      .both(["LW3047"], "MeshCommandTests/openingsAsJSON()")),
  ]

  private static let kubeconfigs = [
    MeshCheck(48, "one URL per API server, https", .rules(["LW3048"])),
    MeshCheck(49, "one kind of credentials, by reference", .rules(["LW3049"])),
    MeshCheck(
      50, "a certificate authority, and no current-context",
      .both(["LW3050"], "ClusterMeshTests/kubectlMergesTheFragments(_:)")),
    MeshCheck(51, "the API server's Service leads to it", .rules(["LW3051"])),
  ]
}

@Suite struct ClusterMeshCheckTableTests {
  @Test func everyCheckHasAnAnswer() {
    #expect(MeshCheck.all.map(\.number) == Array(1...51))
    for check in MeshCheck.all {
      for id in check.rules {
        guard let rule = RuleCatalogue.rule(id) else {
          Issue.record("check \(check.number) names rule \(id), which does not exist")
          continue
        }
        #expect(
          (rule.failing != nil && rule.passing != nil) || check.test != nil,
          "rule \(id) has no examples to run, and check \(check.number) names no test")
      }
    }
  }

  /// No rule of the mesh stands outside the table, but for those of the author's own mistakes.
  @Test func everyRuleAnswersACheck() {
    let known = Set(MeshCheck.all.flatMap(\.rules))
    let ours = RuleCatalogue.all.filter { $0.id.hasPrefix("LW30") }.map(\.id)
    let others: Set = [
      "LW3053",  // a client outside the mesh
      "LW3054",  // 'match: each', which a mesh cannot do
      "LW3055",  // an unknown baseline
      "LW3069",  // a Service that is to be global and exported
      "LW3083",  // the profile of another Cilium
    ]
    #expect(Set(ours).subtracting(known) == others)
  }

  /// The tests that the table names exist, under these names.
  @Test func namedTestsExist() throws {
    let sources = try TestSources.all()
    for check in MeshCheck.all {
      guard let name = check.test else { continue }
      let parts = name.split(separator: "/")
      let function = parts[1].prefix { $0 != "(" }
      #expect(
        sources.contains { $0.contains("struct \(parts[0])") || $0.contains("extension \(parts[0])") },
        "\(name)")
      #expect(sources.contains { $0.contains("func \(function)(") }, "\(name)")
    }
  }
}
