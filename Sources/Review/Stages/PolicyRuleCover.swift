import Kubernetes
import YAMLTree

/// Whether one rule of a policy admits all that another one admits. What it does not understand it calls different.
enum PolicyRuleCover {
  static func covers(_ wide: Node, _ narrow: Node, kind: String) -> Bool {
    if wide.isEqual(to: narrow) { return true }
    guard wide.kind == .mapping, narrow.kind == .mapping else { return false }
    return kind == "NetworkPolicy" ? coversPlain(wide, narrow) : coversCilium(wide, narrow)
  }

  // MARK: NetworkPolicy

  private static func coversPlain(_ wide: Node, _ narrow: Node) -> Bool {
    let known: Set<String> = ["from", "to", "ports"]
    guard (wide.entries.map(\.key.text) + narrow.entries.map(\.key.text)).allSatisfy(known.contains) else {
      return false
    }
    return ["from", "to"].allSatisfy { all(wide[$0], narrow[$0], coversPeer) }
      && all(wide["ports"], narrow["ports"], coversPort)
  }

  /// A list that is absent or empty admits everything.
  private static func all(_ wide: Node?, _ narrow: Node?, _ covers: (Node, Node) -> Bool) -> Bool {
    guard let wide, wide.count > 0 else { return true }
    guard let narrow, narrow.count > 0 else { return false }
    return narrow.elements.allSatisfy { item in wide.elements.contains { covers($0, item) } }
  }

  private static func coversPeer(_ wide: Node, _ narrow: Node) -> Bool {
    if wide.isEqual(to: narrow) { return true }
    guard let block = wide["ipBlock"], let other = narrow["ipBlock"], block["except"] == nil,
      let outer = block["cidr"]?.string.flatMap(IPNetwork.init),
      let inner = other["cidr"]?.string.flatMap(IPNetwork.init)
    else { return false }
    return outer.holds(inner)
  }

  private static func coversPort(_ wide: Node, _ narrow: Node) -> Bool {
    guard wide["protocol"]?.text ?? "TCP" == narrow["protocol"]?.text ?? "TCP" else { return false }
    guard let port = wide["port"] else { return true }
    guard let other = narrow["port"] else { return false }
    guard let first = port.integer, let start = other.integer else {
      return port.text == other.text && wide["endPort"] == nil && narrow["endPort"] == nil
    }
    return first <= start && narrow["endPort"]?.integer ?? start <= wide["endPort"]?.integer ?? first
  }

  // MARK: Cilium

  /// The same peers, and no restriction of ports.
  private static func coversCilium(_ wide: Node, _ narrow: Node) -> Bool {
    let ports = "toPorts"
    guard wide[ports] == nil, wide["icmps"] == nil else { return false }
    let members = Set(wide.entries.map(\.key.text)).union(narrow.entries.map(\.key.text))
    return members.subtracting([ports]).allSatisfy { name in
      switch (wide[name], narrow[name]) {
      case (let a?, let b?): a.isEqual(to: b)
      default: false
      }
    }
  }
}
