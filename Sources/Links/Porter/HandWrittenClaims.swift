import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Checks objects of Porter that people wrote: the CRD has no schema at all, so the API server accepts
/// everything and the operator ignores what it does not know.
enum HandWrittenClaims {
  private static let fields = ["monitor", "overrideServicePort", "requestedPort", "service", "servicePort"]

  static func findings(_ settings: PorterSettings, _ link: Link, _ model: FleetModel) -> [Diagnostic] {
    var findings: [Diagnostic] = []
    for cluster in settings.members {
      let objects = model.clusters[cluster]?.declared.objects.values.filter {
        $0.kind == "TransportServerClaim" || $0.kind == "TransportServer"
      }.sorted { $0.nameNode.range.file.path < $1.nameNode.range.file.path }
      for manifest in objects ?? [] {
        if manifest.kind == "TransportServer" {
          findings.append(
            Diagnostic(
              PorterRules.operatorOwned, "TransportServer '\(manifest.name)' is the operator's own kind",
              at: manifest.nameNode.range,
              "written by hand in \(cluster)",
              help: ["write a Connection instead; the operator makes the TransportServer"]))
        } else if cluster != settings.primary.value {
          findings.append(
            Diagnostic(
              PorterRules.claimInSecondary, "claim '\(manifest.name)' stands in \(cluster)",
              at: manifest.nameNode.range,
              "claims are created in \(settings.primary.value) only",
              also: [Label(settings.primary.node.range, "the primary of \(link.name.value)")],
              help: [
                "move it to the workloads of \(settings.primary.value); the operator serves both clusters from there"
              ]))
        } else {
          check(manifest, cluster, model, &findings)
        }
      }
    }
    return findings
  }

  /// Claims in clusters that no Porter link serves.
  static func strays(_ model: FleetModel) -> [Diagnostic] {
    let sections = model.specification.links.values.filter { $0.type.value == Porter.descriptor.key }.map(
      \.section)
    let served = sections.flatMap { [$0["primary"]?.text, $0["secondary"]?.text] }.compactMap { $0 }
    var findings: [Diagnostic] = []
    for name in model.clusterNames where !served.contains(name) {
      let claims =
        model.clusters[name]?.declared.objects.values.filter { $0.kind == "TransportServerClaim" } ?? []
      for claim in claims.sorted(by: { $0.name < $1.name }) {
        findings.append(
          Diagnostic(
            PorterRules.claimWithoutPorter,
            "claim '\(claim.name)' stands in \(name), which no Porter link serves",
            at: claim.nameNode.range, "nothing reads it here",
            help: ["move it to a cluster with Porter, or declare a Link with 'porter: {primary: \(name)}'"]))
      }
    }
    return findings
  }

  private static func check(
    _ manifest: Manifest, _ cluster: String, _ model: FleetModel, _ findings: inout [Diagnostic]
  ) {
    guard let spec = manifest.node["spec"], spec.kind == .mapping else {
      findings.append(
        Diagnostic(
          PorterRules.invalidClaim, "claim '\(manifest.name)' has no spec", at: manifest.nameNode.range, "",
          help: ["write service, servicePort and monitor"]))
      return
    }
    for (key, _) in spec.entries where !fields.contains(key.text) {
      findings.append(
        Diagnostic(
          PorterRules.unknownClaimField, "the operator does not know '\(key.text)'", at: key.range,
          "ignored silently",
          help: [didYouMean(key.text, among: fields) ?? "the fields are \(listed(fields))"]))
    }
    if let override = spec["overrideServicePort"], override.kind != .boolean {
      report(
        override, "overrideServicePort is \(override.kind.description); the operator takes only a boolean",
        "write true or false without quotes", &findings)
    }
    checkService(spec, manifest, cluster, model, &findings)
    checkMonitor(spec, manifest, &findings)
    checkWave(manifest, spec, cluster, model, &findings)
  }

