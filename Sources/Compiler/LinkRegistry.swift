package import Linker
import Links

/// The link types that the program knows: one line each.
package enum LinkRegistry {
  package static let types: [any LinkType.Type] = [
    ClusterMesh.self,
    GatewayDNS.self,
    Porter.self,
    Static.self,
    Tetrate.self,
  ]

  /// The folder below `templates/` of each link type's key.
  static let folders = Dictionary(
    types.map { ($0.descriptor.key, $0.descriptor.folder) }, uniquingKeysWith: { first, _ in first })
}
