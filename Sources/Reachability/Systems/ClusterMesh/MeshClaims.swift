import Kubernetes

/// What the walk through a mesh rests on, in a form that can be checked by itself.
enum MeshClaims {
  private static func annotated(_ names: [String], _ values: [String]) -> ObjectCondition {
    // The first annotation that is there counts.
    let path = { (name: String) in ["metadata", "annotations", name] }
    return .either(
      names.enumerated().map { index, name in
        .all([.text(path(name), values)] + names[..<index].map { .not(.exists(path($0))) })
      })
  }

  private static let truths = ["true", "True", "TRUE"]
  private static let globals = ["service.cilium.io/global", "io.cilium/global-service"]
  private static let shares = ["service.cilium.io/shared", "io.cilium/shared-service"]

  /// The Service is global.
  static let global = [annotated(globals, truths)]

  /// The Service is global, and its pods join other clusters' Services.
  static let shared = [
    annotated(globals, truths), .not(annotated(shares, ["false", "False", "FALSE"])),
  ]

  /// The Service has a port of the name.
  static func port(_ port: ServicePort) -> [ObjectCondition] {
    [
      .element(
        ["spec", "ports", "*"],
        [
          .text(["name"], [port.name ?? ""], default: ""),
          .text(["protocol"], [port.transport.rawValue], default: "TCP"),
        ])
    ]
  }

  /// That a cluster has a Service that looks so.
  static func service(_ key: NamespacedName, in cluster: String, _ conditions: [ObjectCondition] = [])
    -> Claim
  {
    .found(ObjectQuery("Service", of: "", in: cluster, key.namespace, key.name, where: conditions))
  }

  /// That a cluster is one with Cilium, as every member is.
  static func member(_ cluster: String) -> Claim {
    .found(ObjectQuery(of: nil, in: cluster, nil, nil, .document, where: [.exists(["spec", "cilium"])]))
  }

  /// That a namespace has opted in.
  static func globalNamespace(_ name: String, in cluster: String) -> Claim {
    .found(
      ObjectQuery(
        "Namespace", of: "", in: cluster, nil, name,
        where: [annotated(["clustermesh.cilium.io/global"], truths)]))
  }

  /// That a member's agents are told of another: by the Secret, or by the Helm values that become it.
  ///
  /// - Parameter hasSecret: the Secret stands in the repository, and counts instead of the values.
  static func reads(_ other: String, in cluster: String, _ namespace: String, hasSecret: Bool) -> Claim {
    let clusters = ["clustermesh", "config", "clusters"]
    let secret = ObjectQuery(
      "Secret", of: "", in: cluster, namespace, "cilium-clustermesh",
      where: [.either([.key(["data"], other), .key(["stringData"], other)])])
    guard !hasSecret else { return .found(secret) }
    return .found([
      secret,
      ObjectQuery(
        of: nil, in: cluster, nil, "cilium-values.yaml", .fragments,
        where: [
          .text(["clustermesh", "useAPIServer"], ["true"]),
          .text(["clustermesh", "config", "enabled"], ["true"]),
          .either([.text(clusters + ["*", "name"], [other]), .key(clusters, other)]),
        ]),
    ])
  }

  /// That a Secret of a member's repository, which counts instead of the values, does not list another.
  static func leavesOut(_ other: String, in cluster: String, _ namespace: String) -> Claim {
    .found(
      ObjectQuery(
        "Secret", of: "", in: cluster, namespace, "cilium-clustermesh",
        where: [.not(.either([.key(["data"], other), .key(["stringData"], other)]))]))
  }

  /// A member's Service clustermesh-apiserver, as it was observed.
  static func server(in cluster: String, _ namespace: String, _ conditions: [ObjectCondition] = [])
    -> ObjectQuery
  {
    ObjectQuery(
      "Service", of: "", in: cluster, namespace, "clustermesh-apiserver", .observed, where: conditions)
  }

  // MARK: Exports

  /// That a member's Helm values switch the Multi-Cluster Services API on.
  static func exports(in cluster: String) -> Claim {
    .found(
      ObjectQuery(
        of: nil, in: cluster, nil, "cilium-values.yaml", .fragments,
        where: [
          .either([
            .text(["clustermesh", "mcsapi", "enabled"], ["true"]),
            .text(["clustermesh", "enableMCSAPISupport"], ["true"]),
          ])
        ]))
  }

  /// That a Service has an export.
  static func exported(_ key: NamespacedName, in cluster: String) -> Claim {
    .found(
      ObjectQuery("ServiceExport", of: "multicluster.x-k8s.io", in: cluster, key.namespace, key.name))
  }

  /// The Service is more than a name.
  static let hasPods = [ObjectCondition.not(.text(["spec", "type"], ["ExternalName"]))]
}
