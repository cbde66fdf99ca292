import Kubernetes
import YAMLTree

/// One field in which a live object and the emitted one differ.
package struct FieldDifference: Sendable, Equatable {
  package let path: String
  /// Nil where the live object has none.
  package let live: String?
  /// Nil where the emitted object has none.
  package let emitted: String?
  /// Why it does not matter; nil when it does.
  package let reason: String?
}

/// A live object beside the one that Linkwright emits in its place.
struct ObjectComparison {
  let differences: [FieldDifference]

  /// Compares all fields but those that the API server sets and the marks that Linkwright puts on its objects.
  init(live: Node, emitted: Node, kind: String) {
    let rules = EquivalenceRules(kind: kind)
    // What is different as written, but the same in the API's terms, is named once.
    let written = (Flattened(live).values, Flattened(emitted).values)
    let meant = (rules.normalized(live), rules.normalized(emitted))
    var differences: [FieldDifference] = []
    for path in Set(meant.0.keys).union(meant.1.keys).sorted(by: {
      $0.utf8.lexicographicallyPrecedes($1.utf8)
    }) {
      let (a, b) = (meant.0[path], meant.1[path])
      guard a != b, !EquivalenceRules.isMark(path) else { continue }
      differences.append(
        FieldDifference(
          path: path, live: a?.text, emitted: b?.text, reason: rules.reason(path, live: a, emitted: b)))
    }
    if differences.isEmpty, let reason = Self.form(written.0, written.1) {
      differences.append(FieldDifference(path: "", live: nil, emitted: nil, reason: reason))
    }
    self.differences = differences
  }

  /// What a patch would change of an object, field by field; all that it says where the object is not known.
  static func changes(of patch: Node, to live: Node?) -> [FieldDifference] {
    let live = live.map { Flattened($0).values } ?? [:]
    return Flattened(patch).values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.compactMap {
      path, value in
      guard live[path] != value, !EquivalenceRules.isMark(path),
        !["apiVersion", "kind", "metadata.name", "metadata.namespace"].contains(path),
        path != "metadata.labels.app.kubernetes.io/managed-by"
      else { return nil }
      return FieldDifference(path: path, live: live[path]?.text, emitted: value.text, reason: nil)
    }
  }

  /// Why two objects that mean the same are not written the same; nil when they are.
  private static func form(_ a: [String: Flattened.Value], _ b: [String: Flattened.Value]) -> String? {
    let differing = Set(a.keys).union(b.keys).filter { a[$0] != b[$0] && !EquivalenceRules.isMark($0) }
    guard let first = differing.min(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) else { return nil }
    return
      "\(first) is written differently and means the same: a default, or the order of a list without order"
  }

  var isIdentical: Bool { differences.isEmpty }
  var isEquivalent: Bool { differences.allSatisfy { $0.reason != nil } }
}

/// What of an object means the same whatever its form, by kind.
struct EquivalenceRules {
  let kind: String

  /// What Linkwright writes on every object so that people find its source.
  static func isMark(_ path: String) -> Bool {
    path == "metadata.annotations.config.kubernetes.io/origin"
      || path.hasPrefix("metadata.annotations.linkwright.dev/")
  }

  /// An object's fields in the API's terms: defaults filled in, lists without an order sorted.
  func normalized(_ node: Node) -> [String: Flattened.Value] {
    guard case .map(var map) = SpecValue(node) else { return [:] }
    map["status"] = nil
    if var metadata = map["metadata"]?.map {
      for key in LiveFields.metadata { metadata[key] = nil }
      if let annotations = metadata["annotations"]?.map {
        let own = annotations.entries.filter { !LiveFields.isBookkeeping(annotation: $0.key) }
        metadata["annotations"] = own.isEmpty ? nil : .map(SpecMap(own))
      }
      map["metadata"] = .map(metadata)
    }
    normalize(&map)
    var values: [String: Flattened.Value] = [:]
    Self.flatten(.map(map), "", &values)
    return values
  }

  private func normalize(_ map: inout SpecMap) {
    guard var spec = map["spec"]?.map else {
      normalizeEndpoints(&map)
      return
    }
    switch kind {
    case "TransportServerClaim":
      if spec["overrideServicePort"] == .boolean(false) { spec["overrideServicePort"] = nil }
      if case .text(let text) = spec["servicePort"], let number = Int(text) {
        spec["servicePort"] = .integer(number)
      }
    case "NetworkPolicy": normalizePolicy(&spec)
    case "Service": normalizeService(&spec)
    case "ServiceExport":
      for key in ["exportedLabels", "exportedAnnotations"] where spec[key]?.map?.isEmpty == true {
        spec[key] = nil
      }
    case "OrganizationSetting": Self.normalizeReachability(&spec)
    case "WorkspaceSetting": Self.normalizeGateways(&spec)
    default: break
    }
    map["spec"] = kind == "ServiceExport" && spec.isEmpty ? nil : .map(spec)
  }

