import Diagnostics
import Linker

/// The kinds of which something is kept, with their fields. Several sources may name one kind: the union holds.
struct KindTable: Sendable {
  struct Entry: Sendable {
    let kind: ReducedKind
    var selection: FieldSelection
    var resources: [String]
    /// The objects that somebody reads; nil for all.
    var names: Set<String>?

    /// Whether anything is kept of an object with this name.
    func takes(_ name: String) -> Bool { names?.contains(name) ?? true }
  }

  private(set) var entries: [ReducedKind.ID: Entry] = [:]

  init(_ kinds: [ReducedKind]) {
    for kind in kinds {
      var entry =
        entries[kind.id] ?? Entry(kind: kind, selection: FieldSelection(), resources: [], names: [])
      if let names = kind.names { entry.names?.formUnion(names) } else { entry.names = nil }
      for path in kind.fields { entry.selection.add(path) }
      entry.resources += kind.resources
      entries[kind.id] = entry
    }
  }

  subscript(id: ReducedKind.ID) -> Entry? { entries[id] }

  /// The kind that a name means: the kind itself or one of its resource names, in any case, with or without
  /// the group that `kubectl` accepts after a dot.
  func kind(named name: String) -> ReducedKind.ID? {
    let wanted = name.lowercased()
    return entries.values.filter { entry in
      let names = [entry.kind.id.kind.lowercased()] + entry.resources
      return names.contains(wanted) || names.contains { "\($0).\(entry.kind.id.group)" == wanted }
    }.map(\.kind.id).min { ($0.kind, $0.group) < ($1.kind, $1.group) }
  }

  /// Every name that `kind(named:)` understands, ordered.
  var names: [String] { Set(entries.values.flatMap { [$0.kind.id.kind] + $0.resources }).sorted() }
}

extension KindTable {
  /// What `observe` keeps: the link types' fields, and the endpoints of Services, which belong to no type.
  static let observed = KindTable(
    LinkRegistry.types.flatMap { $0.descriptor.observes } + endpoints + [service])

  /// What `record` keeps of manifests that are rendered elsewhere.
  static let recorded = KindTable(
    workloads + declared + meshes + endpoints + policies + routes + resolvers)

  /// A Service as a cluster answers it; the address of a load balancer is asked for by the link types.
  private static let service = ReducedKind(
    group: "", kind: "Service", resources: ["svc", "service", "services"],
    fields: [
      ["spec", "type"], ["spec", "clusterIP"], ["spec", "clusterIPs"], ["spec", "selector"],
    ] + servicePorts)

  private static let servicePorts: [FieldPath] = [
    "name", "port", "targetPort", "protocol", "nodePort", "appProtocol",
  ]
  .map { FieldPath(steps: ["spec", "ports", "[]", $0]) }

  private static let endpoints = [
    ReducedKind(
      group: "", kind: "Endpoints", resources: ["ep", "endpoints"],
      fields: [
        ["subsets", "[]", "addresses", "[sorted]", "ip"],
        ["subsets", "[]", "addresses", "[sorted]", "hostname"],
        ["subsets", "[]", "notReadyAddresses", "[sorted]", "ip"], ["subsets", "[]", "ports", "[]", "name"],
        ["subsets", "[]", "ports", "[]", "port"], ["subsets", "[]", "ports", "[]", "protocol"],
      ]),
    ReducedKind(
      group: "discovery.k8s.io", kind: "EndpointSlice", resources: ["endpointslice", "endpointslices"],
      fields: [
        ["metadata", "labels", "kubernetes.io/service-name"], ["addressType"],
        ["endpoints", "[sorted]", "addresses"], ["endpoints", "[sorted]", "conditions", "ready"],
        ["ports", "[]", "name"], ["ports", "[]", "port"], ["ports", "[]", "protocol"],
      ]),
  ]

  /// Labels, and the annotations that the compiler reads. Other annotations may hold whole manifests.
  private static let metadata: [FieldPath] = [
    ["metadata", "labels"], ["metadata", "annotations", "argocd.argoproj.io/sync-wave"],
    ["metadata", "annotations", "linkwright.dev/*"], ["metadata", "annotations", "service.cilium.io/*"],
    ["metadata", "annotations", "io.cilium/*"], ["metadata", "annotations", "clustermesh.cilium.io/*"],
  ]

