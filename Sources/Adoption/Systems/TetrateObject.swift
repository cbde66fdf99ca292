import Kubernetes
import YAMLTree

/// An object that Tetrate Service Bridge (TSB) owns, in either form: with annotations (GitOps), or with keys of its
/// metadata (tctl).
struct TetrateObject: Sendable {
  /// The base kinds' group as Kubernetes objects; every other group of TSB's objects ends in it.
  private static let group = "tsb.tetrate.io"
  private static let tctlGroup = "api.tsb.tetrate.io"

  let cluster: String
  let manifest: Manifest
  let isTctl: Bool
  let organization: String?
  let tenant: String?
  let workspace: String?

  /// Nil for objects of other systems.
  init?(_ manifest: Manifest, of cluster: String) {
    let group = manifest.identity.group
    guard group == Self.group || group.hasSuffix("." + Self.group) else { return nil }
    self.cluster = cluster
    self.manifest = manifest
    isTctl = Self.isTctl(manifest)
    let metadata = manifest.node["metadata"]
    func part(_ key: String) -> String? {
      metadata?[key]?.text ?? manifest.annotation("tsb.tetrate.io/" + key)
    }
    organization = part("organization")
    tenant = part("tenant")
    workspace = part("workspace")
  }

  /// True for one of the kinds that say something of several clusters.
  var isBase: Bool { [Self.group, Self.tctlGroup].contains(manifest.identity.group) }
  var kind: String { manifest.kind }
  var spec: Node? { manifest.node["spec"] }

  static func isTctl(_ manifest: Manifest) -> Bool {
    let group = manifest.identity.group
    guard group == tctlGroup || group.hasSuffix("." + Self.group) else { return false }
    return group == tctlGroup || manifest.node.at("metadata", "organization") != nil
  }
}

/// A gateway of group install.tetrate.io, as its manifest declares it.
struct TetrateGateway: Sendable {
  let manifest: Manifest
  let namespace: String
  /// Labels of its pods and its Service.
  let labels: Labels
  /// `kubeSpec.deployment.labels`, where they are given.
  let ownLabels: Labels?

  init?(_ manifest: Manifest) {
    guard manifest.identity.group == "install.tetrate.io", let namespace = manifest.namespace,
      ["IngressGateway", "Gateway", "Tier1Gateway"].contains(manifest.kind)
    else { return nil }
    self.manifest = manifest
    self.namespace = namespace
    ownLabels = manifest.node.at("spec", "kubeSpec", "deployment", "labels").map { Labels($0) }
    let own = ownLabels ?? Labels()
    labels = own["app"] == nil ? own.setting("app", to: manifest.name) : own
  }

  var name: String { manifest.name }

  static func all(in cluster: AdoptedCluster) -> [TetrateGateway] {
    ["Gateway", "IngressGateway", "Tier1Gateway"].flatMap { cluster.objects("install.tetrate.io", $0) }
      .compactMap { TetrateGateway($0) }
  }

  /// `gateway` of a Link that would give just this object; nil with a reason for one that no Link gives.
  func section(selecting selector: Labels) -> (section: SpecMap?, reason: String) {
    guard let spec = manifest.node["spec"] else { return (nil, "it has no spec") }
    let isModern = manifest.kind == "Gateway"
    if manifest.kind == "IngressGateway", spec["eastWestOnly"]?.boolean != true {
      return (nil, "it serves other traffic too (spec.eastWestOnly is not true)")
    }
    if isModern, spec["type"]?.text != "EASTWEST" {
      return (nil, "it serves other traffic too (spec.type is not EASTWEST)")
    }
    if manifest.kind == "Tier1Gateway" { return (nil, "a Tier1Gateway is none between workspaces") }
    let said =
      [
        isModern ? "type" : "eastWestOnly", "revision", "connectionDrainDuration", "kubeSpec.service.type",
        "kubeSpec.service.annotations", "kubeSpec.service.labels", "kubeSpec.deployment.labels",
      ] + Self.deploymentFields.map { "kubeSpec.deployment.\($0)" }
    if let field = UnsaidField.first(in: spec, besides: said) {
      return (nil, "spec.\(field) has no place in a Link")
    }
    let service = spec.at("kubeSpec", "service")
    if isModern, service?["type"] == nil {
      return (nil, "it leaves spec.kubeSpec.service.type to the installer, which a Link never does")
    }
    // The WorkspaceSetting selects by the Link's labels.
    guard selector == (ownLabels ?? Labels(["app": name])) else {
      return (nil, "the WorkspaceSetting selects it by other labels than its own")
    }
    var map = SpecMap(["name": .text(name), "namespace": .text(namespace)])
    if !isModern { map.add("kind", .text(manifest.kind)) }
    map.add("labels", ownLabels.map(Self.value))
    map.add("revision", spec["revision"].map { .text($0.text) })
    map.add("connectionDrainDuration", spec["connectionDrainDuration"].map { .text($0.text) })
    var stanza = SpecMap()
    if let type = service?["type"]?.text, type != "LoadBalancer" || !isModern {
      stanza.add("type", .text(type))
    }
    stanza.add("annotations", service?["annotations"].map { SpecValue($0) })
    stanza.add("labels", service?["labels"].map { SpecValue($0) })
    let deployment = spec.at("kubeSpec", "deployment")
    var rest = SpecMap()
    for field in Self.deploymentFields { rest.add(field, deployment?[field].map { SpecValue($0) }) }
    if !rest.isEmpty { map.add("deployment", .map(rest)) }
    if !stanza.isEmpty { map.add("service", .map(stanza)) }
    return (map, "")
  }

  /// Fields of `kubeSpec.deployment` that a Link hands on.
  private static let deploymentFields = [
    "replicaCount", "hpaSpec", "resources", "env", "podAnnotations", "affinity", "tolerations", "strategy",
  ]

  static func value(_ labels: Labels) -> SpecValue {
    .map(SpecMap(labels.items.map { SpecMap.Entry($0.key, .text($0.value)) }))
  }
}

/// `*/bookinfo`, `c1/shop*`: namespaces as a Workspace owns them.
struct TetrateNamespaces: Sendable {
  private let patterns: [(cluster: String, namespace: String)]

  init(_ names: Node?) {
    patterns =
      names?.elements.compactMap { node in
        let parts = node.text.split(separator: "/", maxSplits: 1).map(String.init)
        return parts.count == 2 ? (parts[0], parts[1]) : nil
      } ?? []
  }

  func own(_ namespace: String, in cluster: String) -> Bool {
    patterns.contains { pattern in
      guard pattern.cluster == "*" || pattern.cluster == cluster else { return false }
      if pattern.namespace.hasSuffix("*") { return namespace.hasPrefix(pattern.namespace.dropLast()) }
      return pattern.namespace == namespace
    }
  }
}
