import Compiler
package import Diagnostics
import Kubernetes
import Linker
import Snapshot
import YAMLTree

/// What adopt is asked for.
package struct AdoptionRequest: Sendable {
  /// The manifests of one cluster.
  package struct Cluster: Sendable {
    package let name: String
    /// With paths as they shall be shown; those inside the fleet's directory from its root.
    package let files: [SourceFile]
    /// The path that was given, from the fleet's root; nil for what lies elsewhere or came from standard input.
    package let path: String?
    /// The namespace of objects that name none, for files that have one of their own.
    package let namespaces: [String: String]

    package init(name: String, files: [SourceFile], path: String?, namespaces: [String: String] = [:]) {
      self.name = name
      self.files = files
      self.path = path
      self.namespaces = namespaces
    }
  }

  package var clusters: [Cluster]
  /// The fleet's name, where there is none yet.
  package var fleetName: String
  /// Pairs of clusters that one operator serves, primary first.
  package var pairs: [(primary: String, secondary: String)] = []
  /// The namespace of objects that name none.
  package var defaultNamespace: String?
  /// Who answers for the connections; also their directory.
  package var owner: String?
  /// The version of the Cilium chart, where the manifests do not say.
  package var chartVersion: String?

  package init(clusters: [Cluster], fleetName: String) {
    self.clusters = clusters
    self.fleetName = fleetName
  }
}

/// What one cluster's manifests say: each object once, what is no state of the cluster left out.
struct AdoptedCluster: Sendable {
  private struct KindID: Hashable {
    let group: String
    let kind: String
  }

  let name: String
  let path: String?
  let files: [SourceFile]
  /// The namespace of objects that name none, for files that have one of their own.
  let namespaces: [String: String]
  private(set) var objects: [Manifest] = []
  private(set) var byIdentity: [ObjectIdentity: Manifest] = [:]
  /// Further manifests of objects that stand in several places.
  private(set) var copies: [ObjectIdentity: [Manifest]] = [:]
  private(set) var services: [NamespacedName: Service] = [:]
  private(set) var workloads: [String: [Workload]] = [:]
  private(set) var policies: [String: [NetworkPolicy]] = [:]
  private var byKind: [KindID: [Manifest]] = [:]
  private var slices: [NamespacedName: [Manifest]] = [:]
  /// Documents that are Helm values.
  private(set) var values: [Node] = []
  /// Objects of kinds that no system reads, by kind.
  private(set) var unread: [String: Int] = [:]
  /// Objects that live in a namespace and name none.
  private var placeless: [Manifest] = []
  /// Documents of Helm's and Argo CD's hooks.
  private(set) var hooks: [Manifest] = []
  /// True for what a cluster answered: its objects carry what only the API server sets.
  private(set) var isDump = false
  private(set) var findings: [Diagnostic] = []

  /// Kinds that adopt or a compile reads, with their groups: others have kinds of the same names.
  private static let read: [String: Set<String>] = [
    "Service": [""], "Endpoints": [""], "Namespace": [""], "ConfigMap": [""], "Secret": [""], "Node": [""],
    "EndpointSlice": ["discovery.k8s.io"], "NetworkPolicy": ["networking.k8s.io"],
    "Ingress": ["networking.k8s.io"], "CiliumNetworkPolicy": ["cilium.io"],
    "CiliumClusterwideNetworkPolicy": ["cilium.io"], "CiliumConfig": ["cilium.io"],
    "TransportServerClaim": [PorterClaim.group], "TransportServer": ["cis.f5.com"],
    "GatewayDNS": ["connectivity.tanzu.vmware.com"],
    "Cluster": ["cluster.x-k8s.io", "tsb.tetrate.io", "api.tsb.tetrate.io"],
    "DNS": ["operator.openshift.io"], "HelmRelease": ["helm.toolkit.fluxcd.io"],
    "HelmChart": ["helm.cattle.io"], "HelmChartConfig": ["helm.cattle.io"],
    "Application": ["argoproj.io"], "Gateway": ["networking.istio.io", "install.tetrate.io"],
    "IngressGateway": ["install.tetrate.io"], "Tier1Gateway": ["install.tetrate.io"],
    "ServiceEntry": ["networking.istio.io"],
    "WorkloadEntry": ["networking.istio.io"], "WorkspaceSetting": ["tsb.tetrate.io", "api.tsb.tetrate.io"],
    "OrganizationSetting": ["tsb.tetrate.io", "api.tsb.tetrate.io"],
    "Workspace": ["tsb.tetrate.io", "api.tsb.tetrate.io"], "HTTPProxy": ["projectcontour.io"],
    "ServiceExport": [ExportAdoption.group], "ServiceImport": [ExportAdoption.group],
  ]

