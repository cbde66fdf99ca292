import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The way through the Multi-Cluster Services API (KEP-1645, as cilium/cilium pkg/clustermesh/mcsapi does it): a
/// ServiceExport beside the Service in the target's cluster, and an import in each cluster that has the namespace. The
/// import gets an address and a name below `clusterset.local`, which CoreDNS answers for.
struct ImportedService {
  let key: NamespacedName
  let near: ClusterMeshSystem.Member
  let far: ClusterMeshSystem.Member
  /// All members, for other exports of the same name.
  let members: [String: ClusterMeshSystem.Member]

  private static let apiVersion = "multicluster.x-k8s.io/v1alpha1"

  private var name: String { "\(key.name).\(key.namespace).svc.clusterset.local" }

  /// The name and the address that it has in the client's cluster.
  func resolve(_ crossing: Crossing, _ walk: inout Walk) {
    guard !walk.isOver else { return }
    let place = near.cluster.name
    switch answers() {
    case .configured(let evidence, let label):
      walk.rely(on: .resolvesImports(place))
      walk.resolve(name, evidence, at: label.map { [$0] } ?? [])
    case .nobody(let label):
      walk.fail(
        .name, in: place, name,
        Fault(
          JudgementRules.name, "CoreDNS of \(place) does not answer for clusterset.local", at: [label],
          help: ["add 'multicluster clusterset.local' to its plugin kubernetes, and the zone itself"],
          because: .resolvesImports(place)))
    case .unknown:
      walk.depend(
        .name, in: place, "DNS \(name)", on: [Question("who answers for clusterset.local in \(place)")])
    }
    address(crossing, &walk)
  }

  private func address(_ crossing: Crossing, _ walk: inout Walk) {
    guard !walk.isOver else { return }
    let place = near.cluster.name
    let text = "ServiceImport \(key.description)"
    if let fault = switchedOff(near, JudgementRules.address) {
      walk.fail(.address, in: place, text, fault)
      return
    }
    if near.values != nil { walk.rely(on: MeshClaims.exports(in: place)) }
    var questions: [Question] = []
    if !near.cluster.model.declared.knows(namespace: key.namespace),
      near.cluster.emittedObjects(in: key.namespace).isEmpty
    {
      questions.append(Question("whether namespace \(key.namespace) exists in \(place)"))
    }
    let port = crossing.port.port
    for other in exporters() where other.cluster.name != far.cluster.name {
      guard let (service, _) = other.cluster.service(key),
        !service.ports.contains(where: {
          $0.name == port.name && $0.number == port.number && $0.transport == port.transport
        })
      else { continue }
      questions.append(
        Question(
          "whose export of \(key.description) is the oldest: that of \(other.cluster.name) has no port \(port.description)"
        ))
    }
    let own = far.cluster.service(key)?.service
    for other in exporters() where other.cluster.name != far.cluster.name {
      guard let own, let (service, _) = other.cluster.service(key), service.isHeadless != own.isHeadless
      else { continue }
      questions.append(
        Question(
          "whose export of \(key.description) is the oldest: that of \(service.isHeadless ? other.cluster.name : far.cluster.name) is headless and the other is not",
          isReported: true))
    }
    if questions.isEmpty {
      walk.pass(.address, in: place, .emitted, "import of \(key.description): pods of \(far.name) join it")
    } else {
      walk.depend(.address, in: place, text, on: questions)
    }
  }

  /// The export in the target's cluster: whether somebody applies it, and what the walk rests on.
  func export(_ walk: inout Walk) {
    guard !walk.isOver,
      let export = far.cluster.object(Self.apiVersion, "ServiceExport", key.namespace, key.name)
    else { return }
    if far.values != nil, switchedOff(far, JudgementRules.service) == nil {
      walk.rely(on: MeshClaims.exports(in: far.cluster.name))
    }
    walk.rely(on: MeshClaims.exported(key, in: far.cluster.name))
    guard export.evidence == .emitted, walk.fleet.excludedKinds.contains("ServiceExport") else { return }
    walk.depend(
      .service, in: far.cluster.name, at: [export.label()], "ServiceExport \(key.description)",
      on: [
        Question(
          "whether somebody applies ServiceExport \(key.description): the fleet's consumer leaves the kind out",
          isReported: true)
      ])
  }

