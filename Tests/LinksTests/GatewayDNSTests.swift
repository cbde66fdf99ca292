import Compiler
import Diagnostics
import Foundation
import JSONSchema
import Kubernetes
import Linker
import Output
import Snapshot
import TestSupport
import Testing
import YAMLTree

/// GatewayDNS through the whole compiler: the walkthrough of the project, the controller's slices, bad input.
@Suite struct GatewayDNSTests {
  static func example() throws -> ExampleFleet { try ExampleFleet(directory: "examples/gateway-dns") }
  static func base() throws -> ExampleFleet {
    try ExampleFleet(directory: "Tests/CompilerTests/Fleets/gateway-dns")
  }

  static func data(_ name: String) throws -> String {
    try String(contentsOfFile: Repository.path("Tests/LinksTests/Data/\(name)"), encoding: .utf8)
  }

  static func root(_ text: String?, _ path: String = "test.yaml") throws -> Node {
    let text = try #require(text)
    return try #require(Tree.parse(text: text, path: path).tree.documents.last { !$0.isNull })
  }

  /// Notes say what is published beyond the connections; nothing else is said.
  static func isWithoutFault(_ compilation: Compilation) -> Bool {
    compilation.findings.allSatisfy { $0.severity == .note }
  }

  // MARK: The walkthrough

  @Test func emittedObjectHasTheWalkthroughsSpec() throws {
    let compilation = try Self.example().compile()
    #expect(Self.isWithoutFault(compilation))
    let emitted = try Self.root(
      compilation.text("rendered/mgmt/manifests/dev-team/gatewaydns-dev-team-gateway-dns.yaml"))
    let wanted = try Self.root(Self.data("gateway-dns-object.yaml"))
    for key in ["apiVersion", "kind", "spec"] {
      #expect(emitted[key].flatMap { value in wanted[key].map { value.isEqual(to: $0) } } == true, "\(key)")
    }
    #expect(emitted.at("metadata", "name")?.text == wanted.at("metadata", "name")?.text)
    #expect(emitted.at("metadata", "namespace")?.text == wanted.at("metadata", "namespace")?.text)
  }

  @Test(arguments: [("cluster-a", "10.96.113.7"), ("cluster-b", "10.96.201.44")])
  func mergedCorefileIsTheWalkthroughs(_ cluster: String, _ address: String) throws {
    let compilation = try Self.example().compile()
    let wanted = try Self.data("gateway-dns-corefile.txt")
      .replacing("<REPLACE_WITH_IP_OBTAINED_IN_PRIOR_STEP>", with: address)
    #expect(compilation.text("rendered/\(cluster)/fragments/Corefile") == wanted)
    let patch = try Self.root(
      compilation.text("rendered/\(cluster)/components/kube-system-configmap-coredns/configmap-coredns.yaml"))
    #expect(patch.at("data", "Corefile")?.text == wanted)
  }

  @Test func clustersAreLabelledByPatches() throws {
    let compilation = try Self.example().compile()
    for cluster in ["cluster-a", "cluster-b"] {
      let patch = try Self.root(
        compilation.text("rendered/mgmt/components/dev-team-cluster-\(cluster)/cluster-\(cluster).yaml"))
      let label = try #require(patch.at("metadata", "labels")?["hasContour"])
      #expect(label.string == "true", "a string, not a boolean")
      #expect(patch["apiVersion"]?.text == "cluster.x-k8s.io/v1alpha3")
    }
  }

