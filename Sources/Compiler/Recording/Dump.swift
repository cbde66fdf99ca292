import Diagnostics
import Kubernetes
import Linker
import YAMLTree

/// One object of a dump. Items of an API server's list carry no header of their own; the list's stands for it.
struct DumpedObject: Sendable {
  let apiVersion: String
  let kind: String
  let namespace: String?
  let name: String
  let node: Node
  /// True for an item of a list: whoever printed it was asked for objects, not for this one.
  let isListed: Bool

  var id: ReducedKind.ID { ReducedKind.ID(group: ObjectIdentity.group(of: apiVersion), kind: kind) }

  /// The node that findings about the object point at.
  var nameNode: Node { node.at("metadata", "name") ?? node }

  /// True for a Pod of a Deployment and the like: what made it is in the dump too, or nobody reads it.
  var isMadeByController: Bool {
    node.at("metadata", "ownerReferences")?.elements.contains { owner in
      guard owner["controller"]?.boolean == true, let kind = owner["kind"]?.string else { return false }
      return Self.controllers.contains(kind)
    } ?? false
  }

  private static let controllers: Set<String> = [
    "Service", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob",
    "ReplicationController",
    "DeploymentConfig", "Rollout",
  ]
}

/// What `kubectl get -o yaml` or a renderer printed: objects, several documents, lists, lists inside lists.
struct Dump: Sendable {
  private(set) var objects: [DumpedObject] = []
  private(set) var findings: [Diagnostic] = []
  /// True when there is a document at all, an empty list included.
  private(set) var hasDocuments = false

  /// The header that a list gives to its items.
  private struct ListHeader {
    let apiVersion: String
    let kind: String
  }

  init(_ files: [SourceFile], limits: TreeLimits) {
    for file in files {
      let parsed = Tree.parse(file, limits: limits)
      findings += parsed.findings
      for document in parsed.tree.documents where !document.isNull {
        hasDocuments = true
        read(document, in: nil, isListed: false)
      }
    }
    // An unreadable file has its finding already.
    guard !hasDocuments, !findings.containErrors else { return }
    findings.append(
      Diagnostic(
        RecordingRules.unusableInput, "the input is empty",
        at: files.first.map { Label(SourceRange(wholeFile: $0)) },
        help: ["look at the command that should have written it; nothing was changed"]))
  }

  /// The depth of trees is bounded, and so is the recursion.
  private mutating func read(_ node: Node, in list: ListHeader?, isListed: Bool) {
    guard node.kind == .mapping else {
      reject(node, "this is no Kubernetes object", isListed ? "an item of a list" : "a document")
      return
    }
    let apiVersion = node["apiVersion"]?.string ?? list?.apiVersion
    let kind = node["kind"]?.string ?? list?.kind
    guard let apiVersion, let kind else {
      let missing = apiVersion == nil ? "apiVersion" : "kind"
      reject(node, "this is no Kubernetes object: it has no \(missing)", "no \(missing)")
      return
    }
    if kind.hasSuffix("List"), let items = node["items"] {
      readList(node, items, apiVersion, kind)
    } else if kind == "Status", apiVersion == "v1", node.at("metadata", "name") == nil {
      let message = node["message"] ?? node
      reject(message, "the API server answered with an error instead of objects", message.text)
    } else if let name = node.at("metadata", "name"), name.isScalar, !name.isNull, !name.text.isEmpty {
      let namespace = node.at("metadata", "namespace")?.text ?? ""
      objects.append(
        DumpedObject(
          apiVersion: apiVersion, kind: kind, namespace: namespace.isEmpty ? nil : namespace, name: name.text,
          node: node, isListed: isListed))
    } else {
      objects.append(
        DumpedObject(
          apiVersion: apiVersion, kind: kind, namespace: nil, name: "", node: node, isListed: isListed))
    }
  }

  private mutating func readList(_ list: Node, _ items: Node, _ apiVersion: String, _ kind: String) {
    if let more = list.at("metadata", "continue"), !more.text.isEmpty {
      findings.append(
        Diagnostic(
          RecordingRules.partialInput, "this list goes on in another answer", at: more.range, "more follows",
          help: ["use 'kubectl get' without --raw and --limit"]))
    }
    guard items.kind == .sequence || items.isNull else {
      reject(items, "the items of a list must be a list", "not a list")
      return
    }
    let header = kind == "List" ? nil : ListHeader(apiVersion: apiVersion, kind: String(kind.dropLast(4)))
    for item in items.elements where !item.isNull { read(item, in: header, isListed: true) }
  }

  private mutating func reject(_ node: Node, _ message: String, _ label: String) {
    findings.append(
      Diagnostic(
        RecordingRules.unusableInput, message, at: node.range, label,
        help: ["the input is what 'kubectl get -o yaml' prints, or rendered manifests"]))
  }
}