  /// Pods and their controllers: no environment, no volumes, no commands, since secrets stand there. Of what is asked of
  /// ConfigMaps the names are kept.
  private static let workloads: [ReducedKind] = [
    workload("", "Pod", []), workload("", "ReplicationController", ["spec", "template"]),
    workload("apps", "Deployment", ["spec", "template"]),
    workload("apps", "StatefulSet", ["spec", "template"]),
    workload("apps", "DaemonSet", ["spec", "template"]),
    workload("apps", "ReplicaSet", ["spec", "template"]),
    workload("batch", "Job", ["spec", "template"]),
    workload("batch", "CronJob", ["spec", "jobTemplate", "spec", "template"]),
    workload("apps.openshift.io", "DeploymentConfig", ["spec", "template"]),
    workload("argoproj.io", "Rollout", ["spec", "template"]),
  ]

  private static func workload(_ group: String, _ kind: String, _ template: [String]) -> ReducedKind {
    var paths: [[String]] = [
      ["metadata", "labels"], ["metadata", "annotations", "sidecar.istio.io/*"],
      ["metadata", "annotations", "traffic.sidecar.istio.io/*"],
      ["metadata", "annotations", "proxy.istio.io/config"],
    ]
    // How the pods find names and whose they are; whether they become ready.
    for field in [
      "hostNetwork", "dnsPolicy", "dnsConfig", "hostAliases", "hostname", "subdomain", "serviceAccountName",
      "readinessGates",
    ] { paths.append(["spec", field]) }
    paths.append(["spec", "volumes", "[]", "configMap", "name"])
    paths.append(["spec", "volumes", "[]", "configMap", "optional"])
    for containers in ["containers", "initContainers"] {
      paths.append(["spec", containers, "[]", "name"])
      paths.append(["spec", containers, "[]", "restartPolicy"])
      for field in ["name", "containerPort", "protocol", "hostPort"] {
        paths.append(["spec", containers, "[]", "ports", "[]", field])
      }
      for probe in ["readinessProbe", "startupProbe", "livenessProbe"] {
        for way in ["httpGet", "tcpSocket", "grpc"] {
          paths.append(["spec", containers, "[]", probe, way, "port"])
        }
      }
      for field in ["name", "key", "optional"] {
        paths.append(["spec", containers, "[]", "env", "[]", "valueFrom", "configMapKeyRef", field])
        paths.append(["spec", containers, "[]", "envFrom", "[]", "configMapRef", field])
      }
    }
    let controller: [FieldPath] =
      template.isEmpty
      ? []
      : ["replicas", "suspend", "selector", "ordinals", "workloadRef"].map {
        FieldPath(steps: ["spec", $0])
      } + [["spec", "jobTemplate", "spec", "suspend"]]
    return ReducedKind(
      group: group, kind: kind,
      fields: metadata + controller + paths.map { FieldPath(steps: template + $0) })
  }

  /// Where a route of the Gateway API leads; header values stay out, which may be secrets.
  private static let route: [FieldPath] = [
    ["spec", "hostnames"], ["spec", "parentRefs"], ["spec", "rules", "[]", "matches", "[]", "path"],
    ["spec", "rules", "[]", "filters", "[]", "type"],
    ["spec", "rules", "[]", "backendRefs", "[]", "name"],
    ["spec", "rules", "[]", "backendRefs", "[]", "kind"],
    ["spec", "rules", "[]", "backendRefs", "[]", "group"],
    ["spec", "rules", "[]", "backendRefs", "[]", "namespace"],
    ["spec", "rules", "[]", "backendRefs", "[]", "port"],
    ["spec", "rules", "[]", "backendRefs", "[]", "weight"],
  ]

  private static func whole(
    _ group: String, _ kind: String, _ scope: ReducedKind.Scope = .namespace, also fields: [FieldPath] = []
  ) -> ReducedKind {
    ReducedKind(group: group, kind: kind, scope: scope, fields: metadata + [["spec"]] + fields)
  }

