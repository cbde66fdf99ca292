import Compiler
import Diagnostics
import Snapshot
import TestSupport
import Testing

/// Mistakes of authors of meshes: each has a finding at its place, nothing is emitted, and no key is printed.
@Suite struct ClusterMeshFaultTests {
  struct Fault: Sendable, CustomTestStringConvertible {
    let what: String
    let path: String
    let old: String
    let new: String
    let rule: String
    let line: Int
    var also = ""
    var testDescription: String { what }
  }

  static let faults: [Fault] = [
    Fault(
      what: "two members with one id", path: "clusters/cluster02.yaml", old: "id: 2", new: "id: 1",
      rule: "LW3003", line: 8),
    Fault(
      what: "id 300", path: "clusters/cluster02.yaml", old: "id: 2", new: "id: 300", rule: "LW3002", line: 8),
    Fault(
      what: "id 0", path: "clusters/cluster02.yaml", old: "id: 2", new: "id: 0", rule: "LW3002", line: 8),
    Fault(
      what: "pods overlap in IPv4", path: "clusters/cluster02.yaml", old: "10.2.0.0/16", new: "10.1.128.0/17",
      rule: "LW3008", line: 5),
    Fault(
      what: "pods overlap in IPv6", path: "clusters/cluster02.yaml", old: "10.2.0.0/16",
      new: "\"fd00:1:0:1::/64\"", rule: "LW3008", line: 5,
      also: """
        -- clusters/cluster01.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Cluster
        metadata: {name: cluster01}
        spec:
          network: {podCIDRs: ["fd00:1::/48"], serviceCIDRs: [10.101.0.0/16], baseline: []}
          cilium: {id: 1, chartVersion: 1.20.0, mesh: {ips: [10.6.124.66, 10.6.125.66]}}

        """),
    Fault(
      what: "a peer port that is not the Service's", path: "clusters/cluster02.yaml", old: "mesh: {",
      new: "mesh: {port: 2379, ", rule: "LW3015", line: 10),
    Fault(
      what: "an observed Service with another node port", path: "clusters/cluster02.yaml", old: "mesh: {",
      new: "mesh: {nodePort: 32380, ", rule: "LW3057", line: 10,
      also: """
        -- observed/cluster02/service.yaml --
        apiVersion: v1
        kind: Service
        metadata: {name: clustermesh-apiserver, namespace: kube-system}
        spec: {type: NodePort, ports: [{port: 2379, nodePort: 32379}]}

        """),
    Fault(
      what: "mixed encryption", path: "clusters/cluster02.yaml", old: "id: 2",
      new: "id: 2\n    encryption: wireguard", rule: "LW3013", line: 9,
      also: """
        -- clusters/cluster01.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Cluster
        metadata: {name: cluster01}
        spec:
          network: {podCIDRs: [10.1.0.0/16], serviceCIDRs: [10.101.0.0/16], baseline: []}
          cilium: {id: 1, chartVersion: 1.20.0, encryption: ipsec, mesh: {ips: [10.6.124.66, 10.6.125.66]}}

        """),
    Fault(
      what: "an API server's URL without a scheme", path: "clusters/cluster02.yaml",
      old: "expose: {address: 10.6.124.67, nodePort: 31932}", new: "server: 10.6.124.67:6443",
      rule: "LW3048", line: 6),
    Fault(
      what: "a certificate file with a private key", path: "pki/ca.crt", old: "CERTIFICATE-----\nMII",
      new: "PRIVATE KEY-----\nMII", rule: "LW3026", line: 6),
    Fault(
      what: "a member named on", path: "clusters/cluster02.yaml", old: "id: 2",
      new: "id: 2\n    name: \"on\"",
      rule: "LW3001", line: 9),
    Fault(
      what: "a member named 123", path: "clusters/cluster02.yaml", old: "id: 2",
      new: "id: 2\n    name: \"123\"",
      rule: "LW3001", line: 9),
    Fault(
      what: "a Cluster named on, unquoted", path: "clusters/cluster02.yaml", old: "{name: cluster02}",
      new: "{name: on}", rule: "LW1102", line: 3),
    Fault(
      what: "an API server at port 80 of the nodes", path: "clusters/cluster02.yaml", old: "nodePort: 31932",
      new: "nodePort: 80", rule: "LW3051", line: 6),
    Fault(
      what: "a member named on, unquoted", path: "clusters/cluster02.yaml", old: "id: 2",
      new: "id: 2\n    name: on", rule: "LW1102", line: 9),
    Fault(
      what: "a name of 33 characters", path: "clusters/cluster02.yaml", old: "id: 2",
      new: "id: 2\n    name: abcdefghijabcdefghijabcdefghijabc", rule: "LW3001", line: 9),
    Fault(
      what: "Services differ in the name of a port", path: "linkwright.yaml", old: "name: clustermesh",
      new: "name: clustermesh", rule: "LW3035", line: 4, also: service("{name: web, port: 80}")),
    Fault(
      what: "Services differ: one port has no name", path: "linkwright.yaml", old: "name: clustermesh",
      new: "name: clustermesh", rule: "LW3035", line: 4, also: service("{port: 80}")),
    Fault(
      what: "Services differ in protocol", path: "linkwright.yaml", old: "name: clustermesh",
      new: "name: clustermesh", rule: "LW3035", line: 4,
      also: service("{name: http, port: 80, protocol: UDP}")),
  ]

