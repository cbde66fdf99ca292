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
}