  /// Policies of other kinds than Kubernetes' own: also those that nobody evaluates, since that they are there decides.
  private static let policies: [ReducedKind] = [
    whole("policy.networking.k8s.io", "AdminNetworkPolicy", .cluster),
    whole("policy.networking.k8s.io", "BaselineAdminNetworkPolicy", .cluster),
    whole("policy.networking.k8s.io", "ClusterNetworkPolicy", .cluster),
    whole("projectcalico.org", "NetworkPolicy"),
    whole("projectcalico.org", "GlobalNetworkPolicy", .cluster),
    whole("crd.projectcalico.org", "NetworkPolicy"),
    whole("crd.projectcalico.org", "GlobalNetworkPolicy", .cluster),
    whole("crd.antrea.io", "NetworkPolicy"), whole("crd.antrea.io", "ClusterNetworkPolicy", .cluster),
    whole("k8s.ovn.org", "EgressFirewall"), whole("network.openshift.io", "EgressNetworkPolicy"),
    whole("k8s.ovn.org", "UserDefinedNetwork"),
    whole("k8s.ovn.org", "ClusterUserDefinedNetwork", .cluster),
    whole("cilium.io", "CiliumCIDRGroup", .cluster),
    whole("security.istio.io", "AuthorizationPolicy"), whole("security.istio.io", "PeerAuthentication"),
  ]

  /// What sidecars make of a call, and what scales workloads; header values and triggers stay out, which may be secrets.
  private static let routes: [ReducedKind] = [
    whole("networking.istio.io", "DestinationRule"),
    ReducedKind(
      group: "networking.istio.io", kind: "VirtualService",
      fields: metadata + [
        ["spec", "hosts"], ["spec", "gateways"], ["spec", "exportTo"], ["spec", "tcp"], ["spec", "tls"],
        ["spec", "http", "[]", "name"], ["spec", "http", "[]", "match"],
        ["spec", "http", "[]", "route", "[]", "destination"],
        ["spec", "http", "[]", "route", "[]", "weight"],
        ["spec", "http", "[]", "redirect"], ["spec", "http", "[]", "delegate"],
        ["spec", "http", "[]", "fault"], ["spec", "http", "[]", "directResponse", "status"],
      ]),
    whole(
      "traffic.tsb.tetrate.io", "TrafficSetting", also: [["metadata", "annotations", "tsb.tetrate.io/*"]]),
    ReducedKind(
      group: "keda.sh", kind: "ScaledObject",
      fields: metadata + [["spec", "scaleTargetRef"], ["spec", "minReplicaCount"]]),
    whole("gateway.networking.k8s.io", "Gateway"),
    whole("gateway.networking.k8s.io", "ReferenceGrant"),
    ReducedKind(
      group: "gateway.networking.k8s.io", kind: "TCPRoute",
      fields: metadata + [["spec", "parentRefs"], ["spec", "rules"]]),
  ]

  /// Where names lead.
  private static let resolvers: [ReducedKind] = [
    ReducedKind(
      group: "", kind: "ConfigMap", names: ["coredns", "coredns-custom"], fields: metadata + [["data"]]),
    ReducedKind(
      group: "operator.openshift.io", kind: "DNS", scope: .cluster, names: ["default"],
      fields: metadata + [["spec", "servers"], ["spec", "managementState"]]),
  ]

  /// What links of type tetrate read: TSB's objects in both forms, gateways to install, Istio's gateways and entries.
  private static let meshes: [ReducedKind] =
    ["Workspace", "WorkspaceSetting", "OrganizationSetting", "Cluster"].flatMap { kind in
      [
        ReducedKind(
          group: "tsb.tetrate.io", kind: kind,
          fields: metadata + [["metadata", "annotations", "tsb.tetrate.io/*"], ["spec"]]),
        ReducedKind(
          group: "api.tsb.tetrate.io", kind: kind, scope: .cluster,
          fields: [
            ["metadata", "organization"], ["metadata", "tenant"], ["metadata", "workspace"], ["spec"],
          ]),
      ]
    }
    + ["Gateway", "IngressGateway", "Tier1Gateway", "EgressGateway"].map { kind in
      ReducedKind(group: "install.tetrate.io", kind: kind, fields: metadata + [["spec"]])
    }
    + ["Gateway", "ServiceEntry", "WorkloadEntry", "Sidecar"].map { kind in
      ReducedKind(
        group: "networking.istio.io", kind: kind,
        fields: metadata + [["metadata", "annotations", "tsb.tetrate.io/*"], ["spec"]])
    }