  private static func service(_ port: String) -> String {
    """
    -- workloads/cluster01/service.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: rebel-base, namespace: default, annotations: {service.cilium.io/global: "true"}}
    spec: {selector: {name: rebel-base}, ports: [\(port)]}

    """
  }

  @Test(arguments: faults)
  func faultIsFoundAtItsPlace(_ fault: Fault) throws {
    var fleet = try ExampleFleet.base().overlaid(by: fault.also)
    let text = try #require(fleet[fault.path])
    #expect(text.contains(fault.old))
    fleet[fault.path] = text.replacing(fault.old, with: fault.new)
    let compilation = try fleet.compile()
    #expect(compilation.failed)
    let found = compilation.findings.filter { $0.rule.id == fault.rule && $0.severity == .error }
    #expect(
      found.contains { $0.primary?.range.startPosition.line == fault.line }, "\(fault)\n\(compilation.lines)")
    #expect(found.allSatisfy { !$0.help.isEmpty })
    #expect(!compilation.lines.contains("MII"), "key material is never printed")
  }

  /// Numbers may differ between clusters: endpoints join by the port's name.
  @Test func anotherPortNumberIsNoFault() throws {
    let compilation = try ExampleFleet.base().overlaid(by: Self.service("{name: http, port: 8080}")).compile()
    #expect(!compilation.lines.contains("LW3035"), "\(compilation.lines)")
  }

  /// With exports the numbers must agree as well: an import has one set of ports.
  @Test func exportsAgreeInNumbersToo() throws {
    let rule = try #require(RuleCatalogue.rule("LW3061"))
    let example = try #require(rule.passing)
    let files = example.files.replacing(
      "-- workloads/cluster01/service.yaml --\napiVersion: v1\nkind: Service\nmetadata: {name: rebel-base, namespace: default, annotations: {}}\nspec: {type: ClusterIP, selector: {name: rebel-base}, ports: [{name: http, port: 80,",
      with:
        "-- workloads/cluster01/service.yaml --\napiVersion: v1\nkind: Service\nmetadata: {name: rebel-base, namespace: default, annotations: {}}\nspec: {type: ClusterIP, selector: {name: rebel-base}, ports: [{name: http, port: 80}, {name: more, port: 8080,"
    )
    #expect(files != example.files)
    let compilation = try ExampleFleet.base().overlaid(by: files).compile()
    #expect(compilation.failed && compilation.lines.contains("error[LW3061]"), "\(compilation.lines)")
  }

  // MARK: Authorities and keys

  @Test func bundleHoldsEveryAuthority() throws {
    func fleet(_ first: String, _ second: String) throws -> ExampleFleet {
      func bundle(_ cluster: Int, _ names: String) -> String {
        let blocks = names.map {
          "-----BEGIN CERTIFICATE-----\n    \($0)\n    -----END CERTIFICATE-----\n    "
        }
        return """
          -- workloads/cluster0\(cluster)/roots.yaml --
          apiVersion: v1
          kind: ConfigMap
          metadata: {name: roots, namespace: kube-system}
          data:
            ca.crt: |
              \(blocks.joined())

          """
      }
      return try ExampleFleet.base().overlaid(
        by: bundle(1, first) + bundle(2, second) + """
          -- links/mesh.yaml --
          apiVersion: linkwright.dev/v1alpha1
          kind: Link
          metadata: {name: mesh}
          spec:
            clusterMesh:
              members: [cluster01, cluster02]
              certificates: {method: certmanager, issuerRef: {kind: ClusterIssuer, name: one}, caBundle: {name: roots}}
          -- clusters/cluster02.yaml --
          apiVersion: linkwright.dev/v1alpha1
          kind: Cluster
          metadata: {name: cluster02}
          spec:
            network: {podCIDRs: [10.2.0.0/16], serviceCIDRs: [10.102.0.0/16], baseline: []}
            cilium:
              id: 2
              chartVersion: 1.20.0
              issuer: {kind: ClusterIssuer, name: two}
              mesh: {ips: [10.6.124.67, 10.6.125.67], authMode: migration}

          """)
    }
    #expect(try !fleet("AB", "BA").compile().lines.contains("LW3023"))
    let missing = try fleet("AB", "A").compile()
    #expect(missing.lines.contains("error[LW3023] workloads/cluster02/roots.yaml"), "\(missing.lines)")
    let other = try fleet("AB", "AC").compile()
    #expect(other.lines.contains("holds other certificates than that of cluster01"), "\(other.lines)")
    var without = try fleet("AB", "AB")
    without["workloads/cluster01/roots.yaml"] = without["workloads/cluster01/roots.yaml"]?.replacing(
      "ca.crt: |", with: "other.crt: |")
    #expect(try without.compile().lines.contains("has no key 'ca.crt'"))
  }

  /// Keys and tokens have no place in the specification, whatever they are called.
  @Test(arguments: [
    "client-key-data: U0VDUkVU", "clientKeyData: U0VDUkVU", "token: U0VDUkVU", "password: U0VDUkVU",
  ])
  func keysAreNeverTakenOver(_ line: String) throws {
    var fleet = try ExampleFleet.base()
    let text = try #require(fleet["clusters/cluster02.yaml"])
    fleet["clusters/cluster02.yaml"] = text.replacing(
      "nodePort: 31932}}", with: "nodePort: 31932}, credentials: {\(line)}}")
    let compilation = try fleet.compile()
    #expect(compilation.failed, "\(compilation.lines)")
    #expect(
      compilation.findings.contains {
        $0.severity == .error && $0.primary?.range.file.path == "clusters/cluster02.yaml"
          && $0.primary?.range.startPosition.line == 6
      }, "\(compilation.lines)")
    #expect(!compilation.lines.contains("U0VDUkVU"), "\(compilation.lines)")
  }

  @Test func hostNetworkNeedsReplacement() throws {
    func fleet(_ replaces: Bool) throws -> ExampleFleet {
      var fleet = try ExampleFleet.base()
      for (path, old, new) in [
        ("workloads/cluster01/x-wing.yaml", "spec: {containers", "spec: {hostNetwork: true, containers"),
        ("clusters/cluster01.yaml", "id: 1", "id: 1\n    kubeProxyReplacement: \(replaces)"),
      ] {
        let text = try #require(fleet[path])
        #expect(text.contains(old))
        fleet[path] = text.replacing(old, with: new)
      }
      return fleet
    }
    let found = try fleet(false).compile()
    #expect(found.lines.contains("warning[LW3040] workloads/cluster01/x-wing.yaml:8"), "\(found.lines)")
    #expect(try !fleet(true).compile().lines.contains("LW3040"))
  }
}