  private func normalizePolicy(_ spec: inout SpecMap) {
    if spec["policyTypes"] == nil {
      spec["policyTypes"] = .texts(["Ingress"] + (spec["egress"] == nil ? [] : ["Egress"]))
    }
    spec["policyTypes"] = spec["policyTypes"].map(Self.sorted)
    spec["podSelector"] = spec["podSelector"].map(Self.selector)
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
      guard case .list(let rules) = spec[direction] else { continue }
      spec[direction] = Self.sorted(
        .list(
          rules.map { rule in
            guard case .map(var rule) = rule else { return rule }
            rule[peers] = rule[peers].map(Self.peers).map(Self.sorted)
            rule["ports"] = rule["ports"].map(Self.portsWithProtocol).map(Self.sorted)
            return .map(rule)
          }))
    }
  }

  private static func peers(_ value: SpecValue) -> SpecValue {
    guard case .list(let peers) = value else { return value }
    return .list(
      peers.map { peer in
        guard case .map(var peer) = peer else { return peer }
        for key in ["podSelector", "namespaceSelector"] { peer[key] = peer[key].map(selector) }
        return .map(peer)
      })
  }

  /// `{key: app, operator: In, values: [db]}` is the label app=db.
  private static func selector(_ value: SpecValue) -> SpecValue {
    guard case .map(var map) = value, case .list(let expressions) = map["matchExpressions"] else {
      return value
    }
    var labels = map["matchLabels"]?.map ?? SpecMap()
    var rest: [SpecValue] = []
    for expression in expressions {
      if let each = expression.map, case .text(let key) = each["key"], each["operator"] == .text("In"),
        case .list(let values) = each["values"], values.count == 1, labels[key] == nil
      {
        labels.add(key, values[0])
      } else {
        rest.append(expression)
      }
    }
    map["matchExpressions"] = rest.isEmpty ? nil : .list(rest)
    if !labels.isEmpty { map["matchLabels"] = .map(labels) }
    return .map(map)
  }

  /// What the API server fills in, and what it chose and keeps.
  private func normalizeService(_ spec: inout SpecMap) {
    if spec["type"] == nil { spec["type"] = .text("ClusterIP") }
    let defaults: [(String, SpecValue)] = [
      ("sessionAffinity", .text("None")), ("internalTrafficPolicy", .text("Cluster")),
      ("externalTrafficPolicy", .text("Cluster")), ("ipFamilyPolicy", .text("SingleStack")),
    ]
    for (key, value) in defaults where spec[key] == value { spec[key] = nil }
    for key in ["clusterIP", "clusterIPs", "ipFamilies"]
    where spec["clusterIP"] != .text("None") || key != "clusterIP" {
      spec[key] = nil
    }
    guard case .list(let ports) = spec["ports"] else { return }
    spec["ports"] = .list(
      ports.map { port in
        guard case .map(var port) = port else { return port }
        if port["protocol"] == nil { port["protocol"] = .text("TCP") }
        if port["targetPort"] == nil { port["targetPort"] = port["port"] }
        return .map(port)
      })
  }

  /// Lists of networks in one text: their order means nothing.
  private static func normalizeReachability(_ spec: inout SpecMap) {
    guard var settings = spec["networkSettings"]?.map, var reach = settings["networkReachability"]?.map else {
      return
    }
    reach.entries = reach.entries.map { entry in
      guard case .text(let text) = entry.value else { return entry }
      let names = text.split(separator: ",", omittingEmptySubsequences: false)
      return SpecMap.Entry(entry.key, .text(names.sorted().joined(separator: ",")))
    }
    settings["networkReachability"] = .map(reach)
    spec["networkSettings"] = .map(settings)
  }

  /// An empty list of exposed services is no list: everything.
  private static func normalizeGateways(_ spec: inout SpecMap) {
    guard case .list(let gateways) = spec["defaultEastWestGatewaySettings"] else { return }
    spec["defaultEastWestGatewaySettings"] = .list(
      gateways.map { gateway in
        guard case .map(var gateway) = gateway else { return gateway }
        if gateway["exposedServices"] == .list([]) { gateway["exposedServices"] = nil }
        return .map(gateway)
      })
  }

  private func normalizeEndpoints(_ map: inout SpecMap) {
    if case .list(let subsets) = map["subsets"] {
      map["subsets"] = .list(
        subsets.map { subset in
          guard case .map(var subset) = subset else { return subset }
          subset["addresses"] = subset["addresses"].map(Self.sorted)
          subset["ports"] = subset["ports"].map(Self.portsWithProtocol)
          return .map(subset)
        })
    }
    if kind == "EndpointSlice" {
      map["ports"] = map["ports"].map(Self.portsWithProtocol)
      if case .list(let endpoints) = map["endpoints"] {
        map["endpoints"] = .list(
          endpoints.map { endpoint in
            guard case .map(var endpoint) = endpoint else { return endpoint }
            if var conditions = endpoint["conditions"]?.map {
              // Absent and true mean the same to every consumer of slices.
              for key in ["ready", "serving"] where conditions[key] == .boolean(true) {
                conditions[key] = nil
              }
              if conditions["terminating"] == .boolean(false) { conditions["terminating"] = nil }
              endpoint["conditions"] = conditions.isEmpty ? nil : .map(conditions)
            }
            return .map(endpoint)
          })
      }
    }
  }

  private static func portsWithProtocol(_ value: SpecValue) -> SpecValue {
    guard case .list(let ports) = value else { return value }
    return .list(
      ports.map { port in
        guard case .map(var port) = port else { return port }
        if port["protocol"] == nil { port["protocol"] = .text("TCP") }
        return .map(port)
      })
  }

  /// A list without an order, in the order of its elements' texts.
  private static func sorted(_ value: SpecValue) -> SpecValue {
    guard case .list(let items) = value else { return value }
    func key(_ item: SpecValue) -> String {
      var values: [String: Flattened.Value] = [:]
      flatten(item, "", &values)
      return values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.text)" }.joined(separator: ";")
    }
    return .list(items.map { (key($0), $0) }.sorted { $0.0 < $1.0 }.map(\.1))
  }

  private static func flatten(_ value: SpecValue, _ path: String, _ values: inout [String: Flattened.Value]) {
    switch value {
    case .map(let map):
      if map.isEmpty { values[path] = Flattened.Value(text: "{}", isString: false) }
      for entry in map.entries {
        flatten(entry.value, path.isEmpty ? entry.key : "\(path).\(entry.key)", &values)
      }
    case .list(let items):
      if items.isEmpty { values[path] = Flattened.Value(text: "[]", isString: false) }
      for (index, item) in items.enumerated() { flatten(item, "\(path)[\(index)]", &values) }
    case .text(let text): values[path] = Flattened.Value(text: text, isString: true)
    case .integer(let number): values[path] = Flattened.Value(text: String(number), isString: false)
    case .number(let text): values[path] = Flattened.Value(text: text, isString: false)
    case .boolean(let isTrue):
      values[path] = Flattened.Value(text: isTrue ? "true" : "false", isString: false)
    case .null: values[path] = Flattened.Value(text: "null", isString: false)
    }
  }

  /// Prefixes of annotations that controllers read.
  private static let readAnnotations = [
    "argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/", "service.cilium.io/", "io.cilium/",
    "tsb.tetrate.io/", "xcp.tetrate.io/", "networking.istio.io/", "connectivity.tanzu.vmware.com/",
  ]

  /// Prefixes of labels by which meshes tell objects apart.
  private static let meshLabels = [
    "istio.io/", "topology.istio.io/", "xcp.tetrate.io/", "failover.tetrate.io/",
  ]

  /// Why a difference does not matter; nil when it does, or when nobody can know.
  func reason(_ path: String, live: Flattened.Value?, emitted: Flattened.Value?) -> String? {
    if path == "metadata.labels.app.kubernetes.io/managed-by" { return "says who writes the object" }
    if path == "metadata.annotations.argocd.argoproj.io/sync-wave" {
      return "orders the objects of one sync; the object itself is the same"
    }
    if path == "metadata.annotations.argocd.argoproj.io/sync-options", live?.text == "Prune=false",
      emitted == nil
    {
      return "goes: it keeps the object alive while it is handed over"
    }
    if path == "metadata.labels.endpointslice.kubernetes.io/managed-by" { return "says who writes the slice" }
    if path.hasPrefix("metadata.labels."), emitted == nil, kind != "Service",
      !Self.meshLabels.contains(where: { path.dropFirst("metadata.labels.".count).hasPrefix($0) }),
      kind != "EndpointSlice" || !path.contains("kubernetes.io/service-name")
    {
      return "goes: nothing selects a \(kind) by this label that Linkwright knows of"
    }
    if path.hasPrefix("metadata.labels.helm.sh/")
      || path.hasPrefix("metadata.labels.app.kubernetes.io/version"), emitted == nil
    {
      return "goes: it names the release that wrote the object"
    }
    if path.hasPrefix("metadata.annotations."), emitted == nil,
      !Self.readAnnotations.contains(where: {
        path.dropFirst("metadata.annotations.".count).hasPrefix($0)
      }), kind != "Service"
    {
      return "goes: no controller that Linkwright knows of reads it on a \(kind)"
    }
    if path == "metadata.labels" || path == "metadata.annotations",
      emitted?.text == "{}" || live?.text == "{}"
    {
      return "empty"
    }
    if kind == "TransportServerClaim", path == "spec.overrideServicePort", live?.isString == true,
      emitted == nil
    {
      return "the operator takes only a boolean: the text has no effect"
    }
    if kind == "Service", path.hasPrefix("spec.ports["), path.hasSuffix(".targetPort") {
      return "a Service without selector takes the port of its endpoints"
    }
    if path == "metadata.namespace", live == nil {
      return "left out of the manifest: its consumer fills it in"
    }
    if kind == "TransportServerClaim", emitted == nil, path.hasPrefix("spec."),
      !PorterClaim.fields.contains(where: { path == "spec." + $0 || path.hasPrefix("spec.\($0).") })
    {
      return "the operator reads no such field"
    }
    if kind == "GatewayDNS", path == "spec.resolutionType" {
      return "no controller reads it: every GatewayDNS is resolved so"
    }
    if path == "apiVersion" { return "another version of the same API" }
    return nil
  }
}
