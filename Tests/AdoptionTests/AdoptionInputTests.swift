import Adoption
import Compiler
import Diagnostics
import Output
import Snapshot
import TestSupport
import Testing

/// Input that is no state of a cluster, or more than one, or far too much.
@Suite struct AdoptionInputTests {
  static let claim = """
    apiVersion: porter.devops.gov.bc.ca/v1alpha1
    kind: TransportServerClaim
    metadata: {name: web-tsc, namespace: a1b2c3-dev}
    spec: {service: web, servicePort: 8000, monitor: {type: tcp, interval: 10, timeout: 10}}

    """
  static let service = """
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: a1b2c3-dev}
    spec: {type: NodePort, selector: {app: web}, ports: [{port: 8000}]}

    """
  static let good = claim + "---\n" + service
  static let inlineClaim =
    "{apiVersion: porter.devops.gov.bc.ca/v1alpha1, kind: TransportServerClaim, metadata: {name: \"${NAME}\"}, spec: {service: a, servicePort: 1}}\n"

  private func adopt(
    _ clusters: KeyValuePairs<String, String>, fleet: [String: String] = [:],
    _ change: (inout AdoptionRequest) -> Void = { _ in }
  ) throws -> Adoption {
    var request = AdoptionRequest(
      clusters: clusters.map { name, text in
        AdoptionRequest.Cluster(
          name: name, files: [SourceFile(path: "\(name).yaml", bytes: Array(text.utf8))], path: nil)
      }, fleetName: "fleet")
    change(&request)
    return try Adoption(request, in: MemorySnapshot(texts: fleet), compiler: try AdoptionCase.compiler.get())
  }