  private static func isRead(_ manifest: Manifest) -> Bool {
    read[manifest.kind]?.contains(manifest.identity.group) == true
  }

  init(_ request: AdoptionRequest.Cluster, defaultNamespace: String?) {
    name = request.name
    path = request.path
    files = request.files
    namespaces = request.namespaces
    for file in files { read(file, request.namespaces[file.path] ?? defaultNamespace) }
    for manifest in objects { index(manifest) }
    // What is no state of a cluster need not name its namespace.
    if !findings.containErrors { reportWithoutNamespace() }
  }

  private mutating func read(_ file: SourceFile, _ defaultNamespace: String?) {
    let parsed = Tree.parse(file)
    if let braces = Self.template(in: file), !parsed.findings.isEmpty || Self.isUnrendered(file) {
      findings.append(
        Diagnostic(
          AdoptionRules.templateGiven, "\(file.path) is a template, not what it renders", at: braces,
          "not rendered",
          help: ["give adopt what 'helm template' prints for \(name), with that cluster's values"]))
      return
    }
    findings += parsed.findings
    for document in parsed.tree.documents where !document.isNull {
      guard !reportTemplate(document), !reportPatch(document), !reportNameless(document) else { continue }
      if document["kind"] == nil,
        document["cluster"]?.kind == .mapping || document["clustermesh"]?.kind == .mapping
      {
        values.append(document)
      }
      Manifest.all(in: document) { add($0, defaultNamespace) }
    }
  }

  /// Where `{{` stands, for files that may be templates.
  private static func template(in file: SourceFile) -> SourceRange? {
    let brace = UInt8(ascii: "{")
    var previous: UInt8 = 0
    for (offset, byte) in file.bytes.enumerated() {
      if byte == brace, previous == brace {
        return SourceRange(file: file, start: offset - 1, end: offset + 1)
      }
      previous = byte
    }
    return nil
  }

  /// `{{ .Values.x }}` in quotes parses all the same. Argo CD's and Prometheus' own braces have no such words.
  private static func isUnrendered(_ file: SourceFile) -> Bool {
    let text = String(decoding: file.bytes, as: UTF8.self)
    return [".Values.", ".Release.", "include \""].contains { text.contains($0) }
      && !text.contains("kind: ConfigMap") && !text.contains("kind: List")
  }

  /// True after reporting a Template of OpenShift, or an object whose place something is to be put into.
  private mutating func reportTemplate(_ document: Node) -> Bool {
    if document["kind"]?.isString("Template") == true, let objects = document["objects"],
      objects.kind == .sequence
    {
      findings.append(
        Diagnostic(
          AdoptionRules.templateGiven, "this is an OpenShift template, not what it makes",
          at: (document["kind"] ?? document).range, "not processed",
          help: ["give adopt what 'oc process -f \(document.range.file.path) -o yaml' prints for \(name)"]))
      return true
    }
    for node in [document.at("metadata", "name"), document.at("metadata", "namespace")].compactMap({ $0 })
    where node.text.contains("${") {
      findings.append(
        Diagnostic(
          AdoptionRules.templateGiven, "'\(node.text)' is a place for a value, not a name", at: node.range,
          "not substituted",
          help: ["give adopt what is applied to \(name), with the values put in (envsubst, Flux, oc process)"]
        ))
      return true
    }
    return false
  }

