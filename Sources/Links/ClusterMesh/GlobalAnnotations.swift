import Kubernetes
import Templates
import YAMLTree

/// The annotations that make a Service global (cilium/cilium pkg/annotation/k8s.go). Values are compared without
/// regard to case; each has an older name, except the one for slices.
struct GlobalAnnotations: Sendable {
  enum Key: String, CaseIterable, Sendable {
    case global = "service.cilium.io/global"
    case shared = "service.cilium.io/shared"
    case affinity = "service.cilium.io/affinity"
    case syncEndpointSlices = "service.cilium.io/global-sync-endpoint-slices"

    /// The name before 1.12; it is still read.
    var legacy: String? {
      switch self {
      case .global: "io.cilium/global-service"
      case .shared: "io.cilium/shared-service"
      case .affinity: "io.cilium/service-affinity"
      case .syncEndpointSlices: nil
      }
    }
  }

  /// True where the cluster's pods answer; nil where it only has clients.
  let sharesEndpoints: Bool?
  private(set) var affinity: String?
  private(set) var needsEndpointSlices = false

  init(sharesEndpoints: Bool?) {
    self.sharesEndpoints = sharesEndpoints
  }

  mutating func prefer(_ affinity: String?, _ needsEndpointSlices: Bool) {
    self.affinity = affinity
    self.needsEndpointSlices = needsEndpointSlices
  }

  /// An annotation of a Service under its name or its older one, in lower case.
  static func value(_ key: Key, of manifest: Manifest) -> String? {
    (manifest.annotation(key.rawValue) ?? key.legacy.flatMap { manifest.annotation($0) })?.lowercased()
  }

  static func isGlobal(_ manifest: Manifest) -> Bool { value(.global, of: manifest) == "true" }

  /// Whether a global Service gives its endpoints to other clusters: unless it says no.
  static func isShared(_ manifest: Manifest) -> Bool { value(.shared, of: manifest) != "false" }

  func areMet(by manifest: Manifest) -> Bool {
    guard Self.isGlobal(manifest) else { return false }
    if sharesEndpoints == true, !Self.isShared(manifest) { return false }
    if let affinity, (Self.value(.affinity, of: manifest) ?? "none") != affinity { return false }
    if needsEndpointSlices {
      let value = Self.value(.syncEndpointSlices, of: manifest)
      let isHeadless = manifest.node.at("spec", "clusterIP")?.text == "None"
      if (value ?? (isHeadless ? "true" : "false")) != "true" { return false }
    }
    return true
  }

  /// The values for a template. The Service of a cluster with clients alone shares nothing, whatever pods it has: no
  /// connection leads to them.
  var emitted: TemplateValue {
    .map([
      "global": .string("true"),
      "shared": .string(sharesEndpoints == true ? "true" : "false"),
      "affinity": .optional(affinity),
      "syncEndpointSlices": needsEndpointSlices ? .string("true") : .none,
    ])
  }
}
