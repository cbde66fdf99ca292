import Compiler
import Diagnostics
import Kubernetes
import YAMLTree

/// ServiceExports of a mesh: Services that other members import (the Multi-Cluster Services API).
struct ExportAdoption {
  static let group = "multicluster.x-k8s.io"

  /// What became of the exports.
  struct Result {
    /// Services with a connection.
    var services: Set<NamespacedName> = []
    /// Clusters with clients of another cluster's export.
    var importing: Set<String> = []
  }

  /// An export with the Service beside it.
  private struct Export {
    let cluster: AdoptedCluster
    let manifest: Manifest
    let service: Service

    var annotations: Labels { Labels(manifest.node.at("spec", "exportedAnnotations")) }
  }

  let input: AdoptionInput
  let members: [CiliumFacts]

  /// - Parameter global: Services that are adopted by their annotations.
  func infer(into inference: inout Inference, besides global: Set<NamespacedName>) -> Result {
    var byKey: [NamespacedName: [Export]] = [:]
    for cluster in input.clusters {
      for manifest in cluster.objects(Self.group, "ServiceExport") {
        guard let export = export(manifest, cluster, global, &inference) else { continue }
        byKey[export.service.key, default: []].append(export)
      }
    }
    var result = Result()
    for (key, exports) in byKey.sorted(by: { $0.key < $1.key }) {
      if let reason = Self.conflict(exports) {
        for export in exports {
          inference.leave(export.manifest, of: export.cluster.name, because: reason, advice: nil)
        }
        continue
      }
      result.services.insert(key)
      adopt(key, exports, &result, &inference)
    }
    return result
  }

  /// Nil for an export that is left where it is.
  private func export(
    _ manifest: Manifest, _ cluster: AdoptedCluster, _ global: Set<NamespacedName>,
    _ inference: inout Inference
  ) -> Export? {
    guard let namespace = manifest.namespace else { return nil }
    let key = NamespacedName(namespace, manifest.name)
    func leave(_ reason: String) -> Export? {
      inference.leave(manifest, of: cluster.name, because: reason, advice: nil)
      return nil
    }
    guard let member = members.first(where: { $0.cluster == cluster.name }) else {
      return leave("\(cluster.name) is no member of the mesh that the manifests show")
    }
    guard member.servesExports else {
      return leave(
        "Cilium of \(cluster.name) does not serve the Multi-Cluster Services API (clustermesh.mcsapi.enabled is not set): it does nothing there, or is another program's"
      )
    }
    if let reason = member.localNamespace(namespace, input) { return leave(reason) }
    if global.contains(key) {
      return leave(
        "Service \(key.description) is global as well, and adopted so: remove one of the two, since clients have two ways with two sets of rules"
      )
    }
    guard let service = cluster.services[key] else {
      inference.findings.append(
        Diagnostic(
          AdoptionRules.serviceMissing,
          "there is no Service \(key.description) among the manifests of \(cluster.name)",
          at: manifest.nameNode.range, "exports it",
          help: ["give its manifest too; if there is none, the export is not valid (NoService): remove it"]))
      return leave("the Service that it exports is not among the manifests")
    }
    guard service.type != "ExternalName" else {
      return leave("Service \(key.description) is of type ExternalName: no export of it is valid")
    }
    return Export(cluster: cluster, manifest: manifest, service: service)
  }

  /// Why a set of exports cannot be one connection; nil when it can.
  private static func conflict(_ exports: [Export]) -> String? {
    func ports(_ export: Export) -> Set<String> {
      Set(export.service.ports.map { "\($0.name ?? "")/\($0.number)/\($0.transport.rawValue)" })
    }
    let first = exports[0]
    guard let other = exports.first(where: { ports($0) != ports(first) }) else { return nil }
    return
      "Service \(first.service.key.description) has other ports in \(other.cluster.name) than in \(first.cluster.name), and an import has those of the oldest export: give it the same in both"
  }

  // MARK: A connection

