import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// The variables of a member's Helm values, legal for its chart version. What nobody declares is left out, so that
/// the chart's defaults and the release's other values hold.
struct CiliumValues {
  let unit: MemberUnit

  private var settings: CiliumSettings { unit.member.settings }
  private var mesh: MeshLink { unit.mesh }
  private var version: ChartVersion { settings.chartVersion }
  private var certificates: CertificateSettings { mesh.settings.certificates }

  var variables: TemplateFields {
    [
      "member": .map(["name": .string(settings.name.value), "id": .integer(settings.id.value)]),
      "cilium": .map([
        "routingMode": .optional(settings.routingMode?.value),
        "tunnelProtocol": .optional(settings.tunnelProtocol?.value),
        "tunnelPort": .optional(settings.node["tunnelPort"]?.integer),
        "ipv4NativeRoutingCIDR": .optional(settings.node["ipv4NativeRoutingCIDR"]?.text),
        "ipv6NativeRoutingCIDR": .optional(settings.node["ipv6NativeRoutingCIDR"]?.text),
        "encryption": encryption,
        // Text, as in the chart's own values: older schemas know nothing else.
        "kubeProxyReplacement": .optional(settings.replacesKubeProxy.map { $0 ? "true" : "false" }),
        "hubble": hubble, "tls": caBundle,
      ]),
      "mesh": .map([
        "maxConnectedClusters": .integer(mesh.settings.maximum),
        "cacheTTL": .optional(settings.node["cacheTTL"]?.text),
        "policyDefaultLocalCluster": Self.optional(settings.node["policyDefaultLocalCluster"]?.boolean),
        "defaultGlobalNamespace": Self.optional(settings.node["defaultGlobalNamespace"]?.boolean),
        "endpointSliceSynchronization": Self.optional(
          settings.node["endpointSliceSynchronization"]?.boolean ?? (unit.synchronizes ? true : nil)),
        "enableMCSAPISupport": unit.exports && !version.hasMCSSection
          ? .boolean(true) : .none,
        "mcsapi": unit.exports && version.hasMCSSection ? .map(mcsapi) : .none,
        "domain": .string(mesh.settings.domain), "listsPeers": .boolean(!mesh.settings.emitsObjects),
        "peers": mesh.settings.emitsObjects ? .none : unit.peers.value(for: unit.member),
      ]),
      "apiserver": .map([
        "replicas": .optional(settings.mesh?["replicas"]?.integer),
        "kvstoremesh": settings.usesKVStoreMesh ? .none : .map(["enabled": .boolean(false)]),
        "service": service, "tls": tls,
      ]),
    ]
  }

  private static func optional(_ value: Bool?) -> TemplateValue { value.map { .boolean($0) } ?? .none }

  private var encryption: TemplateValue {
    switch settings.encryption?.value {
    case nil: .none
    case .some(.none): .map(["enabled": .boolean(false)])
    case .some(let type): .map(["enabled": .boolean(true), "type": .string(type.rawValue)])
    }
  }

  private var mcsapi: TemplateFields {
    var values: TemplateFields = ["enabled": .boolean(true)]
    if let installs = settings.mcsapi?["installCRDs"]?.boolean { values["installCRDs"] = .boolean(installs) }
    let isOpenShift = unit.model.clusters[unit.member.cluster]?.cluster.distribution == .openshift
    if settings.configuresCoreDNS(hasClients: unit.hasClients, isOpenShift: isOpenShift) == true {
      values["corednsAutoConfigure"] = .map(["enabled": .boolean(true)])
    }
    return values
  }

  // MARK: The Service

  private var service: TemplateValue {
    var service: TemplateFields = ["type": .string(settings.serviceType.rawValue)]
    switch settings.serviceType {
    case .nodePort: service["nodePort"] = .integer(settings.peerPort)
    case .loadBalancer: break
    // The API server refuses externalTrafficPolicy on a Service that is not reached from outside, and the chart
    // sets it for every type. Helm drops a key that is null.
    case .clusterIP: service["externalTrafficPolicy"] = .null
    }
    if let annotations = settings.mesh?["serviceAnnotations"] { service["annotations"] = .node(annotations) }
    if settings.isExternallyCreated { service["externallyCreated"] = .boolean(true) }
    return .map(service)
  }