  private static func checkService(
    _ spec: Node, _ manifest: Manifest, _ cluster: String, _ model: FleetModel, _ findings: inout [Diagnostic]
  ) {
    guard let service = spec["service"]?.string else {
      report(
        spec["service"] ?? manifest.nameNode, "claim '\(manifest.name)' names no service",
        "add 'service: NAME'", &findings)
      return
    }
    guard let port = spec["servicePort"] else {
      report(spec, "claim '\(manifest.name)' has no servicePort", "add 'servicePort: NUMBER'", &findings)
      return
    }
    guard let number = port.integer ?? Int(port.text), 1...65535 ~= number else {
      let isPlaceholder = port.text == "65555"
      report(
        port,
        isPlaceholder
          ? "65555 is the documentation's placeholder, not a port"
          : "servicePort '\(port.text)' is no port number",
        "write the number of a port of Service \(service)", &findings)
      return
    }
    guard let namespace = manifest.namespace, let facts = model.clusters[cluster]?.declared else { return }
    let key = NamespacedName(namespace, service)
    guard let declared = facts.services[key] else {
      guard facts.knows(namespace: namespace) else { return }
      report(
        spec["service"] ?? manifest.nameNode, "there is no Service \(key.description) in \(cluster)",
        didYouMean(service, among: facts.serviceNames(in: namespace))
          ?? "the Services are \(listed(facts.serviceNames(in: namespace)))",
        &findings)
      return
    }
    if declared.port(.number(number)) == nil {
      report(
        port, "Service \(key.description) has no port \(number)",
        "its ports are \(listed(declared.ports.map(\.description)))",
        &findings)
    }
  }

  private static func checkMonitor(_ spec: Node, _ manifest: Manifest, _ findings: inout [Diagnostic]) {
    guard let monitor = spec["monitor"], monitor.kind == .mapping else {
      report(
        spec["monitor"] ?? manifest.nameNode,
        "claim '\(manifest.name)' has no monitor; the operator fails without it",
        "add 'monitor: {type: tcp, interval: 10, timeout: 10}'", &findings)
      return
    }
    for (key, value) in monitor.entries where !["type", "interval", "timeout"].contains(key.text) {
      _ = value
      findings.append(
        Diagnostic(
          PorterRules.unknownClaimField, "the operator does not know 'monitor.\(key.text)'", at: key.range,
          "ignored silently",
          help: [
            didYouMean(key.text, among: ["type", "interval", "timeout"])
              ?? "the fields are type, interval, timeout"
          ]))
    }
    if let type = monitor["type"] {
      if type.text != "tcp" {
        report(
          type, "a monitor of type '\(type.text)' cannot work: a claim is TCP only", "write 'type: tcp'",
          &findings)
      }
    } else {
      report(monitor, "the monitor has no type", "add 'type: tcp'", &findings)
    }
    for field in ["interval", "timeout"] {
      guard let value = monitor[field] else {
        report(monitor, "the monitor has no \(field)", "add '\(field): 10'", &findings)
        continue
      }
      if (value.integer ?? Int(value.text) ?? 0) < 1 {
        report(
          value, "the monitor's \(field) '\(value.text)' is no number of seconds", "write a positive integer",
          &findings)
      }
    }
  }

  private static func checkWave(
    _ manifest: Manifest, _ spec: Node, _ cluster: String, _ model: FleetModel, _ findings: inout [Diagnostic]
  ) {
    guard model.fleet.consumer?.kind == .argocd, let namespace = manifest.namespace,
      let name = spec["service"]?.string,
      let service = model.clusters[cluster]?.declared.services[NamespacedName(namespace, name)]
    else { return }
    let wave = { (manifest: Manifest) in
      manifest.annotation("argocd.argoproj.io/sync-wave").flatMap(SyncWave.number) ?? 0
    }
    guard wave(manifest) <= wave(service.manifest) else { return }
    findings.append(
      Diagnostic(
        PorterRules.syncWave, "claim '\(manifest.name)' is applied no later than its Service",
        at: manifest.nameNode.range,
        "wave \(wave(manifest))",
        also: [Label(service.manifest.nameNode.range, "wave \(wave(service.manifest))")],
        help: ["annotate the claim with argocd.argoproj.io/sync-wave: \"\(wave(service.manifest) + 1)\""]))
  }

  private static func report(_ node: Node, _ message: String, _ help: String, _ findings: inout [Diagnostic])
  {
    findings.append(
      Diagnostic(PorterRules.invalidClaim, message, at: node.range, "in this claim", help: [help]))
  }
}