  private func adopt(
    _ key: NamespacedName, _ exports: [Export], _ result: inout Result, _ inference: inout Inference
  ) {
    let targets = exports.map(\.cluster.name)
    var candidate = ConnectionCandidate(
      link: "mesh", namespace: key.namespace,
      name: inference.connectionName(key.name, in: key.namespace, over: "mesh"), service: key,
      spec: SpecMap())
    candidate.meshServices = "mcs"
    let callers = MeshClients(members: members, input: input)
    let clients = callers.from(
      key, targets: targets, places: places(key, targets),
      host: "\(key.name).\(key.namespace).svc.clusterset.local")
    candidate.spec.add("from", clients.value, comment: clients.comment)
    let service = exports[0].service
    callers.reportHeadless(service, clients: clients.clusters, targets: targets, &inference)
    candidate.spec.add(
      "to",
      .map([
        "clusters": Set(targets) == Set(members.map(\.cluster)) ? nil : .texts(targets),
        "match": .text("any"),
        "service": .text(key.name), "ports": .list(service.portReferences),
        "runtimeLabels": input.runtimeLabels(of: key, in: targets[0]),
      ]))
    if let owner = input.request.owner { candidate.spec.add("owner", .text(owner)) }
    addPreferences(exports[0].annotations, &candidate)
    inference.connections.append(candidate)
    result.importing.formUnion(clients.clusters.filter { targets.count > 1 || !targets.contains($0) })
    take(exports, candidate.id.description, &inference)
  }

  /// Members with the namespace, those first where names of imports are answered for.
  private func places(_ key: NamespacedName, _ targets: [String]) -> [String] {
    let all = members.map(\.cluster)
    let holding = members.filter { member in
      input[member.cluster]?.objects.contains {
        $0.namespace == key.namespace || $0.kind == "Namespace" && $0.name == key.namespace
      } == true
    }
    func crosses(_ places: [String]) -> Bool { places.contains { place in targets.contains { $0 != place } } }
    let answering = holding.filter { $0.configuresCoreDNS || $0.answersForClusterset }.map(\.cluster)
    if crosses(answering) { return answering }
    return crosses(holding.map(\.cluster)) ? holding.map(\.cluster) : all
  }

  private static let affinity = "service.cilium.io/affinity"
  private static let slices = "service.cilium.io/global-sync-endpoint-slices"

  private func addPreferences(_ annotations: Labels, _ candidate: inout ConnectionCandidate) {
    var section = SpecMap()
    if let affinity = annotations[Self.affinity], ["local", "remote", "none"].contains(affinity) {
      section.add("affinity", .text(affinity))
    }
    if annotations[Self.slices] == "true" { section.add("syncEndpointSlices", .boolean(true)) }
    if !section.isEmpty { candidate.spec.add("clusterMesh", .map(section)) }
  }

  /// Takes over the exports that come out of the connection as they are.
  private func take(_ exports: [Export], _ connection: String, _ inference: inout Inference) {
    let first = exports[0].annotations
    let said = [Self.affinity, Self.slices].map { "exportedAnnotations.\($0)" }
    for export in exports {
      let spec = export.manifest.node["spec"]
      let field = UnsaidField.first(in: spec, besides: said, ignoringEmpty: true)
      guard field == nil, export.annotations == first else {
        inference.left.append(
          LeftObject(
            cluster: export.cluster.name, manifest: export.manifest,
            reason: "connection \(connection) builds on it; the specification does not say "
              + (field.map { "spec.\($0)" }
                ?? "exportedAnnotations that differ between \(exports[0].cluster.name) and \(export.cluster.name)"),
            isGap: false))
        continue
      }
      inference.takenOver.append(
        TakenOver(
          cluster: export.cluster.name, manifest: export.manifest, role: .leads, connection: connection))
    }
  }
}

/// What controllers make of exports: ServiceImports, with Services and endpoints of their own.
enum ImportAdoption: SystemAdoption {
  private static let derived = "multicluster.kubernetes.io/derived-service"

  static func infer(_ input: AdoptionInput, into inference: inout Inference) {
    for cluster in input.clusters {
      let imports = cluster.objects(ExportAdoption.group, "ServiceImport")
      guard cluster.isDump else {
        for manifest in imports {
          inference.leave(
            manifest, of: cluster.name,
            because: "imports follow from exports and are their controller's to write: remove the manifest",
            advice: nil)
        }
        continue
      }
      var made = Set(imports.map(\.identity))
      let names = Set(
        imports.compactMap { each in
          each.namespace.flatMap { namespace in
            each.annotation(Self.derived).map { NamespacedName(namespace, $0) }
          }
        })
      for (key, service) in cluster.services where names.contains(key) || isDerived(service.manifest) {
        made.insert(service.manifest.identity)
      }
      for slice in cluster.objects("discovery.k8s.io", "EndpointSlice")
      where slice.labels["multicluster.kubernetes.io/source-cluster"] != nil {
        made.insert(slice.identity)
      }
      inference.imported[cluster.name, default: []].formUnion(made)
    }
  }

  private static func isDerived(_ manifest: Manifest) -> Bool {
    manifest.name.hasPrefix("derived-")
      && manifest.node.at("metadata", "ownerReferences")?.elements.contains {
        $0["kind"]?.text == "ServiceImport"
      } == true
  }
}