  /// Every input that cannot be read is refused with a place, and nothing is written.
  @Test(arguments: [
    // Two documents joined without '---'.
    ("LW1004", claim + claim.replacing("web-tsc", with: "web-two")),
    // A chart's template, with and without quotes.
    ("LW9001", "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}\n"),
    (
      "LW9001",
      "apiVersion: v1\nkind: Service\nmetadata: {name: \"{{ .Values.name }}\"}\nspec: {ports: [{port: 1}]}\n"
    ),
    // OpenShift's, and what Flux or envsubst would fill in.
    (
      "LW9001",
      "apiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {name: db}\nobjects:\n- " + inlineClaim
    ), ("LW9001", good.replacing("namespace: a1b2c3-dev", with: "namespace: \"${PLATE}-dev\"")),
    // kustomize's input.
    ("LW9002", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n"),
    ("LW9002", "- op: replace\n  path: /spec/servicePort\n  value: 9000\n"),
    (
      "LW9002", "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: n}\nspec: {type: NodePort}\n"
    ),
    (
      "LW9002",
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: n}\nspec: {replicas: 3}\n"
    ),
    (
      "LW9002",
      "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: n}\nspec: {ports: [{$patch: delete, port: 1}]}\n"
    ),
    // Of which kind?
    ("LW9017", good.replacing("kind: TransportServerClaim\n", with: "Kind: TransportServerClaim\n")),
    (
      "LW9017",
      "apiVersion: porter.devops.gov.bc.ca/v1alpha1\nkind: TransportServerClaimList\nitems:\n- metadata: {name: a, namespace: b}\n  spec: {service: a, servicePort: 1}\n"
    ),
    // Nowhere.
    ("LW9008", good.replacing(", namespace: a1b2c3-dev", with: "")),
    // Nothing at all.
    ("LW9011", ""), ("LW9011", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n"),
    ("LW9011", "just text"), ("LW9011", "[1, 2, 3]"), ("LW9011", "apiVersion: v1\nkind: List\nitems: []\n"),
  ])
  func refused(_ id: String, _ text: String) throws {
    let adoption = try adopt(["gold": text])
    let finding = try #require(adoption.findings.first { $0.rule.id == id }, "\(adoption.goldenText)")
    #expect(finding.severity == .error && finding.primary != nil && !finding.help.isEmpty)
    #expect(adoption.isRefused && adoption.files.isEmpty)
  }

  @Test func clustersAreNotMixed() throws {
    func with(_ uid: String, _ port: Int) -> String {
      Self.claim.replacing("{name: web-tsc,", with: "{uid: \(uid), name: web-tsc,").replacing(
        "8000", with: "\(port)")
    }
    let two = try adopt(["gold": with("a", 8000) + "---\n" + with("b", 9000)])
    #expect(two.findings.contains { $0.rule.id == "LW9003" } && two.isRefused)
    let same = try adopt(["gold": with("a", 8000), "golddr": with("a", 8000)])
    #expect(same.findings.contains { $0.rule.id == "LW9003" } && same.isRefused)
  }

  @Test func duplicatesAreNamedAndTheFirstIsAdopted() throws {
    let other = Self.claim.replacing("interval: 10", with: "interval: 30")
    let adoption = try adopt(["gold": Self.good + "---\n" + other])
    #expect(adoption.findings.contains { $0.rule.id == "LW9004" && $0.severity == .warning })
    let text = String(
      decoding: try #require(adoption.files.first { $0.path.hasPrefix("connections/") }).content,
      as: UTF8.self)
    #expect(!text.contains("interval: 30"))
    // The same twice is no finding.
    let same = try adopt(["gold": Self.good + "---\n" + Self.claim])
    #expect(same.findings.allSatisfy { $0.rule.id != "LW9004" })
    for adoption in [adoption, same] {
      // What is taken over is taken over everywhere: a copy that stays would be taken for its owner's.
      #expect(adoption.report.count(.equivalent) == 1 && adoption.report.count(.different) == 0)
      let line = try #require(adoption.report.lines.first { $0.object.contains("Claim") })
      #expect(line.place == "gold.yaml:3" && line.copies.count == 1, "\(adoption.goldenText)")
      #expect(adoption.report.steps[0].objects.count == 2)
    }
  }

  /// Namespaces one after the other, from manifests elsewhere: each run writes its own records, and speaks of its own
  /// objects.
  @Test func laterRunsAddNamespaces() throws {
    let first = try adopt(["gold": Self.good])
    let prod = Self.good.replacing("a1b2c3-dev", with: "a1b2c3-prod")
    let request = AdoptionRequest(
      clusters: [
        AdoptionRequest.Cluster(
          name: "gold", files: [SourceFile(path: "prod.yaml", bytes: Array(prod.utf8))], path: nil)
      ], fleetName: "fleet")
    func again(_ request: AdoptionRequest, over files: [String: [UInt8]]) throws -> Adoption {
      try Adoption(request, in: MemorySnapshot(files), compiler: try AdoptionCase.compiler.get())
    }
    let second = try again(request, over: first.writtenFiles)
    #expect(second.files.contains { $0.path == "recorded/gold/a1b2c3-prod.yaml" })
    #expect(
      second.report.count(.equivalent) == 1 && second.report.count(.different) == 0, "\(second.goldenText)")
    #expect(!second.text(isDryRun: true, isVerbose: true).contains("a1b2c3-dev"), "\(second.goldenText)")
    // What is on record and has changed is said, not written over.
    var changed = request
    let other = prod.replacing("port: 8000}", with: "port: 8000}, {port: 9000, name: admin}")
    changed.clusters[0] = AdoptionRequest.Cluster(
      name: "gold", files: [SourceFile(path: "prod.yaml", bytes: Array(other.utf8))], path: nil)
    let third = try again(changed, over: first.writtenFiles.merging(second.writtenFiles) { $1 })
    #expect(third.files.isEmpty)
    #expect(
      third.report.suggestions.contains {
        $0.contains("recorded/gold/a1b2c3-prod.yaml") && $0.contains("linkwright record --cluster gold")
      }, "\(third.goldenText)")
  }

  /// Renderings of several environments that name no namespace: each file has its own.
  @Test func filesHaveNamespaces() throws {
    let bare = Self.good.replacing(", namespace: a1b2c3-dev", with: "")
    let files = ["dev", "prod"].map { SourceFile(path: "\($0).yaml", bytes: Array(bare.utf8)) }
    let request = AdoptionRequest(
      clusters: [
        AdoptionRequest.Cluster(
          name: "gold", files: files, path: nil,
          namespaces: ["dev.yaml": "a1b2c3-dev", "prod.yaml": "a1b2c3-prod"])
      ], fleetName: "fleet")
    let adoption = try Adoption(
      request, in: MemorySnapshot(texts: [:]), compiler: try AdoptionCase.compiler.get())
    #expect(adoption.report.count(.equivalent) == 2, "\(adoption.goldenText)")
    let connection = try #require(adoption.files.first { $0.path == "connections/a1b2c3/web.yaml" })
    #expect(
      String(decoding: connection.content, as: UTF8.self).contains("namespaces: [a1b2c3-dev, a1b2c3-prod]"))
    for namespace in ["a1b2c3-dev", "a1b2c3-prod"] {
      #expect(adoption.files.contains { $0.path == "recorded/gold/\(namespace).yaml" })
    }
  }

  /// One finding for a file, and none beside what makes it no state of a cluster.
  @Test func missingNamespacesAreSaidOnce() throws {
    let bare = Self.good.replacing(", namespace: a1b2c3-dev", with: "")
    let adoption = try adopt(["gold": bare])
    let findings = adoption.findings.filter { $0.rule.id == "LW9008" }
    #expect(findings.count == 1 && findings[0].message.hasSuffix("has no namespace, and another object"))
    let both = try adopt(["gold": bare + "---\nkind: Kustomization\nresources: [a.yaml]\n"])
    #expect(both.findings.map(\.rule.id) == ["LW9002"])
  }

  @Test(arguments: ["helm.sh/hook: test", "argocd.argoproj.io/hook: PreSync"])
  func hooksAreNoState(_ annotation: String) throws {
    let hook = Self.claim.replacing(
      "{name: web-tsc,", with: "{annotations: {\(annotation)}, name: hook,")
    let adoption = try adopt(["gold": Self.good + "---\n" + hook])
    #expect(adoption.report.hooks == 1)
    #expect(!adoption.goldenText.contains("/hook"))
  }

  @Test func namespaceCanBeGiven() throws {
    let bare = Self.good.replacing(", namespace: a1b2c3-dev", with: "")
    let adoption = try adopt(["gold": bare]) { $0.defaultNamespace = "a1b2c3-test" }
    #expect(!adoption.isRefused, "\(adoption.goldenText)")
    #expect(adoption.files.contains { $0.path == "recorded/gold/a1b2c3-test.yaml" })
    #expect(adoption.report.count(.equivalent) == 1)
  }

  @Test func jsonIsReadLikeYAML() throws {
    let json = """
      {"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "porter.devops.gov.bc.ca/v1alpha1", "kind": "TransportServerClaim",
         "metadata": {"name": "web-tsc", "namespace": "a1b2c3-dev"}, "spec": {"service": "web", "servicePort": "8000",
         "monitor": {"type": "tcp", "interval": 10, "timeout": 10}}}]},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "a1b2c3-dev"},
         "spec": {"type": "NodePort", "selector": {"app": "web"}, "ports": [{"port": 8000}]}}]}
      """
    let adoption = try adopt(["gold": json])
    #expect(adoption.report.count(.equivalent) == 1, "\(adoption.goldenText)")
  }

  /// What the API server adds is no part of what is compared, wherever it stands.
  @Test func liveFieldsChangeNothing() throws {
    let live = Self.good.replacing(
      "namespace: a1b2c3-dev}",
      with:
        "namespace: a1b2c3-dev, uid: UID, resourceVersion: \"7\", generation: 3, creationTimestamp: \"2026-01-01T00:00:00Z\", finalizers: [porter.devops.gov.bc.ca/finalizer], managedFields: [{manager: kubectl, fieldsV1: {\"f:spec\": {}}}], annotations: {kubectl.kubernetes.io/last-applied-configuration: \"{}\"}}"
    ).replacing("timeout: 10}}", with: "timeout: 10}}\nstatus: {address: 142.34.1.1, port: \"20000\"}")
    var text = ""
    for (number, part) in live.split(separator: "UID", omittingEmptySubsequences: false).enumerated() {
      text += (number == 0 ? "" : "u\(number)") + part
    }
    let (plain, dump) = (try adopt(["gold": Self.good]), try adopt(["gold": text]))
    func specification(_ adoption: Adoption) -> [AdoptedFile] {
      adoption.files.filter { !$0.path.hasPrefix("recorded/") && !$0.path.hasPrefix("observed/") }
    }
    #expect(specification(plain) == specification(dump))
    #expect(plain.report.lines.map(\.differences) == dump.report.lines.map(\.differences))
    #expect(dump.files.contains { $0.path == "observed/gold/a1b2c3-dev.yaml" })
  }

  /// What stays may lean on what is taken over: aliases lead into it.
  @Test func aliasesIntoHiddenObjects() throws {
    let text = """
      apiVersion: v1
      kind: List
      items:
      - apiVersion: porter.devops.gov.bc.ca/v1alpha1
        kind: TransportServerClaim
        metadata: {name: web-tsc, namespace: &ns a1b2c3-dev, labels: &l {app: web}}
        spec: {service: web, servicePort: "8000", monitor: {type: tcp, interval: 10, timeout: 10}, port: 9}
      - apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: *ns}
        spec: {type: NodePort, selector: *l, ports: [{port: 8000}]}
      - apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: *ns}
        spec:
          selector: {matchLabels: *l}
          template: {metadata: {labels: {<<: *l, v: "1"}}, spec: {containers: [{name: w, image: w}]}}

      """
    let adoption = try adopt(["gold": text])
    // A key that the operator does not know changes nothing either.
    #expect(adoption.report.count(.equivalent) == 1 && adoption.report.count(.different) == 0)
    #expect(adoption.goldenText.contains("spec.port: 9  (the operator reads no such field)"))
    let record = try #require(adoption.files.first { $0.path == "recorded/gold/a1b2c3-dev.yaml" })
    #expect(!String(decoding: record.content, as: UTF8.self).contains("TransportServerClaim"))
  }

  /// Where namespaces must opt in, an annotation on a Service of another one does nothing.
  @Test func localNamespacesStayLocal() throws {
    func cluster(_ name: String, _ id: Int, _ other: String) -> String {
      let services = ["shared", "local"].map { namespace in
        """
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: a, namespace: \(namespace), annotations: {service.cilium.io/global: "true"}}
        spec: {selector: {app: a}, ports: [{port: 80}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: a, namespace: \(namespace)}
        spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: a, image: a}]}}}

        """
      }
      return """
        cluster: {name: \(name), id: \(id)}
        clustermesh:
          useAPIServer: true
          defaultGlobalNamespace: false
          config: {enabled: true, clusters: {\(other): {port: 2379, ips: [10.0.\(id).1]}}}
          apiserver: {service: {type: LoadBalancer}}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: shared, annotations: {clustermesh.cilium.io/global: "true"}}

        """ + services.joined()
    }
    let adoption = try adopt(["one": cluster("one", 1, "two"), "two": cluster("two", 2, "one")]) {
      $0.chartVersion = "1.20.1"
    }
    #expect(
      adoption.files.filter { $0.path.hasPrefix("connections/") }.map(\.path) == ["connections/shared/a.yaml"]
    )
    #expect(!adoption.findings.contains { $0.severity == .error }, "\(adoption.goldenText)")
    #expect(
      adoption.goldenText.contains(
        "Service local/a of one is left as it is: namespace local of one has not opted in"))
    #expect(adoption.report.count(.different) == 0 && adoption.report.count(.left) == 2)
  }

  /// Values may hold private keys; a report shows none, whatever becomes of them.
  @Test func keysOfValuesAreNotShown() throws {
    func values(_ name: String, _ id: Int, _ other: String) -> String {
      """
      cluster: {name: \(name), id: \(id)}
      tls: {ca: {cert: LS0tLS1CRUdJTiBDRVJU, key: c2VjcmV0LWNhLWtleQ==}}
      clustermesh:
        useAPIServer: true
        config:
          enabled: true
          clusters:
          - name: \(other)
            port: 32379
            ips: [10.0.\(id).1]
            tls: {cert: LS0tLS1CRUdJTiBDRVJU, key: c2VjcmV0LXBlZXIta2V5, caCert: LS0tLS1CRUdJTiBDRVJU}
        apiserver: {tls: {auto: {enabled: false}, server: {cert: LS0tLS1CRUdJTiBDRVJU, key: c2VjcmV0LXNlcnZlcg==}}}

      """
    }
    let adoption = try adopt(["a": values("a", 1, "b"), "b": values("b", 2, "a")]) {
      $0.chartVersion = "1.17.1"
    }
    let texts =
      [adoption.goldenText, adoption.json(version: "1"), adoption.text(isDryRun: true, isVerbose: true)]
      + adoption.files.map { String(decoding: $0.content, as: UTF8.self) }
    #expect(adoption.goldenText.contains("clustermesh.config.clusters.b.tls.key: (not shown) goes"))
    for text in texts { #expect(!text.contains("c2VjcmV0") && !text.contains("LS0tLS1CRUdJTi")) }
  }

  /// Kinds of CustomResourceDefinitions that nobody knows, and those definitions themselves, are counted and left.
  @Test func unknownKindsAreCounted() throws {
    let strange = """
      ---
      apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata: {name: widgets.example.com}
      spec: {group: example.com, names: {kind: Widget}}
      ---
      apiVersion: example.com/v1
      kind: Widget
      metadata: {name: w}
      spec: {selector: {app: web}, service: web}

      """
    let adoption = try adopt(["gold": Self.good + strange])
    #expect(adoption.report.unread == ["CustomResourceDefinition": 1, "Widget": 1])
    #expect(adoption.report.count(.equivalent) == 1 && !adoption.isRefused)
  }

  /// Manifests from elsewhere go into records: what is not taken over must be found there again.
  @Test(arguments: ["tetrate-gitops", "tetrate-tctl", "istio"])
  func recordsKeepWhatLinksRead(_ name: String) throws {
    let example = AdoptionCase(name: name)
    var request = try example.request()
    request.clusters = request.clusters.map {
      AdoptionRequest.Cluster(name: $0.name, files: $0.files, path: nil)
    }
    let elsewhere = try Adoption(
      request, in: MemorySnapshot(texts: [:]), compiler: try AdoptionCase.compiler.get())
    #expect(elsewhere.files.contains { $0.path.hasPrefix("recorded/") })
    func outcomes(_ adoption: Adoption) -> [String] {
      adoption.report.lines.map { "\($0.cluster) \($0.object) \($0.outcome)" }
    }
    #expect(outcomes(elsewhere) == outcomes(try example.adopt()))
    #expect(
      elsewhere.files.filter { $0.path.hasPrefix("links/") }
        == (try example.adopt()).files.filter { $0.path.hasPrefix("links/") })
  }

  /// A repository that is adopted already: the output that its clusters run is no news.
  @Test func anAdoptedRepositoryStaysAsItIs() throws {
    let first = try adopt(["gold": Self.good])
    let rest = first.writtenFiles.merging(["recorded/gold/a1b2c3-dev.yaml": Array(Self.service.utf8)]) { $1 }
    let compilation = try AdoptionCase.compiler.get().compile(MemorySnapshot(rest))
    let emitted = try #require(
      compilation.output.files.first { $0.path.hasSuffix("transportserverclaim-web-tsc.yaml") })
    let text = Self.service + "---\n" + String(decoding: emitted.content, as: UTF8.self)
    var request = AdoptionRequest(
      clusters: [
        AdoptionRequest.Cluster(
          name: "gold", files: [SourceFile(path: "gold.yaml", bytes: Array(text.utf8))], path: nil)
      ], fleetName: "fleet")
    request.defaultNamespace = nil
    let again = try Adoption(
      request, in: MemorySnapshot(rest), compiler: try AdoptionCase.compiler.get())
    #expect(again.files.isEmpty, "\(again.files.map(\.path))")
    #expect(again.report.count(.identical) == 1 && again.report.isComplete, "\(again.goldenText)")
  }

  /// Kinds of other groups that have names of kinds that are read.
  @Test func namesakesAreNoPatches() throws {
    let others = """
      ---
      apiVersion: serving.knative.dev/v1
      kind: Service
      metadata: {name: hello, namespace: a1b2c3-dev}
      spec: {template: {spec: {containers: [{image: hello}]}}}
      ---
      apiVersion: crd.projectcalico.org/v1
      kind: NetworkPolicy
      metadata: {name: default.deny, namespace: a1b2c3-dev}
      spec: {selector: "app == 'web'", types: [Ingress]}
      ---
      apiVersion: net.gke.io/v1
      kind: ServiceExport
      metadata: {name: web, namespace: a1b2c3-dev}
      ---
      apiVersion: postgresql.cnpg.io/v1
      kind: Cluster
      metadata: {name: db}
      spec: {instances: 3}

      """
    let adoption = try adopt(["gold": Self.good + others])
    #expect(!adoption.isRefused, "\(adoption.goldenText)")
    let unread = ["Service": 1, "NetworkPolicy": 1, "ServiceExport": 1, "Cluster": 1]
    #expect(adoption.report.unread == unread && adoption.report.count(.equivalent) == 1)
  }

  /// Thousands of objects that nobody asked for cost time in proportion and change nothing.
  @Test func unrelatedObjectsAreCounted() throws {
    let noise = (0..<20_000).map { number in
      "---\napiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w\(number), namespace: n\(number % 50)}\nspec: {size: 1}\n"
    }.joined()
    let files = try adopt(["gold": Self.good]).files.map(\.path)
    var adoption: Adoption?
    let time = try ProcessorTime.measure { adoption = try adopt(["gold": Self.good + noise]) }
    #expect(adoption?.report.unread["Widget"] == 20_000 && adoption?.files.map(\.path) == files)
    #expect(time < .seconds(200), "it grows faster than the input")
  }

  /// A pair that the manifests do not show can be said; one that could be two is asked for.
  @Test func pairs() throws {
    let asked = try adopt(["gold": Self.good, "left": Self.service, "right": Self.service])
    #expect(asked.findings.contains { $0.rule.id == "LW9006" })
    let said = try adopt(["gold": Self.good, "left": Self.service, "right": Self.service]) {
      $0.pairs = [("gold", "right")]
    }
    let link = try #require(said.files.first { $0.path == "links/gold-pair.yaml" })
    #expect(String(decoding: link.content, as: UTF8.self).contains("secondary: right"))
  }

  @Test func ownerIsDirectoryAndField() throws {
    let adoption = try adopt(["gold": Self.good]) { $0.owner = "Team Blue" }
    let file = try #require(adoption.files.first { $0.path == "connections/team-blue/web.yaml" })
    #expect(String(decoding: file.content, as: UTF8.self).contains("owner: Team Blue"))
  }

  /// What a person wrote under the same name stays, whatever it says.
  @Test func existingDocumentsAreKept() throws {
    let mine = [
      "linkwright.yaml": "apiVersion: linkwright.dev/v1alpha1\nkind: Fleet\nmetadata: {name: mine}\n",
      "clusters/mine.yaml": "apiVersion: linkwright.dev/v1alpha1\nkind: Cluster\nmetadata: {name: gold}\n",
      "links/porter.yaml":
        "apiVersion: linkwright.dev/v1alpha1\nkind: Link\nmetadata: {name: porter}\nspec: {porter: {primary: gold}}\n",
      "connections/web.yaml": """
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: other-name, namespace: a1b2c3-dev}
      spec:
        from: [{external: {name: span-bc}}]
        to: {service: web, ports: [8000]}
        porter: {claimName: another-claim}

      """,
    ]
    let adoption = try adopt(["gold": Self.good], fleet: mine)
    #expect(adoption.files.allSatisfy { $0.path.hasPrefix("recorded/") }, "\(adoption.files.map(\.path))")
    // The claim's name is not the live one: that is said, not mended.
    #expect(adoption.report.count(.different) == 1)
    #expect(adoption.report.suggestions.contains { $0.contains("Cluster gold") })
  }

  /// Seeds are printed by name: damaged input is refused or adopted, never a crash.
  @Test(arguments: 0..<200) func damagedInputNeverCrashes(_ seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    var bytes = Array(Self.good.utf8)
    for _ in 0...Int.random(in: 0..<6, using: &generator) {
      let index = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<3, using: &generator) {
      case 0: bytes[index] = UInt8.random(in: 9...126, using: &generator)
      case 1: bytes.remove(at: index)
      default: bytes.insert(contentsOf: bytes[..<min(index, 40)], at: index)
      }
    }
    let file = SourceFile(path: "gold.yaml", bytes: bytes)
    let cluster = AdoptionRequest.Cluster(name: "gold", files: [file], path: nil)
    let request = AdoptionRequest(clusters: [cluster], fleetName: "fleet")
    let compiler = try AdoptionCase.compiler.get()
    let adoption = try Adoption(request, in: MemorySnapshot(texts: [:]), compiler: compiler)
    #expect(!adoption.findings.isEmpty || !adoption.files.isEmpty, "seed \(seed)")
  }
}
