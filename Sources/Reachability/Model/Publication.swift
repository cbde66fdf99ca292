package import Kubernetes
import YAMLTree

/// A Service's port that an Ingress or a Route leads to from outside.
package struct Publication: Sendable {
  package let service: NamespacedName
  /// Number or name of the Service's port, for a Route also of the pods'; nil for every port.
  package let port: PortReference?
  let manifest: Manifest

  /// Nil for other kinds.
  static func all(_ manifest: Manifest, namespace: String) -> [Publication]? {
    switch (manifest.identity.group, manifest.kind) {
    case ("networking.k8s.io", "Ingress"): ingress(manifest, namespace)
    case ("route.openshift.io", "Route"): route(manifest, namespace)
    default: nil
    }
  }

  private static func ingress(_ manifest: Manifest, _ namespace: String) -> [Publication] {
    let spec = manifest.node["spec"]
    var backends = [spec?["defaultBackend"]]
    for rule in spec?["rules"]?.elements.map({ $0 }) ?? [] {
      backends += rule.at("http", "paths")?.elements.map { $0["backend"] } ?? []
    }
    return backends.compactMap { backend in
      guard let service = backend?["service"], let name = service["name"]?.string else { return nil }
      let port = PortReference(service.at("port", "number")) ?? PortReference(service.at("port", "name"))
      return Publication(service: NamespacedName(namespace, name), port: port, manifest: manifest)
    }
  }

  private static func route(_ manifest: Manifest, _ namespace: String) -> [Publication] {
    let spec = manifest.node["spec"]
    let backends = [spec?["to"]] + (spec?["alternateBackends"]?.elements.map { $0 } ?? [])
    return backends.compactMap { backend in
      guard let backend, let name = backend["name"]?.string, backend["kind"]?.text ?? "Service" == "Service"
      else { return nil }
      return Publication(
        service: NamespacedName(namespace, name), port: PortReference(spec?.at("port", "targetPort")),
        manifest: manifest)
    }
  }

  /// The ports of a workload's pods that the publication leads to through a Service.
  func ports(of service: Service, _ workload: Workload) -> PortSet {
    var ports = PortSet()
    for candidate in service.ports where isMeant(candidate) {
      guard let number = workload.number(of: candidate.target, candidate.transport),
        let port = UInt16(exactly: number), port > 0
      else { continue }
      ports = ports.union(PortSet(candidate.transport, IntervalSet(port, port)))
    }
    return ports
  }

  private func isMeant(_ candidate: ServicePort) -> Bool {
    switch port {
    case nil: true
    case .number(let number)?: candidate.number == number || candidate.target == .number(number)
    case .name(let name)?: candidate.name == name || candidate.target == .name(name)
    }
  }
}