  // MARK: Certificates

  private var tls: TemplateValue {
    var tls: TemplateFields = [:]
    if let mode = settings.authMode ?? mesh.settings.authMode { tls["authMode"] = .string(mode.value) }
    var auto = automatic
    let (names, addresses) = serverNames
    if certificates.method != .userProvided, !names.isEmpty || !addresses.isEmpty {
      var server: TemplateFields = [:]
      if !names.isEmpty { server["extraDnsNames"] = .list(names.map { .string($0) }) }
      if !addresses.isEmpty { server["extraIpAddresses"] = .list(addresses.map { .string($0) }) }
      if version.hasAutomaticServerNames {
        auto["server"] = .map(server)
      } else {
        tls["server"] = .map(server)
      }
    }
    tls["auto"] = .map(auto)
    return .map(tls)
  }

  private var automatic: TemplateFields {
    guard let method = certificates.method, method != .userProvided else {
      return ["enabled": .boolean(false)]
    }
    var auto: TemplateFields = ["enabled": .boolean(true), "method": .string(method.rawValue)]
    if method == .certmanager, let issuer = mesh.issuer(of: unit.member)?.value {
      auto["certManagerIssuerRef"] = .map([
        "group": .string(issuer.group), "kind": .string(issuer.kind), "name": .string(issuer.name),
      ])
    }
    if method == .cronJob { auto["schedule"] = .string(certificates.schedule) }
    if let days = certificates.validityDays { auto["certValidityDuration"] = .integer(days.value) }
    return auto
  }

  /// What the server certificate must cover beside the chart's own `*.mesh.cilium.io`: names that are declared,
  /// the name by which peers come, and the wildcard of another domain.
  private var serverNames: (names: [String], addresses: [String]) {
    var names: [String] = []
    var addresses: [String] = []
    func add(_ name: String) {
      if IPAddress(name) != nil {
        if !addresses.contains(name) { addresses.append(name) }
      } else if !names.contains(name) {
        names.append(name)
      }
    }
    if mesh.settings.domain != MeshSettings.defaultDomain { add("*.\(mesh.settings.domain)") }
    if case .name(let name) = PeerAddress(of: unit.member, in: unit.model),
      !ServerNames.covers(name, ["*.\(MeshSettings.defaultDomain)"] + names)
    {
      add(name)
    }
    for name in settings.serverNames { add(name) }
    return (names, addresses)
  }

  /// At Helm's own method, the default, Hubble's certificates come from a CA made anew at each rendering.
  private var hubble: TemplateValue {
    guard certificates.coversHubble, certificates.method?.isIssued != false else { return .none }
    return .map(["tls": .map(["auto": .map(automatic)])])
  }

  private var caBundle: TemplateValue {
    guard let bundle = certificates.caBundle else { return .none }
    return .map([
      "caBundle": .map([
        "enabled": .boolean(true), "name": .string(bundle["name"]?.text ?? ""),
        "key": .string(bundle["key"]?.text ?? "ca.crt"),
        "useSecret": .boolean(bundle["useSecret"]?.boolean ?? false),
      ])
    ])
  }
}

/// Names of server certificates.
enum ServerNames {
  /// True when one of the names covers a host: the same, or a wildcard for its first label (RFC 6125).
  static func covers(_ host: String, _ names: [String]) -> Bool {
    let wanted = host.lowercased()
    return names.contains { name in
      let name = name.lowercased()
      guard name.hasPrefix("*.") else { return name == wanted }
      guard let dot = wanted.firstIndex(of: "."), dot != wanted.startIndex else { return false }
      return wanted[dot...] == name.dropFirst()
    }
  }
}