  /// True after reporting something that has an object's parts and does not say which kind it is: nobody would see it.
  private mutating func reportNameless(_ document: Node) -> Bool {
    let isTyped = document["kind"]?.string != nil && document["apiVersion"]?.string != nil
    var place: Node?
    var message = "this has the parts of an object and names no \(isTyped ? "kind" : "apiVersion and kind")"
    if isTyped, let items = document["items"], items.kind == .sequence {
      // kubectl prints lists with the kind of each item; the API itself leaves it to the list.
      place = items.elements.first { $0["metadata"] != nil && ($0["kind"] == nil || $0["apiVersion"] == nil) }
      message = "items of this \(document["kind"]?.text ?? "list") name no kind"
    } else if !isTyped, document.kind == .mapping {
      let parts = document.entries.first { ["metadata", "Metadata"].contains($0.key.text) }
      place = parts.flatMap { $0.value["name"] == nil ? nil : $0.key }
    }
    guard let place else { return false }
    findings.append(
      Diagnostic(
        AdoptionRules.kindMissing, message, at: place.range, "of which kind?",
        help: [
          isTyped
            ? "give adopt what 'kubectl get … -o yaml' prints, or write apiVersion and kind into each item"
            : "write apiVersion and kind at the top; keys are case-sensitive"
        ]))
    return true
  }

  /// True after reporting a kustomization or a patch.
  private mutating func reportPatch(_ document: Node) -> Bool {
    let api = document["apiVersion"]?.text ?? ""
    if api.hasPrefix("kustomize.config.k8s.io/")
      || document["kind"]?.isString("Kustomization") == true
        && !api.hasPrefix("kustomize.toolkit.fluxcd.io/")
    {
      report(patch: document["kind"] ?? document, "this is a kustomization, not what it builds")
      return true
    }
    if document.kind == .sequence,
      let first = document.elements.first(where: { $0["op"] != nil && $0["path"] != nil })
    {
      report(patch: first, "this is a JSON patch, not an object")
      return true
    }
    if let directive = Self.directive(in: document) {
      report(patch: directive, "'$patch' makes this a patch, not an object")
      return true
    }
    // What a cluster answered is whole, whatever it lacks.
    guard let manifest = Manifest(document), manifest.node.at("metadata", "uid") == nil,
      let missing = Self.missing(in: manifest)
    else { return false }
    report(
      patch: manifest.nameNode, "\(manifest.kind) '\(manifest.name)' has no \(missing): it looks like a patch"
    )
    return true
  }

  private mutating func report(patch node: Node, _ message: String) {
    findings.append(
      Diagnostic(
        AdoptionRules.patchGiven, message, at: node.range, "not the state of a cluster",
        help: ["give adopt what 'kubectl kustomize' prints for the overlay of \(name)"]))
  }

  /// The key `$patch` of a strategic merge patch, wherever it stands. Linear.
  private static func directive(in node: Node) -> Node? {
    for (key, value) in node.entries {
      if key.text == "$patch" { return key }
      if let found = directive(in: value) { return found }
    }
    for element in node.elements { if let found = directive(in: element) { return found } }
    return nil
  }

  /// What every object of a kind has and a patch leaves out.
  private static func missing(in manifest: Manifest) -> String? {
    let spec = manifest.node["spec"]
    guard isRead(manifest) || manifest.identity.group == "apps" else { return nil }
    switch manifest.kind {
    case "Service":
      let isComplete =
        spec?["ports"] != nil || spec?["type"]?.isString("ExternalName") == true
        || spec?["clusterIP"]?.isString("None") == true
      return isComplete ? nil : "ports"
    case "NetworkPolicy": return spec == nil ? "spec" : spec?["podSelector"] == nil ? "podSelector" : nil
    case "Deployment", "StatefulSet", "DaemonSet":
      return spec?.at("template", "spec", "containers") == nil ? "containers" : nil
    case "TransportServerClaim":
      return spec == nil || spec?["service"] == nil && spec?["servicePort"] == nil ? "service" : nil
    default: return nil
    }
  }

