import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// One item of exposedServices: all labels must match.
struct ExposureItem: Sendable {
  let labels: Labels
  /// Nil for an item that was derived.
  let node: Node?

  func matches(_ labels: Labels) -> Bool { LabelSelector(equality: self.labels).matches(labels) }
}

/// Which Services an east-west gateway exposes. Any item may match, the first that does counts; no list at all
/// exposes every Service of the workspace.
struct Exposure: Sendable {
  /// Nil: everything.
  let items: [ExposureItem]?

  /// The number of the item that exposes a Service with these labels; nil when none does.
  func item(for labels: Labels) -> Int? {
    guard let items else { return 0 }
    return items.firstIndex { $0.matches(labels) }
  }

  func exposes(_ service: Service) -> Bool { item(for: service.manifest.labels) != nil }
}

/// A Service that is exposed in one cluster.
struct ExposedService: Sendable {
  let cluster: String
  let service: Service
}

extension Exposure {
  /// The least that exposes the targets: for each Service a label that no other Service has, else all its labels.
  /// Linear in the labels of the Services.
  ///
  /// - Parameters:
  ///   - targets: the Services that connections reach.
  ///   - others: the other Services of the workspace.
  static func least(targets: [Service], others: [Service]) -> Exposure {
    var taken: Set<Labels.Label> = []
    for service in others { taken.formUnion(service.manifest.labels.items) }
    var chosen: Set<Labels.Label> = []
    var whole: [Labels] = []
    var seen: Set<Labels> = []
    for service in targets {
      let labels = service.manifest.labels
      guard !labels.isEmpty, seen.insert(labels).inserted,
        !labels.items.contains(where: chosen.contains),
        !whole.contains(where: { LabelSelector(equality: $0).matches(labels) })
      else { continue }
      if let own = preferred(labels).first(where: { !taken.contains($0) }) {
        chosen.insert(own)
      } else {
        whole.append(labels)
      }
    }
    let single = chosen.map { Labels(dictionary: [$0.key: $0.value]) }
    let items = (single + whole).sorted { utf8Precedes($0.description, $1.description) }
    return Exposure(items: items.map { ExposureItem(labels: $0, node: nil) })
  }

  /// Labels in the order in which people name applications by them.
  private static func preferred(_ labels: Labels) -> [Labels.Label] {
    let names = ["app", "app.kubernetes.io/name"]
    return labels.items.sorted { a, b in
      let (first, second) = (
        names.firstIndex(of: a.key) ?? names.count, names.firstIndex(of: b.key) ?? names.count
      )
      return first != second ? first < second : utf8Precedes(a.key, b.key)
    }
  }

  private static func utf8Precedes(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
  }
}
