import Kubernetes
import YAMLTree

/// What an API server adds to an object: no part of what anybody wrote.
enum LiveFields {
  static let metadata: Set<String> = [
    "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink", "finalizers",
    "ownerReferences", "deletionTimestamp", "deletionGracePeriodSeconds",
  ]

  /// Annotations that appliers write for themselves.
  static func isBookkeeping(annotation key: String) -> Bool {
    [
      "kubectl.kubernetes.io/", "deployment.kubernetes.io/", "meta.helm.sh/",
      "argocd.argoproj.io/tracking-id",
      "argocd.argoproj.io/instance", "endpoints.kubernetes.io/", "config.k8s.io/",
      "internal.config.kubernetes.io/",
      "openshift.io/", "kustomize.toolkit.fluxcd.io/",
    ].contains { key.hasPrefix($0) }
  }

  /// Equal but for what the API server and appliers add.
  static func areEqual(_ a: Node, _ b: Node) -> Bool { Flattened(a).values == Flattened(b).values }
}

/// An object as paths to scalars, without what the API server adds.
struct Flattened: Sendable {
  struct Value: Equatable, Sendable {
    let text: String
    /// Numbers and their texts are told apart, since the API server does.
    let isString: Bool
  }

  private(set) var values: [String: Value] = [:]

  /// Linear in the object.
  init(_ node: Node) {
    for (key, value) in node.entries where key.text != "status" {
      if key.text == "metadata" {
        for (name, value) in value.entries where !LiveFields.metadata.contains(name.text) {
          guard name.text == "annotations" else {
            add(value, "metadata.\(name.text)")
            continue
          }
          for (annotation, value) in value.entries
          where !LiveFields.isBookkeeping(annotation: annotation.text) {
            add(value, "metadata.annotations.\(annotation.text)")
          }
        }
      } else {
        add(value, key.text)
      }
    }
  }

  private mutating func add(_ node: Node, _ path: String) {
    switch node.kind {
    case .mapping:
      if node.count == 0 { values[path] = Value(text: "{}", isString: false) }
      for (key, value) in node.entries { add(value, "\(path).\(key.text)") }
    case .sequence:
      if node.count == 0 { values[path] = Value(text: "[]", isString: false) }
      for (index, element) in node.elements.enumerated() { add(element, "\(path)[\(index)]") }
    default:
      values[path] = Value(text: node.text, isString: node.kind == .string)
    }
  }
}