  private mutating func add(_ manifest: Manifest, _ defaultNamespace: String?) {
    var manifest = manifest
    if ["helm.sh/hook", "argocd.argoproj.io/hook"].contains(where: { manifest.annotation($0) != nil }) {
      hooks.append(manifest)
      return
    }
    if manifest.node.at("metadata", "uid") != nil || manifest.node.at("metadata", "resourceVersion") != nil {
      isDump = true
    }
    if manifest.namespace == nil, let defaultNamespace, Self.isNamespaced(manifest) {
      manifest = manifest.placed(in: defaultNamespace)
    }
    let identity = manifest.identity
    guard let first = byIdentity[identity] else {
      byIdentity[identity] = manifest
      objects.append(manifest)
      return
    }
    copies[identity, default: []].append(manifest)
    let (uid, other) = (first.node.at("metadata", "uid"), manifest.node.at("metadata", "uid"))
    if let uid, let other, uid.text != other.text {
      findings.append(
        Diagnostic(
          AdoptionRules.mixedClusters,
          "\(identity.description) has two uids: these are manifests of two clusters",
          at: other.range, "another object", also: [Label(uid.range, "the first")],
          help: ["give each cluster's dump under its own name: --cluster \(name)=… --cluster OTHER=…"]))
    } else if !LiveFields.areEqual(first.node, manifest.node) {
      findings.append(
        Diagnostic(
          AdoptionRules.objectTwice,
          "\(identity.description) stands twice in \(name), with different content",
          at: manifest.nameNode.range, "again, different",
          also: [Label(first.nameNode.range, "this one is adopted")],
          help: ["remove one of them"]))
    }
  }

  /// Kinds that adopt looks at and that live in a namespace.
  private static func isNamespaced(_ manifest: Manifest) -> Bool {
    // Files for tctl have a hierarchy in the place of a namespace.
    if TetrateObject.isTctl(manifest) { return false }
    if Workload.podNode(of: manifest) != nil { return true }
    let clusterScoped: Set<String> = ["Namespace", "CiliumClusterwideNetworkPolicy", "Node", "DNS"]
    return isRead(manifest) && !clusterScoped.contains(manifest.kind)
  }

  /// One finding for a file, however many objects of it name no namespace.
  private mutating func reportWithoutNamespace() {
    var byFile: [String: [Manifest]] = [:]
    for manifest in placeless { byFile[manifest.nameNode.range.file.path, default: []].append(manifest) }
    for (path, manifests) in byFile.sorted(by: { $0.key < $1.key }) {
      let first = manifests[0]
      let others = manifests.count - 1
      findings.append(
        Diagnostic(
          AdoptionRules.withoutNamespace,
          "\(first.kind) \(first.name) of \(name) has no namespace"
            + (others == 0 ? "" : others == 1 ? ", and another object" : ", and \(others) other objects"),
          at: first.nameNode.range, "no metadata.namespace beside this name",
          help: [
            "say which one with --namespace; where files have different ones: --cluster \(name)/NAMESPACE=\(path)"
          ]))
    }
  }

  private mutating func index(_ manifest: Manifest) {
    byKind[KindID(group: manifest.identity.group, kind: manifest.kind), default: []].append(manifest)
    let pod = Workload.podNode(of: manifest)
    if pod == nil, !Self.isRead(manifest), TetrateObject(manifest, of: name) == nil,
      !TetrateAdoption.isInternal(manifest)
    {
      unread[manifest.kind, default: 0] += 1
    }
    guard let namespace = manifest.namespace else {
      if Self.isNamespaced(manifest), manifest.kind != "Cluster" { placeless.append(manifest) }
      return
    }
    switch (manifest.identity.group, manifest.kind) {
    case ("", "Service"):
      services[NamespacedName(namespace, manifest.name)] = Service(manifest, namespace: namespace)
    case ("discovery.k8s.io", "EndpointSlice"):
      if let service = manifest.labels["kubernetes.io/service-name"] {
        slices[NamespacedName(namespace, service), default: []].append(manifest)
      }
    case ("networking.k8s.io", "NetworkPolicy"):
      policies[namespace, default: []].append(NetworkPolicy(manifest, namespace: namespace))
    default:
      if let pod {
        workloads[namespace, default: []].append(Workload(manifest, pod: pod, namespace: namespace))
      }
    }
  }

  // MARK: Questions

