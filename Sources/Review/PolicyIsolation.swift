import YAMLTree

/// The directions in which a policy isolates the pods that it selects, with the defaults of its API.
enum PolicyIsolation {
  /// `Ingress` and `Egress`, as policyTypes names them.
  static func directions(_ spec: Node, _ kind: String) -> Set<String> {
    if kind == "NetworkPolicy" {
      if let types = spec["policyTypes"], types.count > 0 { return Set(types.elements.map(\.text)) }
      return (spec["egress"]?.count ?? 0) == 0 ? ["Ingress"] : ["Ingress", "Egress"]
    }
    // Cilium: where rules are written, unless enableDefaultDeny says otherwise.
    return Set(
      [("ingress", "Ingress"), ("egress", "Egress")].filter { section, _ in
        spec.at("enableDefaultDeny", section)?.boolean
          ?? (spec[section] != nil || spec["\(section)Deny"] != nil)
      }.map(\.1))
  }
}