  /// What keeps the target's pods out of the imports; nil where nothing does.
  func notExported(_ service: Service) -> Fault? {
    let place = far.cluster.name
    if let fault = switchedOff(far, JudgementRules.service) { return fault }
    guard let export = far.cluster.object(Self.apiVersion, "ServiceExport", key.namespace, key.name) else {
      return Fault(
        JudgementRules.service,
        "Service \(key.description) of \(place) is not exported: it has no ServiceExport",
        at: [Label(service.manifest.nameNode.range)],
        help: ["add a ServiceExport of the same name and namespace"],
        because: MeshClaims.exported(key, in: place))
    }
    guard service.type != "ExternalName" else {
      return Fault(
        JudgementRules.service,
        "Service \(key.description) of \(place) is of type ExternalName: no export is valid",
        at: [Label(service.typeNode.range), export.label()], help: ["export a Service that has pods"],
        because: MeshClaims.service(key, in: place, MeshClaims.hasPods))
    }
    return nil
  }

  private func exporters() -> [ClusterMeshSystem.Member] {
    members.values.filter {
      $0.cluster.object(Self.apiVersion, "ServiceExport", key.namespace, key.name) != nil
    }.sorted { $0.cluster.name < $1.cluster.name }
  }

  /// The agents of a member know nothing of the API unless its values say so.
  private func switchedOff(_ member: ClusterMeshSystem.Member, _ rule: Rule) -> Fault? {
    guard let mesh = member.values?["clustermesh"],
      mesh.at("mcsapi", "enabled")?.boolean != true, mesh["enableMCSAPISupport"]?.boolean != true
    else { return nil }
    return Fault(
      rule,
      "the Multi-Cluster Services API is off in \(member.cluster.name): exports and imports are not looked at",
      at: member.place.map { [$0] } ?? [], help: ["switch on clustermesh.mcsapi.enabled"],
      because: MeshClaims.exports(in: member.cluster.name))
  }

  // MARK: CoreDNS

  private enum Answers {
    case configured(Hop.Evidence, Label?)
    case nobody(Label)
    case unknown
  }

  private func answers() -> Answers {
    if near.values?.at("clustermesh", "mcsapi", "corednsAutoConfigure", "enabled")?.boolean == true {
      return .configured(.emitted, near.place)
    }
    let declared = near.cilium.at("mcsapi", "coreDNS")
    let isClaimed = declared?.string == "configured"
    // Somebody says that it is done; where the Corefile is known, it must agree.
    if let (text, label) = corefile() {
      return Self.serves(text) ? .configured(.declared, label) : .nobody(label)
    }
    return isClaimed ? .configured(.specified, declared.map { Label($0.range) }) : .unknown
  }

  private func corefile() -> (text: String, label: Label)? {
    if let file = near.cluster.model.corefile {
      let start = SourceRange(file: file, start: 0, end: min(1, file.bytes.count))
      return (String(decoding: file.bytes, as: UTF8.self), Label(start, "its Corefile"))
    }
    guard
      let map = near.cluster.object("v1", "ConfigMap", "kube-system", "coredns")
        ?? near.cluster.observed("v1", "ConfigMap", "kube-system", "coredns"),
      let text = map.node.at("data", "Corefile")
    else { return nil }
    return (text.text, map.label(at: text))
  }

  /// True when the plugin kubernetes serves the zone and has the option for it, line by line.
  private static func serves(_ corefile: String) -> Bool {
    let zones = ["clusterset.local", "clusterset.local."]
    var servesZone = false
    for line in corefile.split(separator: "\n") {
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
      let namesZone = words.dropFirst().contains(where: zones.contains)
      if words.first == "kubernetes" { servesZone = namesZone }
      if words.first == "multicluster", servesZone, namesZone { return true }
    }
    return false
  }
}