  /// All manifests of an object: the first is the one that is looked at.
  func manifests(of identity: ObjectIdentity) -> [Manifest] {
    (byIdentity[identity].map { [$0] } ?? []) + (copies[identity] ?? [])
  }

  /// The objects of a kind, in the order of the files.
  func objects(_ group: String, _ kind: String) -> [Manifest] {
    byKind[KindID(group: group, kind: kind)] ?? []
  }

  /// The EndpointSlices of a Service that no controller keeps, in the order of the files.
  func slices(of service: NamespacedName) -> [Manifest] {
    (slices[service] ?? []).filter {
      $0.labels["endpointslice.kubernetes.io/managed-by"]?.hasSuffix("controller.k8s.io") != true
    }
  }

  func object(_ apiVersion: String, _ kind: String, _ namespace: String, _ name: String) -> Manifest? {
    byIdentity[ObjectIdentity(apiVersion: apiVersion, kind: kind, namespace: namespace, name: name)]
  }

  /// The workloads whose pods a Service selects, and labels of its selector that only running pods have.
  func pods(of service: Service) -> (pods: [Workload], runtimeLabels: [(key: String, value: String)]) {
    guard !service.selector.isEmpty else { return ([], []) }
    let all = workloads[service.key.namespace] ?? []
    let exact = all.filter { LabelSelector(equality: service.selector).matches($0.podLabels) }
    if !exact.isEmpty { return (exact, []) }
    // What no template has, while another label of the selector is met: an operator or a leader election sets it.
    let unknown = service.selector.items.filter { label in all.allSatisfy { $0.podLabels[label.key] == nil } }
    guard !unknown.isEmpty, unknown.count < service.selector.items.count else {
      return ([], operated(service))
    }
    let runtime = Dictionary(unknown.map { ($0.key, [$0.value]) }) { first, _ in first }
    let near = all.filter {
      LabelSelector(equality: service.selector).matches($0.podLabels, runtimeLabels: runtime)
    }
    return near.isEmpty ? ([], operated(service)) : (near, unknown.map { ($0.key, $0.value) })
  }

  /// The whole selector: pods that no manifest makes are an operator's.
  private func operated(_ service: Service) -> [(key: String, value: String)] {
    service.selector.items.map { ($0.key, $0.value) }
  }
}

/// All that was given.
struct AdoptionInput: Sendable {
  let request: AdoptionRequest
  let clusters: [AdoptedCluster]
  private(set) var findings: [Diagnostic] = []

  init(_ request: AdoptionRequest) {
    self.request = request
    clusters = request.clusters.map { AdoptedCluster($0, defaultNamespace: request.defaultNamespace) }
    findings = clusters.flatMap(\.findings)
    checkDumps()
  }

  /// `runtimeLabels` for a target; nil where pod templates have all of its labels.
  func runtimeLabels(of key: NamespacedName, in cluster: String) -> SpecValue? {
    guard let cluster = self[cluster], let service = cluster.services[key] else { return nil }
    let labels = cluster.pods(of: service).runtimeLabels
    return labels.isEmpty ? nil : .map(SpecMap(labels.map { SpecMap.Entry($0.key, .texts([$0.value])) }))
  }

  subscript(name: String) -> AdoptedCluster? { clusters.first { $0.name == name } }

  /// One uid under two clusters: the same dump was given twice.
  private mutating func checkDumps() {
    var seen: [String: (cluster: String, node: Node)] = [:]
    for cluster in clusters {
      for manifest in cluster.objects {
        guard let uid = manifest.node.at("metadata", "uid"), !uid.text.isEmpty else { continue }
        guard let first = seen[uid.text] else {
          seen[uid.text] = (cluster.name, uid)
          continue
        }
        findings.append(
          Diagnostic(
            AdoptionRules.mixedClusters,
            "\(manifest.identity.description) is the same object in \(first.cluster) and \(cluster.name)",
            at: uid.range,
            "given for \(cluster.name)", also: [Label(first.node.range, "given for \(first.cluster)")],
            help: ["dump each cluster with its own context: kubectl --context \(cluster.name) get … -o yaml"])
        )
        return
      }
    }
  }
}
