import Diagnostics
import Kubernetes
import Linker
import YAMLTree

/// A host that a gateway of a cluster answers for, and where the manifest says so.
struct GatewayRoute: Sendable {
  let host: String
  let node: Node
  let manifest: Manifest

  /// True when the route takes a request for a host: the same name, or one label in the place of `*`.
  func takes(_ name: String) -> Bool {
    guard host.hasPrefix("*.") else { return host == name }
    guard let dot = name.firstIndex(of: ".") else { return false }
    return name[dot...] == host.dropFirst()
  }
}

/// The routes of a cluster: Contour's HTTPProxy, Ingress, and the Gateway API's HTTPRoute, GRPCRoute and TLSRoute.
struct GatewayRoutes: Sendable {
  private(set) var routes: [GatewayRoute] = []
  /// Routes without a host, which take every request of their listener.
  private(set) var isOpen = false

  /// Linear in the manifests of the cluster.
  init(_ cluster: ClusterModel) {
    for (identity, manifest) in cluster.declared.objects {
      switch (identity.group, identity.kind) {
      case ("projectcontour.io", "HTTPProxy"):
        if let host = manifest.node.at("spec", "virtualhost", "fqdn") { add(host, manifest) }
      case ("networking.k8s.io", "Ingress"), ("extensions", "Ingress"):
        for rule in manifest.node.at("spec", "rules")?.elements.map({ $0 }) ?? [] {
          if let host = rule["host"], !host.text.isEmpty { add(host, manifest) } else { isOpen = true }
        }
        if manifest.node.at("spec", "defaultBackend") != nil { isOpen = true }
      case ("gateway.networking.k8s.io", "HTTPRoute"), ("gateway.networking.k8s.io", "GRPCRoute"),
        ("gateway.networking.k8s.io", "TLSRoute"):
        let hosts = manifest.node.at("spec", "hostnames")?.elements.map { $0 } ?? []
        for host in hosts { add(host, manifest) }
        if hosts.isEmpty { isOpen = true }
      default: break
      }
    }
    routes.sort {
      ($0.node.range.file.path, $0.node.range.start) < ($1.node.range.file.path, $1.node.range.start)
    }
  }

  private mutating func add(_ host: Node, _ manifest: Manifest) {
    routes.append(GatewayRoute(host: host.text.lowercased(), node: host, manifest: manifest))
  }
}