  private static let declared: [ReducedKind] = [
    ReducedKind(
      group: "", kind: "Service",
      fields: metadata + servicePorts + [["metadata", "annotations", "networking.istio.io/exportTo"]]
        + [
          "type", "clusterIP", "ipFamilies", "ipFamilyPolicy", "selector", "externalName", "externalIPs",
          "externalTrafficPolicy",
          "internalTrafficPolicy", "loadBalancerIP", "loadBalancerSourceRanges", "publishNotReadyAddresses",
          "sessionAffinity", "sessionAffinityConfig", "trafficDistribution",
        ].map { FieldPath(steps: ["spec", $0]) }),
    ReducedKind(group: "", kind: "Namespace", scope: .cluster, fields: metadata),
    ReducedKind(group: "networking.k8s.io", kind: "NetworkPolicy", fields: metadata + [["spec"]]),
    ReducedKind(group: "multicluster.x-k8s.io", kind: "ServiceExport", fields: metadata + [["spec"]]),
    ReducedKind(group: "multicluster.x-k8s.io", kind: "ServiceImport", fields: metadata),
    ReducedKind(
      group: "apiextensions.k8s.io", kind: "CustomResourceDefinition", scope: .cluster,
      names: ["serviceexports.multicluster.x-k8s.io", "serviceimports.multicluster.x-k8s.io"],
      fields: metadata),
    ReducedKind(group: "cilium.io", kind: "CiliumNetworkPolicy", fields: metadata + [["spec"], ["specs"]]),
    ReducedKind(
      group: "cilium.io", kind: "CiliumClusterwideNetworkPolicy", scope: .cluster,
      fields: metadata + [["spec"], ["specs"]]),
    ReducedKind(
      group: "porter.devops.gov.bc.ca", kind: "TransportServerClaim", fields: metadata + [["spec"]]),
    ReducedKind(
      group: "cis.f5.com", kind: "TransportServer",
      fields: metadata + [
        ["spec", "virtualServerAddress"], ["spec", "virtualServerPort"], ["spec", "pool", "service"],
        ["spec", "pool", "servicePort"],
      ]),
    ReducedKind(
      group: "projectcontour.io", kind: "HTTPProxy",
      fields: metadata + [
        ["spec", "virtualhost", "fqdn"], ["spec", "virtualhost", "tls"], ["spec", "ingressClassName"],
        ["spec", "routes", "[]", "conditions", "[]", "prefix"],
        ["spec", "routes", "[]", "services", "[]", "weight"],
        ["spec", "routes", "[]", "services", "[]", "mirror"],
        ["spec", "routes", "[]", "requestRedirectPolicy"],
        ["spec", "routes", "[]", "directResponsePolicy", "statusCode"],
        ["spec", "includes", "[]", "conditions", "[]", "prefix"],
        ["spec", "routes", "[]", "services", "[]", "name"],
        ["spec", "routes", "[]", "services", "[]", "port"],
        ["spec", "tcpproxy", "services", "[]", "name"], ["spec", "tcpproxy", "services", "[]", "port"],
        ["spec", "includes", "[]", "name"], ["spec", "includes", "[]", "namespace"],
      ]),
    ReducedKind(
      group: "networking.k8s.io", kind: "Ingress",
      fields: metadata + [
        ["metadata", "annotations", "kubernetes.io/ingress.class"], ["spec", "ingressClassName"],
        ["spec", "rules"], ["spec", "defaultBackend"], ["spec", "tls"],
      ]),
    ReducedKind(
      group: "gateway.networking.k8s.io", kind: "HTTPRoute", fields: metadata + route),
    ReducedKind(
      group: "gateway.networking.k8s.io", kind: "GRPCRoute", fields: metadata + route),
    ReducedKind(
      group: "gateway.networking.k8s.io", kind: "TLSRoute", fields: metadata + route),
    ReducedKind(group: "cluster.x-k8s.io", kind: "Cluster", fields: metadata),
    ReducedKind(
      group: "connectivity.tanzu.vmware.com", kind: "GatewayDNS", fields: metadata + [["spec"]]),
    ReducedKind(group: "rbac.authorization.k8s.io", kind: "Role", fields: metadata + [["rules"]]),
    ReducedKind(
      group: "rbac.authorization.k8s.io", kind: "RoleBinding", fields: metadata + [["roleRef"], ["subjects"]]),
  ]
}
