import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// A Service behind the Multi-Cluster Services API: a ServiceExport beside it in every cluster whose pods answer.
///
/// Cilium makes everything else (cilium/cilium pkg/clustermesh/mcsapi): a ServiceImport in each cluster that has the
/// namespace, a Service `derived-…` with an address, and the name below `clusterset.local`. ServiceImports are
/// therefore never emitted.
struct ExportedService {
  let unit: GlobalServiceUnit

  /// What all charts from 1.16 to 1.20 read; v1beta1 exists since mcs-api 0.5 only.
  static let apiVersion = "multicluster.x-k8s.io/v1alpha1"

  static func identity(_ service: NamespacedName) -> ObjectIdentity {
    ObjectIdentity(
      apiVersion: apiVersion, kind: "ServiceExport", namespace: service.namespace, name: service.name)
  }

  /// What clients prefer travels with the export, to every cluster alike (#36308).
  var annotations: [String: String] {
    var annotations: [String: String] = [:]
    if let affinity = unit.preferences.first?.affinity.value {
      annotations[GlobalAnnotations.Key.affinity.rawValue] = affinity
    }
    // A headless import is synchronized anyway.
    let isSliced = unit.consumers.contains(where: unit.needsEndpointSlices)
    if isSliced, unit.targets.contains(where: { !$0.service.isHeadless }) {
      annotations[GlobalAnnotations.Key.syncEndpointSlices.rawValue] = "true"
    }
    return annotations
  }

  func emit(into lowered: inout LoweredUnit) {
    let identity = Self.identity(unit.service)
    let wanted = annotations
    let exported: TemplateValue =
      wanted.isEmpty ? .none : .map(TemplateFields(wanted.lazy.map { ($0, .string($1)) }))
    for target in unit.targets {
      let existing = unit.model.clusters[target.cluster]?.declared.objects[identity]
      if let existing, Self.hands(existing, wanted) {
        lowered.satisfied.append(
          Satisfied(cluster: target.cluster, identity: identity, manifest: existing))
        continue
      }
      lowered.emissions.append(
        Emission(
          cluster: target.cluster, part: existing == nil ? .manifests : .components,
          template: existing == nil
            ? "cluster-mesh/service-export.yaml" : "cluster-mesh/service-export-patch.yaml",
          identity: identity,
          variables: [
            "export": .map([
              "namespace": .string(unit.service.namespace), "name": .string(unit.service.name),
              "annotations": exported,
            ])
          ]))
    }
  }

  /// True when an export hands all these annotations on.
  private static func hands(_ export: Manifest, _ wanted: [String: String]) -> Bool {
    let handed = export.node.at("spec", "exportedAnnotations")
    return wanted.allSatisfy { handed?[$0.key]?.string == $0.value }
  }
}