  /// The cluster's answer after the patch was applied gives the same output.
  @Test func observingTheResultChangesNothing() throws {
    var fleet = try Self.example()
    let before = try fleet.compile()
    let corefile = try #require(before.text("rendered/cluster-a/fragments/Corefile"))
    let indented = corefile.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }
    fleet["observed/cluster-a/kube-system.yaml"] =
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: coredns, namespace: kube-system}\ndata:\n  Corefile: |\n"
      + indented.dropLast().joined(separator: "\n") + "\n"
    let after = try fleet.compile()
    #expect(Self.isWithoutFault(after))
    #expect(after.output.files.map(\.content) == before.output.files.map(\.content))
  }

  // MARK: The project's own data

  @Test func emittedObjectPassesTheProjectsSchema() throws {
    let crd = try Self.root(Self.data("gatewaydns-crd.yaml"))
    let versions = try #require(crd.at("spec", "versions"))
    let version = try #require(versions.elements.first { _ in true })
    let schemaNode = try #require(version.at("schema", "openAPIV3Schema", "properties", "spec"))
    let schema = try CompiledSchema.compile(
      root: schemaNode, at: "gatewaydns-crd.yaml", registry: SchemaRegistry(),
      options: SchemaOptions(dialect: .openAPIv3, assertsFormats: true))
    for fleet in [try Self.example(), try Self.base()] {
      let files = try fleet.compile().output.files.filter { $0.path.contains("/gatewaydns-") }
      #expect(files.count == 1)
      for file in files {
        let object = try Self.root(String(decoding: file.content, as: UTF8.self))
        #expect(schema.validate(try #require(object["spec"])).isEmpty)
        #expect(object["apiVersion"]?.text == "\(crd.at("spec", "group")?.text ?? "")/v1alpha1")
        #expect(object["kind"]?.text == crd.at("spec", "names", "kind")?.text)
      }
    }
  }

  /// The slices of the project's own tests (pkg/controllers/gatewaydns/cluster_gateway_test.go): name, namespace,
  /// both annotations, label, type and addresses; without the label in the older generation.
  @Test(arguments: [
    ("xcc", "xcc-dns", "discovery.k8s.io/v1"), ("capi", "capi-dns", "discovery.k8s.io/v1beta1"),
  ])
  func expectedSlicesAreTheControllers(_ profile: String, _ namespace: String, _ version: String) throws {
    var fleet = try ExampleFleet(directory: "Tests/CompilerTests/Fleets/none")
    fleet["linkwright.yaml"] = "apiVersion: linkwright.dev/v1alpha1\nkind: Fleet\nmetadata: {name: slices}\n"
    fleet["clusters/all.yaml"] =
      "apiVersion: linkwright.dev/v1alpha1\nkind: Cluster\nmetadata: {name: mgmt}\n"
      + ["foo", "bar", "baz"].map { name in
        """
        ---
        apiVersion: linkwright.dev/v1alpha1
        kind: Cluster
        metadata: {name: \(name)}
        spec:
          clusterAPI: {managementCluster: mgmt, namespace: cluster-namespace, name: cluster-name-\(name), labels: {some: label}}

        """
      }.joined()
    fleet["links/gateway-dns-name.yaml"] = """
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: gateway-dns-name}
      spec:
        gatewayDNS:
          profile: \(profile)
          managementCluster: mgmt
          namespace: cluster-namespace
          clusterSelector: {matchLabels: {some: label}}
          service: ns/gateway
          zone: xcc.test
          addresses: {foo: [1.1.0.1], bar: [1.1.0.2, 1.1.0.22], baz: [1.1.0.3]}
      """
    let compilation = try fleet.compile()
    #expect(!compilation.failed, "\(compilation.lines)")
    for receiver in ["foo", "bar", "baz"] {
      for (gateway, addresses) in [
        ("foo", ["1.1.0.1"]), ("bar", ["1.1.0.2", "1.1.0.22"]), ("baz", ["1.1.0.3"]),
      ] {
        let name = "cluster-namespace-cluster-name-\(gateway)-gateway"
        let slice = try Self.root(
          compilation.text("rendered/\(receiver)/expected/\(namespace)/endpointslice-\(name).yaml"))
        let annotations = slice.at("metadata", "annotations")
        #expect(
          annotations?["connectivity.tanzu.vmware.com/dns-hostname"]?.text
            == "*.gateway.cluster-name-\(gateway).cluster-namespace.clusters.xcc.test")
        #expect(
          annotations?["connectivity.tanzu.vmware.com/gateway-dns-ref"]?.text
            == "cluster-namespace/gateway-dns-name")
        #expect(slice["apiVersion"]?.text == version)
        #expect(slice["addressType"]?.text == "IPv4")
        #expect(slice["endpoints"]?.count == 1)
        let endpoint = slice["endpoints"]?.elements.first { _ in true }
        #expect(endpoint?["addresses"]?.elements.map(\.text) == addresses)
        let label = slice.at("metadata", "labels")?["kubernetes.io/service-name"]?.text
        #expect(label == (profile == "xcc" ? name : nil))
        #expect(slice["ports"] == nil)
      }
    }
    #expect(!compilation.output.files.contains { $0.path.contains("mgmt/expected") })
  }

  // MARK: Pending

  @Test func missingAddressesArePendingAndNothingOnRecordIsLost() throws {
    var fleet = try Self.example()
    let known = try fleet.compile()
    for file in known.output.files { fleet[file.path] = String(decoding: file.content, as: UTF8.self) }
    fleet["observed/cluster-a/capi-dns.yaml"] = nil
    fleet["observed/cluster-b/projectcontour.yaml"] = nil
    let lost = try fleet.compile()
    #expect(lost.failed)
    #expect(
      lost.lines.contains("rendered/cluster-a/fragments/Corefile would be removed")
        || lost.lines.contains("configmap-coredns.yaml would be removed"), "\(lost.lines)")
    #expect(lost.lines.contains("endpointslice-dev-team-cluster-b-gateway.yaml would be removed"))
    fleet = try Self.example()
    fleet["observed/cluster-a/capi-dns.yaml"] = nil
    fleet["observed/cluster-a/kube-system.yaml"] = nil
    let pending = try fleet.compile()
    #expect(!pending.failed)
    #expect(
      pending.pending.map(\.fact).sorted()
        == ["the Corefile of ConfigMap coredns", "the cluster IP of Service dns-server"])
    let help = pending.findings.flatMap(\.help).joined(separator: "\n")
    #expect(help.contains("-n capi-dns get svc -o yaml | linkwright observe --cluster cluster-a -f -"))
    #expect(help.contains("-n kube-system get configmap -o yaml"))
    #expect(pending.text("rendered/cluster-a/fragments/Corefile") == nil)
    #expect(pending.text("rendered/cluster-b/fragments/Corefile") != nil)
  }

  // MARK: Names

  @Test func externalNameAndConfigMapHoldTheName() throws {
    var fleet = try Self.base().overlaid(
      by: """
        -- connections/kuard.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Connection
        metadata: {name: kuard, namespace: demo}
        spec:
          from: [{clusters: [cluster-b], namespace: clients}]
          to: {clusters: [cluster-a], service: kuard, ports: [80]}
          publish: {configMap: peer}
          gatewayDNS: {externalName: true, gatewayPort: 443, labels: {team: web}}
        """)
    let route = "workloads/cluster-a/kuard.yaml"
    fleet[route] = fleet[route]?.replacing(
      "clusters.xcc.test}", with: "clusters.xcc.test, tls: {secretName: kuard}}")
    let compilation = try fleet.compile()
    #expect(!compilation.failed, "\(compilation.lines)")
    let name = "kuard.gateway.cluster-a.dev-team.clusters.xcc.test"
    let service = try Self.root(
      compilation.text("rendered/cluster-b/manifests/clients/service-kuard-cluster-a.yaml"))
    #expect(service.at("spec", "type")?.text == "ExternalName")
    #expect(service.at("spec", "externalName")?.text == name)
    #expect(service.at("metadata", "labels", "team")?.text == "web")
    #expect(service.at("metadata", "labels")?["app.kubernetes.io/managed-by"]?.text == "linkwright")
    let peer = try Self.root(compilation.text("rendered/cluster-b/manifests/clients/configmap-peer.yaml"))
    #expect(peer.at("data", "host")?.text == name)
    #expect(peer.at("data", "port")?.text == "443" && peer.at("data", "address")?.text == "203.0.113.10")
  }

  @Test func existingObjectsAreKept() throws {
    let fleet = try Self.base().overlaid(
      by: """
        -- workloads/mgmt/all.yaml --
        apiVersion: connectivity.tanzu.vmware.com/v1alpha1
        kind: GatewayDNS
        metadata: {name: dev-team, namespace: dev-team}
        spec:
          service: projectcontour/envoy
          resolutionType: loadBalancer
          clusterSelector: {matchLabels: {hasContour: "true"}}
        ---
        apiVersion: cluster.x-k8s.io/v1beta1
        kind: Cluster
        metadata: {name: cluster-a, namespace: dev-team, labels: {hasContour: "true", other: x}}
        """)
    let compilation = try fleet.compile()
    #expect(compilation.lines == "")
    #expect(!compilation.output.files.contains { $0.path.hasPrefix("rendered/mgmt/") })
    #expect(compilation.satisfiedLines.count == 2)
  }
}

