package import Diagnostics
import Kubernetes
import Snapshot
package import YAMLTree

/// What the documents of one file declare.
package struct DecodedDocuments: Sendable {
  package var clusters: [Cluster] = []
  package var links: [Link] = []
  package var connections: [Connection] = []
  package var policies: [Policy] = []
  /// Documents that could not be used, so that nothing else complains that they are missing.
  package var invalid: [InvalidDocument] = []
  package var findings: [Diagnostic] = []
  /// Nil for a file that was read to its end.
  package var unread: UnreadFile?

  package init() {}
}

/// A document that exists but has findings of its own.
package struct InvalidDocument: Sendable {
  package let kind: String
  package let name: String
}

/// Documents into typed values: schema first, then what a schema cannot say.
///
/// Pure and per document, so files can be decoded in parallel.
package struct SpecDecoder: Sendable {
  /// Kinds that files of the specification may hold, beside Fleet.
  package static let kinds = ["Cluster", "Link", "Connection", "Policy"]
  package static let apiVersion = "linkwright.dev/v1alpha1"

  let schemas: SpecSchemas
  /// Keys of the registered link types.
  let linkTypes: [String]

  package init(schemas: SpecSchemas, linkTypes: [String]) {
    self.schemas = schemas
    self.linkTypes = linkTypes
  }

  /// Decodes the documents of one file.
  package func decode(_ tree: Tree) -> DecodedDocuments {
    var result = DecodedDocuments()
    for document in tree.documents where !document.isNull {
      for item in Self.items(of: document) { decode(item, into: &result) }
    }
    return result
  }

  /// A document, or the items of a `List`.
  private static func items(of document: Node) -> [Node] {
    if document["kind"]?.string?.hasSuffix("List") == true, let items = document["items"] {
      return Array(items.elements)
    }
    return [document]
  }

  private func decode(_ document: Node, into result: inout DecodedDocuments) {
    guard let kind = header(of: document, expecting: Self.kinds, &result.findings) else { return }
    let findings = schemas.findings(for: kind, document)
    guard findings.isEmpty else {
      result.findings += findings
      if let name = document.at("metadata", "name")?.string {
        result.invalid.append(InvalidDocument(kind: kind, name: name))
      }
      return
    }
    result.findings += Deprecation.findings(document)
    let before = result.findings.count
    switch kind {
    case "Cluster":
      if let cluster = Cluster(document) {
        checkNetworks(cluster, &result.findings)
        result.clusters.append(cluster)
      }
    case "Link":
      if let link = link(document, &result.findings) { result.links.append(link) }
    case "Policy":
      if let policy = policy(document, &result.findings) { result.policies.append(policy) }
    default:
      result.connections += connections(document, &result.findings)
    }
    if result.findings[before...].contains(where: { $0.severity == .error }), kind != "Cluster",
      let name = document.at("metadata", "name")?.string
    {
      result.invalid.append(InvalidDocument(kind: kind, name: name))
    }
  }

  /// Checks apiVersion and kind; nil after reporting a document that is none of ours.
  func header(of document: Node, expecting kinds: [String], _ findings: inout [Diagnostic]) -> String? {
    guard document.kind == .mapping, let kindNode = document["kind"], let kind = kindNode.string else {
      findings.append(
        Diagnostic(
          FleetSpecRules.foreignDocument, "this document has no 'kind'", at: document.range,
          "not a Linkwright document",
          help: [
            "start it with 'apiVersion: \(Self.apiVersion)' and 'kind: \(kinds.first ?? "Fleet")', or exclude the file in spec.sources of linkwright.yaml"
          ]))
      return nil
    }
    let version = document["apiVersion"]
    if let text = version?.string, !text.hasPrefix("linkwright.dev/") {
      findings.append(
        Diagnostic(
          FleetSpecRules.foreignDocument, "a \(kind) of \(text) is not part of the specification",
          at: kindNode.range,
          "a Kubernetes manifest",
          help: [
            kind == "ValidatingAdmissionPolicy"
              ? "make a Policy of it: its validations become 'rules', its matchConditions 'match.condition', what matchConstraints name 'match.kinds'; 'variables' stay"
              : "move it to the workloads of its cluster, or exclude the file in spec.sources of linkwright.yaml"
          ]))
      return nil
    }
    guard kinds.contains(kind) else {
      let isFleet = kind == "Fleet"
      findings.append(
        Diagnostic(
          FleetSpecRules.unknownKind,
          isFleet ? "a Fleet stands only in linkwright.yaml" : "there is no kind '\(kind)'",
          at: kindNode.range,
          isFleet ? "a second fleet" : "unknown kind",
          help: [didYouMean(kind, among: kinds) ?? "the kinds are \(kinds.joined(separator: ", "))"]))
      return nil
    }
    return kind
  }

  // MARK: Links

  private func link(_ document: Node, _ findings: inout [Diagnostic]) -> Link? {
    guard let name = document.at("metadata", "name")?.locatedString, let spec = document["spec"] else {
      return nil
    }
    let types = spec.entries.filter { linkTypes.contains($0.key.text) }
    guard types.count == 1, let (key, section) = types.first else {
      findings.append(
        Diagnostic(
          FleetSpecRules.linkTypes,
          "Link '\(name.value)' has \(types.count) link types: \(listed(types.map(\.key.text)))",
          at: name.node.range,
          "must have one", also: types.dropFirst().map { Label($0.key.range, "another one") },
          help: ["split it into one Link per type"]))
      return nil
    }
    let link = Link(name: name, type: Located(key.text, key), section: section, node: document)
    return overridden(link, spec, &findings)
  }

  // MARK: Connections

  /// A Connection for some of its namespaces; `spec` is the document's own, or has overrides laid over it.
  func connection(
    _ document: Node, _ spec: Node, _ name: Located<String>, _ namespaces: [Located<String>],
    _ findings: inout [Diagnostic]
  ) -> Connection? {
    guard let to = spec["to"] else { return nil }
    let before = findings.count
    let from = spec["from"]?.elements.map { client($0, &findings) } ?? []
    let target = target(to, namespace: namespaces.first?.value ?? "", &findings)
    guard !findings[before...].contains(where: { $0.severity == .error }), let target else { return nil }
    return Connection(
      name: name, namespaces: namespaces, via: spec["via"]?.locatedString, from: from, to: target,
      owner: spec["owner"]?.locatedString,
      acknowledgedExposure: spec.at("exposure", "acknowledged")?.locatedString,
      publishedConfigMap: spec.at("publish", "configMap")?.locatedString, spec: spec, node: document)
  }

  func namespaces(
    _ document: Node, _ name: Located<String>, _ findings: inout [Diagnostic]
  ) -> [Located<String>] {
    let single = document.at("metadata", "namespace")?.locatedString
    let several = document.at("spec", "namespaces")?.locatedStrings ?? []
    switch (single, several.isEmpty) {
    case (let single?, true): return [single]
    case (nil, false): return several
    case (let single?, false):
      findings.append(
        Diagnostic(
          FleetSpecRules.namespaceForms,
          "Connection '\(name.value)' has metadata.namespace and spec.namespaces",
          at: single.node.range, "one namespace",
          also: several.first.map { [Label($0.node.range, "and several")] } ?? [],
          help: ["remove one of them"]))
    case (nil, true):
      findings.append(
        Diagnostic(
          FleetSpecRules.namespaceForms, "Connection '\(name.value)' has no namespace", at: name.node.range,
          "in which namespace?", help: ["add metadata.namespace, or spec.namespaces for several"]))
    }
    return []
  }

  private func client(_ node: Node, _ findings: inout [Diagnostic]) -> Connection.Client {
    let source: Connection.Client.Source
    if let external = node["external"], let name = external["name"]?.locatedString {
      let cidrs = external["cidrs"]?.locatedStrings ?? []
      Self.checkNetworks(cidrs, &findings)
      source = .external(name: name, cidrs: cidrs)
    } else {
      source = .clusters(choice(node, &findings))
    }
    Self.checkSelector(node["podSelector"], &findings)
    return Connection.Client(
      source: source, namespace: node["namespace"]?.locatedString,
      podSelector: node["podSelector"].map { LabelSelector($0) }, node: node)
  }

  private func choice(_ node: Node, _ findings: inout [Diagnostic]) -> Connection.ClusterChoice {
    let selector = node["clusterSelector"]
    Self.checkSelector(selector, &findings)
    if let clusters = node["clusters"] {
      if let selector {
        findings.append(
          Diagnostic(
            FleetSpecRules.clusterForms, "clusters are named and selected at once", at: selector.range,
            "selected here",
            also: [Label(clusters.range, "named here")], help: ["remove one of them"]))
      }
      return .named(clusters.locatedStrings)
    }
    return selector.map { .selected(LabelSelector($0), $0) } ?? .members
  }

  func target(_ node: Node, namespace: String, _ findings: inout [Diagnostic]) -> Connection.Target? {
    let clusters = choice(node, &findings)
    guard let service = service(node, namespace: node["namespace"]?.string ?? namespace, &findings) else {
      return nil
    }
    var runtimeLabels: [String: [String]] = [:]
    for (key, values) in node["runtimeLabels"]?.entries.map({ $0 }) ?? [] {
      runtimeLabels[key.text] = values.elements.map(\.text)
    }
    return Connection.Target(
      clusters: clusters,
      match: node["match"].flatMap { match in
        Connection.Match(rawValue: match.text).map { Located($0, match) }
      },
      namespace: node["namespace"]?.locatedString, service: service,
      ports: node["ports"]?.elements.compactMap { port in PortReference(port).map { Located($0, port) } }
        ?? [],
      runtimeLabels: runtimeLabels, node: node)
  }

  private func service(
    _ node: Node, namespace: String, _ findings: inout [Diagnostic]
  ) -> Connection.ServiceChoice? {
    let forms = ["service", "services", "serviceSelector"].compactMap { node.entry($0) }
    guard forms.count == 1, let (key, value) = forms.first else {
      findings.append(
        Diagnostic(
          FleetSpecRules.serviceForms,
          forms.isEmpty
            ? "the target names no Service" : "the target names its Service in \(forms.count) ways",
          at: forms.last?.key.range ?? node.range, forms.isEmpty ? "which Service?" : "named again",
          also: forms.dropLast().map { Label($0.key.range, "named here") },
          help: ["keep one of service, services and serviceSelector"]))
      return nil
    }
    switch key.text {
    case "services": return .named(value.locatedStrings)
    case "serviceSelector":
      Self.checkSelector(value, &findings)
      return .selected(LabelSelector(value), value)
    default:
      if let name = value.locatedString { return .named([name]) }
      guard let manifest = Self.inlineManifest(value, namespace: namespace) else { return nil }
      return .inline(Service(manifest, namespace: namespace, isInline: true), value)
    }
  }

  /// A declaration inside a Connection, read as if it were a Service's `spec`.
  private static func inlineManifest(_ node: Node, namespace: String) -> Manifest? {
    Manifest(inlineService: node, namespace: namespace)
  }

  /// What an API server asks of a label selector's values (apimachinery, ValidateLabelSelectorRequirement).
  private static func checkSelector(_ selector: Node?, _ findings: inout [Diagnostic]) {
    for item in selector?["matchExpressions"]?.elements.map({ $0 }) ?? [] {
      guard let word = item["operator"] else { continue }
      let values = item["values"]
      switch (word.text, values?.count ?? 0) {
      case ("Exists", 1...), ("DoesNotExist", 1...):
        findings.append(
          Diagnostic(
            FleetSpecRules.selectorValues, "'\(word.text)' takes no values", at: (values ?? word).range,
            "no API server takes it", help: ["remove 'values', or use In or NotIn"]))
      case ("In", 0), ("NotIn", 0):
        findings.append(
          Diagnostic(
            FleetSpecRules.selectorValues, "'\(word.text)' needs values", at: (values ?? word).range,
            "no API server takes it", help: ["add 'values: […]', or use Exists or DoesNotExist"]))
      default: break
      }
    }
  }

  // MARK: Networks

  private func checkNetworks(_ cluster: Cluster, _ findings: inout [Diagnostic]) {
    for list in [
      cluster.podCIDRs, cluster.serviceCIDRs, cluster.nodeCIDRs, cluster.apiServerCIDRs,
    ] {
      Self.checkNetworks(list, &findings)
    }
    if let range = cluster.node.at("spec", "network", "nodePortRange"), Cluster.portRange(range.text) == nil {
      findings.append(
        Diagnostic(
          FleetSpecRules.nodePortRange, "'\(range.text)' is no range of ports", at: range.range,
          "the first and the last port", help: ["write it like 30000-32767"]))
    }
  }

  static func checkNetworks(_ networks: [Located<String>], _ findings: inout [Diagnostic]) {
    for network in networks {
      if let parsed = IPNetwork(network.value) {
        let masked = parsed.masked
        guard masked != parsed else { continue }
        findings.append(
          Diagnostic(
            FleetSpecRules.hostBits, "\(network.value) means \(masked.description)", at: network.node.range,
            "bits behind the prefix are dropped",
            help: [
              "write \(masked.description), or \(parsed.address.description)/\(parsed.address.isIPv6 ? 128 : 32) for the one address"
            ], suggestion: Suggestion(replace: network.node.range, with: masked.description)))
        continue
      }
      findings.append(
        Diagnostic(
          FleetSpecRules.invalidNetwork, "'\(network.value)' is not a network", at: network.node.range,
          "not an address with a prefix length", help: ["write it like 10.97.0.0/16 or fd00::/64"]))
    }
  }
}
