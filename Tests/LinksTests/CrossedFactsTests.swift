import Compiler
import Diagnostics
import Output
import TestSupport
import Testing
import YAMLTree

/// Facts of several documents that must fit together, and alarms that must not come.
@Suite struct CrossedFactsTests {
  static func fleet(_ name: String) throws -> ExampleFleet {
    try ExampleFleet(directory: "Tests/CompilerTests/Fleets/\(name)")
  }

  // MARK: Static links

  @Test func everyAddressIsAnEndpointOfItsOwn() throws {
    var fleet = try Self.fleet("porter-silver")
    fleet["links/silver.yaml"] = fleet["links/silver.yaml"]?.replacing(
      "142.34.194.68", with: "[142.34.194.68, 142.34.194.69]")
    let compilation = try fleet.compile()
    #expect(!compilation.failed, "\(compilation.lines)")
    let slice = try GatewayDNSTests.root(
      compilation.text("rendered/emerald/manifests/a1b2c3-prod/endpointslice-clamav-silver-1.yaml"))
    #expect(
      slice["endpoints"]?.elements.map { $0["addresses"]?.elements.map(\.text) } == [
        ["142.34.194.68"], ["142.34.194.69"],
      ])
  }

  // MARK: Clients' namespaces

  private static let namespaces = """
    -- workloads/emerald/namespaces.yaml --
    apiVersion: v1
    kind: Namespace
    metadata: {name: shop}

    """

  private static func connection(_ name: String, _ namespace: String) -> String {
    """
    -- connections/\(name).yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: \(name), namespace: a1b2c3-prod}
    spec:
      from: [{clusters: [emerald], namespace: \(namespace)}]
      to: {clusters: [silver], service: clamav, ports: [3310]}
      static: {serviceName: \(name)}

    """
  }

  private static func unknown(_ files: String) throws -> [String] {
    try fleet("porter-silver").overlaid(by: files).compile().findings.filter { $0.rule.id == "LW1220" }.map {
      "\($0.message): \($0.help.first ?? "")"
    }
  }

  @Test func aNamespaceOfNobodyIsNoticed() throws {
    let message = "nothing else in the repository names a namespace"
    #expect(
      try Self.unknown(Self.connection("clamav", "a1b2c3-prdo")) == [
        "\(message) 'a1b2c3-prdo' of emerald: did you mean 'a1b2c3-prod'?"
      ])
    #expect(
      try Self.unknown(Self.namespaces + Self.connection("clamav", "front")) == [
        "\(message) 'front' of emerald: the namespaces of emerald are a1b2c3-prod, shop"
      ])
  }

  /// Nothing can be told where nobody holds the cluster's namespaces, and what somebody else names is known.
  @Test func aNamespaceThatMayBeIsNot() throws {
    #expect(try Self.unknown(Self.connection("clamav", "frontends")) == [])
    #expect(try Self.unknown(Self.namespaces + Self.connection("clamav", "default")) == [])
    #expect(
      try Self.unknown(
        Self.namespaces + Self.connection("clamav", "front") + Self.connection("second", "front")) == [])
    #expect(
      try Self.unknown(
        Self.namespaces + Self.connection("clamav", "front") + """
          -- observed/emerald/front.yaml --
          apiVersion: v1
          kind: Service
          metadata: {name: any, namespace: front}

          """) == [])
  }

  // MARK: One mesh, one trust domain

  @Test func istioAloneSharesATrustDomain() throws {
    let shared = """
      -- clusters/cluster-1.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: cluster-1}
      spec: {network: {podCIDRs: [10.1.0.0/16], baseline: []}, tetrate: {network: net-1, trustDomain: cluster.local}}
      -- clusters/cluster-2.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: cluster-2}
      spec:
        network: {podCIDRs: [10.2.0.0/16], baseline: []}
        tetrate: {network: net-2, trustDomain: cluster.local, dnsProxy: true}

      """
    let tsb = try Self.fleet("tetrate").overlaid(by: shared).compile()
    #expect(tsb.findings.contains { $0.rule.id == "LW5017" })
    let istio = try Self.fleet("tetrate").overlaid(
      by: shared + """
        -- links/east-west.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Link
        metadata: {name: east-west}
        spec:
          tetrate:
            form: istio
            gateway: {name: istio-eastwestgateway, addresses: {cluster-1: 172.18.255.175}}

        """
    ).compile()
    #expect(!istio.findings.contains { $0.rule.id == "LW5017" }, "\(istio.lines)")
  }

  // MARK: Gateways that an operator installs

  @Test func policiesOfAnInstalledGatewaySelectItsPods() throws {
    let policy = """
      -- workloads/cluster-1/gateway-policy.yaml --
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: gateway, namespace: bookinfo}
      spec: {podSelector: {matchLabels: {app: eastwest-gateway}}, policyTypes: [Ingress], ingress: [{ports: [{port: 15443}]}]}

      """
    let compilation = try Self.fleet("tetrate").overlaid(by: policy).compile()
    #expect(!compilation.findings.contains { $0.rule.id == "LW7103" }, "\(compilation.lines)")
    let other = try Self.fleet("tetrate").overlaid(
      by: policy.replacing("eastwest-gateway}", with: "eastwest}")
    ).compile()
    #expect(other.findings.contains { $0.rule.id == "LW7103" }, "\(other.lines)")
  }

  // MARK: A Cluster with an error of its own

  @Test func whatAnInvalidClusterHidesIsNotAccused() throws {
    var mesh = try Self.fleet("clustermesh")
    mesh["clusters/cluster01.yaml"] = mesh["clusters/cluster01.yaml"]?.replacing("id: 1", with: "id: \"1\"")
    #expect(Self.errors(try mesh.compile()) == ["LW1102"])
    var gateways = try Self.fleet("gateway-dns")
    gateways["clusters/cluster-b.yaml"] = gateways["clusters/cluster-b.yaml"]?.replacing(
      "kubernetesVersion: \"1.31\"", with: "kubernetesVersion: 1.31")
    #expect(Self.errors(try gateways.compile()) == ["LW1102"])
    var tetrate = try Self.fleet("tetrate")
    tetrate["clusters/cluster-1.yaml"] = tetrate["clusters/cluster-1.yaml"]?.replacing(
      "{network: net-1}", with: "{network: net-1, tokenTtl: 1 year}")
    #expect(!Self.errors(try tetrate.compile()).contains("LW1201"))
  }

  private static func errors(_ compilation: Compilation) -> [String] {
    compilation.findings.filter { $0.severity != .note }.map(\.rule.id)
  }

  // MARK: Members of a mesh

  private static func member(_ old: String, _ new: String, number: Int = 2) throws -> [String] {
    var fleet = try fleet("clustermesh")
    let path = "clusters/cluster0\(number).yaml"
    fleet[path] = fleet[path]?.replacing(old, with: new)
    return try fleet.compile().findings.filter { $0.rule.id == "LW3081" }.map {
      "\($0.severity): \($0.message)"
    }
  }

  @Test(arguments: [
    ("10.6.124.67", "0.0.0.0", "error: 0.0.0.0 is"), ("10.6.124.67", "127.0.0.1", "error: 127.0.0.1 is"),
    ("10.6.124.67", "10.1.3.4", "error: 10.1.3.4 is an address of the pods of cluster01"),
    ("10.6.124.67", "10.102.0.7", "error: 10.102.0.7 is a cluster IP of cluster02"),
    ("10.6.124.67", "10.6.124.66", "error: cluster01 and cluster02 have one address"),
    (
      "mesh: {ips: [10.6.124.67, 10.6.125.67]}", "mesh: {serviceType: ClusterIP, ips: [10.6.124.67]}",
      "error: 10.6.124.67 is no cluster IP of cluster02"
    ),
    (
      "mesh: {ips: [10.6.124.67, 10.6.125.67]}",
      "mesh: {serviceType: ClusterIP, ips: [10.102.0.7, 10.102.0.8]}",
      "error: a Service of type ClusterIP has one address, and cluster02 lists two"
    ),
    (
      "baseline: []", "nodeCIDRs: [10.7.0.0/16], baseline: []",
      "warning: 10.6.124.67 is in no network of the nodes of cluster02"
    ),
  ])
  func addressesOfMembersAreTheirs(_ old: String, _ new: String, _ message: String) throws {
    let found = try Self.member(old, new)
    #expect(found.contains { $0.hasPrefix(message) }, "\(found)")
  }

  @Test func aRenamedClusterDocumentIsNoticed() throws {
    let values = """
      -- rendered/former/fragments/cilium-values.yaml --
      cluster: {name: former, id: 2}

      """
    let compilation = try Self.fleet("clustermesh").overlaid(by: values).compile()
    #expect(
      compilation.lines.contains("the name of cluster02 was former in the output on record"),
      "\(compilation.lines)")
  }

  @Test func theKernelOfRedHatHasNoWireGuard() throws {
    func warns(_ encryption: String) throws -> Bool {
      var fleet = try Self.fleet("clustermesh")
      for number in [1, 2] {
        let path = "clusters/cluster0\(number).yaml"
        fleet[path] = fleet[path]?.replacing(
          "id: \(number)\n",
          with: "id: \(number)\n    encryption: \(encryption)\n    kernelVersion: \"4.18\"\n")
      }
      return try fleet.compile().findings.contains { $0.rule.id == "LW3033" }
    }
    #expect(try warns("wireguard"))
    #expect(try !warns("none"))
  }
}
