import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Where clients find a target: a namespace of a cluster, and the Service in the other.
struct StaticPlace: Hashable, Sendable {
  let cluster: String
  let namespace: String
  let target: String
  let service: NamespacedName

  init(_ client: BoundClient, _ target: BoundTarget) {
    cluster = client.cluster ?? ""
    namespace = client.namespace
    self.target = target.cluster
    service = target.service.key
  }

  var description: String { "\(cluster)/\(namespace)/\(target)/\(service.description)" }
}

/// One Service with its endpoints that several connections use: they have the clients' namespace and the target in common,
/// and give it one name. Its ports are those of all of them.
struct SharedEndpoint: PlannedUnit {
  let place: StaticPlace
  let name: String
  /// At least two, in the plan's order.
  let users: [StaticConnection]

  var scope: UnitScope? { UnitScope(users.map(\.connection)) }

  var key: String { "static/\(users[0].link.link.name.value)/\(place.description) as \(name)" }

  func lower() -> LoweredUnit {
    let first = users[0]
    var lowered = LoweredUnit(
      connections: users.map(\.connection.id.description).sorted(),
      subject: Label(first.connection.connection.name.node.range, "while emitting this connection"))
    var ports: [BoundPort] = []
    var known: [String]?
    for target in users.flatMap(\.connection.targets)
    where target.cluster == place.target && target.service.key == place.service {
      known = known ?? first.knownAddresses(of: target)
      for port in target.ports
      where !ports.contains(where: {
        $0.port.number == port.port.number && $0.port.transport == port.port.transport
      }) {
        ports.append(port)
      }
    }
    guard let known else {
      lowered.pending.append(
        Pending(
          cluster: place.target, namespace: place.service.namespace,
          fact: "the load balancer's address of Service \(place.service.name)",
          objects: [
            Placement(
              place.cluster, .manifests,
              ObjectIdentity(apiVersion: "v1", kind: "Service", namespace: place.namespace, name: name))
          ], resources: "svc"))
      return lowered
    }
    first.external(
      name, place.namespace, place.cluster, place.target,
      ports.sorted {
        ($0.port.number, $0.port.transport.rawValue) < ($1.port.number, $1.port.transport.rawValue)
      },
      first.usable(known, in: place.cluster)
    ).emit(to: place.cluster, in: first.model, &lowered)
    return lowered
  }

  /// The places that several of some connections share, each with its own unit. Linear in the connections' clients and
  /// targets; names are made only where places coincide.
  static func all(_ users: [StaticConnection]) -> [SharedEndpoint] {
    var byPlace: [StaticPlace: [Int]] = [:]
    for (number, user) in users.enumerated() {
      for target in user.connection.targets {
        for client in StaticConnection.places(user.connection.clients(of: target)) {
          let place = StaticPlace(client, target)
          if byPlace[place]?.last != number { byPlace[place, default: []].append(number) }
        }
      }
    }
    var found: [SharedEndpoint] = []
    for (place, numbers) in byPlace where numbers.count > 1 {
      let named = numbers.compactMap { number -> (String, StaticConnection)? in
        name(of: place, users[number]).map { ($0, users[number]) }
      }
      for (name, same) in Dictionary(grouping: named, by: \.0) where same.count > 1 {
        found.append(SharedEndpoint(place: place, name: name, users: same.map(\.1)))
      }
    }
    return found.sorted { $0.key < $1.key }
  }

  private static func name(of place: StaticPlace, _ user: StaticConnection) -> String? {
    for target in user.connection.targets {
      for client in user.connection.clients(of: target) where StaticPlace(client, target) == place {
        var lowered = LoweredUnit(
          connections: [], subject: Label(user.connection.connection.name.node.range))
        return user.consumerName(target, client, &lowered)
      }
    }
    return nil
  }
}
