/// What makes a Kubernetes object that object: two manifests with one identity are one object.
package struct ObjectIdentity: Hashable, Sendable {
  /// The API group without its version; empty for the core group. Versions of one group share objects.
  package let group: String
  package let kind: String
  /// Nil for objects of cluster scope.
  package let namespace: String?
  package let name: String

  package init(apiVersion: String, kind: String, namespace: String?, name: String) {
    group = Self.group(of: apiVersion)
    self.kind = kind
    self.namespace = namespace
    self.name = name
  }

  package init(group: String, kind: String, namespace: String?, name: String) {
    self.group = group
    self.kind = kind
    self.namespace = namespace
    self.name = name
  }

  /// `networking.k8s.io/v1` → `networking.k8s.io`; `v1` → empty.
  package static func group(of apiVersion: String) -> String {
    guard let slash = apiVersion.utf8.firstIndex(of: UInt8(ascii: "/")) else { return "" }
    return String(apiVersion[..<slash])
  }

  /// `Service c6af30-dev/db`, as messages name objects.
  package var description: String { "\(kind) \(namespace.map { $0 + "/" } ?? "")\(name)" }
}

/// A name inside a namespace.
package struct NamespacedName: Hashable, Comparable, Sendable {
  package let namespace: String
  package let name: String

  package init(_ namespace: String, _ name: String) {
    self.namespace = namespace
    self.name = name
  }

  package var description: String { "\(namespace)/\(name)" }

  package static func < (a: NamespacedName, b: NamespacedName) -> Bool {
    (a.namespace, a.name) < (b.namespace, b.name)
  }
}