/// What `observe` keeps for GatewayDNS, and what the program reports of names.
@Suite struct GatewayDNSRecordTests {
  static func observed(_ text: String) throws -> Recording {
    let fleet = try GatewayDNSTests.example().compile()
    let place = try RecordingPlace(.observed, of: "cluster-a", in: try #require(fleet.fleet))
    return Observation.reduce(
      [SourceFile(path: "-", bytes: Array(text.utf8))], at: place, existing: [])
  }

  /// Of all ConfigMaps two are read; of the others not even the name is kept.
  @Test func onlyTheResolversConfigMapsAreKept() throws {
    let recording = try Self.observed(
      """
      apiVersion: v1
      kind: List
      items:
      - apiVersion: v1
        kind: ConfigMap
        metadata: {name: coredns, namespace: kube-system, resourceVersion: "7"}
        data: {Corefile: ".:53 {\\n    errors\\n}\\n"}
      - apiVersion: v1
        kind: ConfigMap
        metadata: {name: kubeadm-config, namespace: kube-system}
        data: {ClusterConfiguration: "secretive"}
      - apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata:
          name: dev-team-cluster-a-gateway
          namespace: capi-dns
          annotations:
            connectivity.tanzu.vmware.com/dns-hostname: "*.gateway.cluster-a.dev-team.clusters.xcc.test"
            connectivity.tanzu.vmware.com/gateway-dns-ref: dev-team/dev-team-gateway-dns
            other: dropped
        addressType: IPv4
        endpoints: [{addresses: [203.0.113.10]}]
      - apiVersion: operator.openshift.io/v1
        kind: DNS
        metadata: {name: default}
        spec: {logLevel: Normal, servers: [{name: corp, zones: [corp.test], forwardPlugin: {upstreams: [192.0.2.1]}}]}
      """)
    #expect(recording.findings.map(\.message) == [])
    let all = recording.files.map { String(decoding: $0.content ?? [], as: UTF8.self) }.joined()
    #expect(all.contains("name: coredns") && all.contains("errors"))
    #expect(!all.contains("kubeadm-config") && !all.contains("secretive") && !all.contains("resourceVersion"))
    #expect(all.contains("dns-hostname") && all.contains("gateway-dns-ref") && !all.contains("dropped"))
    #expect(all.contains("name: corp") && !all.contains("logLevel"))
    #expect(recording.summary.contains("left out: 1 ConfigMap"))
  }

  @Test func namesAreRemarks() throws {
    let compilation = try GatewayDNSTests.example().compile()
    #expect(
      compilation.remarks.map(\.remark.text) == [
        "clients call default/kuard of cluster-a at kuard.gateway.cluster-a.dev-team.clusters.xcc.test:80"
      ])
    #expect(compilation.remarks.map(\.connections) == [["default/kuard"]])
    var options = ReportFormat.Options(version: "test")
    options.remarks = compilation.reportRemarks
    let report = try Self.json(ReportFormat.json.render(compilation.findings, rules: [], options: options))
    let remark = try #require(report["remarks"]?.elements.first { _ in true })
    #expect(
      remark["topic"]?.text == "name" && remark["connections"]?.elements.map(\.text) == ["default/kuard"])
    #expect(remark["text"]?.text.contains("kuard.gateway.cluster-a.dev-team.clusters.xcc.test") == true)
  }

  static func json(_ text: String) throws -> Node {
    try #require(Tree.parse(text: text, path: "report.json").tree.root)
  }
}
