package import Diagnostics
package import Kubernetes
package import YAMLTree

/// Documents of a plain directory that no API server takes as what they seem to be: they are not evaluated, or not as
/// they will be.
package enum DoubtfulPolicies {
  private static let kinds = [
    "NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy", "GlobalNetworkPolicy", "EgressFirewall",
    "EgressNetworkPolicy", "MultiNetworkPolicy", "StagedNetworkPolicy",
  ]

  /// What is wrong with one object; nil for one that is whole, and for what was never meant to be one.
  ///
  /// - Parameter manifest: what the node is read as; an item of a list may have its kind from the list.
  package static func finding(_ node: Node, as manifest: Manifest?) -> Diagnostic? {
    if let finding = kustomization(node) { return finding }
    if manifest != nil, node["kind"] == nil { return nil }
    if let manifest, let finding = plainNamespace(node, manifest) { return finding }
    if manifest == nil, node["kind"] == nil, node["items"]?.kind == .sequence,
      let version = node.entries.first(where: { $0.key.text == "apiVersion" })
    {
      return Diagnostic(
        ReachabilityRules.manifestUnserved, "this list has no kind", at: version.key.range, "not listed",
        help: ["write 'kind: List'"])
    }
    if let kind = node["kind"], let text = kind.string, node["apiVersion"] != nil, node["spec"] != nil,
      !kinds.contains(text), isMisspelt(text)
    {
      return Diagnostic(
        ReachabilityRules.policyUnserved, "there is no kind '\(text)'", at: kind.range, "not evaluated",
        help: [didYouMean(text, among: kinds) ?? "write NetworkPolicy"])
    }
    if let doubt = DoubtfulManifest(node) {
      let isPolicy = kinds.contains(doubt.kind)
      return Diagnostic(
        isPolicy ? ReachabilityRules.policyUnserved : ReachabilityRules.manifestUnserved,
        "this \(doubt.kind) \(doubt.fault)", at: doubt.place.range,
        isPolicy ? "not evaluated" : "", help: [doubt.remedy])
    }
    guard node.kind == .mapping, let kind = node["kind"], let text = kind.string else { return nil }
    if manifest == nil, let prefix = node.at("metadata", "generateName"), ["Pod", "Job"].contains(text) {
      return Diagnostic(
        ReachabilityRules.manifestUnserved, "this \(text) has no metadata.name", at: prefix.range,
        "not listed", help: ["name it: 'kubectl apply' makes up no names"])
    }
    if kinds.contains(text) {
      let name = node.at("metadata", "name")
      guard name == nil || name?.isNull == true else { return nil }
      return Diagnostic(
        ReachabilityRules.policyUnserved, "this \(text) has no metadata.name", at: kind.range,
        "not evaluated", help: ["name it: 'kubectl apply' makes up no names"])
    }
    return nil
  }

  /// What an API server refuses in a workload: its pods are listed all the same.
  package static func findings(of workload: Workload) -> [Diagnostic] {
    WorkloadFault.all(of: workload).map { fault in
      Diagnostic(
        ReachabilityRules.manifestUnserved, "\(workload.description) is refused: \(fault.message)",
        at: fault.place.range, fault.label,
        also: fault.other.map { [Label($0.range, "its pods' labels")] } ?? [], help: [fault.remedy])
    }
  }

  /// Values `y` and `n` of one file that were taken for the letters: one finding.
  package static func findings(letters: [SourceRange]) -> [Diagnostic] {
    guard let first = letters.first else { return [] }
    let text = String(decoding: first.file.bytes[first.start..<first.end], as: UTF8.self)
    let others = letters.count > 1 ? "; \(letters.count - 1) more in this file" : ""
    return [
      Diagnostic(
        ReachabilityRules.letter,
        "'\(text)' is \("yY".contains(text) ? "true" : "false") to kubectl, and text to other readers",
        at: first, "taken for the text\(others)", help: ["write it in quotation marks: '\(text)'"])
    ]
  }

  /// A namespace that YAML reads as a number or as true: `namespace: on` is no text, and no API server takes it.
  private static func plainNamespace(_ node: Node, _ manifest: Manifest) -> Diagnostic? {
    guard let value = node.at("metadata", "namespace"), value.isScalar, !value.isNull, value.kind != .string
    else { return nil }
    return Diagnostic(
      PolicyKind(manifest) == nil ? ReachabilityRules.manifestUnserved : ReachabilityRules.policyUnserved,
      "metadata.namespace of this \(manifest.kind) is no text", at: value.range,
      "taken for the namespace 'default'", help: ["write it in quotation marks: '\(value.text)'"])
  }

  /// Resources and patches of a kustomization: nothing here builds it.
  private static func kustomization(_ node: Node) -> Diagnostic? {
    let name = node.range.file.path.split(separator: "/").last.map(String.init) ?? ""
    guard
      ["kustomization.yaml", "kustomization.yml"].contains(name) || node["kind"]?.string == "Kustomization",
      node["apiVersion"]?.string.map({ $0.hasPrefix("kustomize.config.k8s.io/") }) ?? true
    else { return nil }
    return Diagnostic(
      ReachabilityRules.kustomization, "a kustomization is not built: manifests are taken as they stand",
      at: (node.entries.first { _ in true }?.key ?? node).range,
      help: ["list what it builds: kubectl kustomize DIR | linkwright reach --manifests -"])
  }

  /// Kinds in the plural, or in other letters, and near misses of the long names. Kinds that are somebody's own end in
  /// `Policy` too and are left alone.
  private static func isMisspelt(_ kind: String) -> Bool {
    let lower = kind.lowercased()
    if kinds.contains(where: { $0.lowercased() == lower }) { return true }
    if lower.hasSuffix("ies"), kinds.contains(where: { $0.lowercased() == lower.dropLast(3) + "y" }) {
      return true
    }
    return kinds.contains { known in
      abs(known.utf8.count - kind.utf8.count) <= 2 && known.utf8.first == kind.utf8.first
        && !known.contains(kind) && !kind.contains(known) && didYouMean(kind, among: [known]) != nil
    }
  }
}
