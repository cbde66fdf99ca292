package import Kubernetes
import YAMLTree

/// A Service, as far as Cilium's `toServices` looks at it.
package struct ServiceFacts: Sendable {
  package let key: NamespacedName
  package let labels: Labels
  /// The labels of the pods that it leads to; nil where it names none.
  package let selector: Labels?
  /// Where a Service without a selector leads to; nil where no Endpoints tell.
  package let addresses: [IPAddress]?

  package init(key: NamespacedName, labels: Labels, selector: Labels?, addresses: [IPAddress]?) {
    self.key = key
    self.labels = labels
    self.selector = selector
    self.addresses = addresses
  }

  package init(_ service: Service, addresses: [IPAddress]? = nil) {
    self.init(
      key: service.key, labels: service.manifest.labels,
      selector: service.selector.isEmpty ? nil : service.selector, addresses: addresses)
  }

  /// The addresses that Endpoints or an EndpointSlice list, with the Service that they belong to; nil for other kinds.
  static func endpoints(_ manifest: Manifest, namespace: String) -> (NamespacedName, [IPAddress])? {
    switch (manifest.identity.group, manifest.kind) {
    case ("", "Endpoints"):
      let subsets = manifest.node["subsets"]?.elements.map { $0 } ?? []
      let addresses = subsets.flatMap { $0["addresses"]?.elements.map { $0["ip"]?.text ?? "" } ?? [] }
      return (NamespacedName(namespace, manifest.name), addresses.compactMap { IPAddress($0) })
    case ("discovery.k8s.io", "EndpointSlice"):
      guard let service = manifest.labels["kubernetes.io/service-name"] else { return nil }
      let endpoints = manifest.node["endpoints"]?.elements.map { $0 } ?? []
      let addresses = endpoints.flatMap { $0["addresses"]?.elements.map(\.text) ?? [] }
      return (NamespacedName(namespace, service), addresses.compactMap { IPAddress($0) })
    default: return nil
    }
  }
}

/// A CiliumCIDRGroup: ranges of addresses under one name.
package struct AddressGroup: Sendable {
  package let name: String
  package let labels: Labels
  package let networks: [IPNetwork]

  /// Nil for other kinds.
  package init?(_ manifest: Manifest) {
    guard manifest.kind == "CiliumCIDRGroup", manifest.identity.group == "cilium.io" else { return nil }
    name = manifest.name
    labels = manifest.labels
    networks =
      manifest.node.at("spec", "externalCIDRs")?.elements.compactMap { node in
        IPNetwork(node.text)
          ?? IPAddress(node.text).flatMap { IPNetwork(node.text + ($0.isIPv6 ? "/128" : "/32")) }
      } ?? []
  }
}
