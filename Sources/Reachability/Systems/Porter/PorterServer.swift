import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The virtual server that a claim has in the target's cluster, as far as it is known.
struct PorterServer: Sendable {
  /// A value with where it comes from.
  struct Fact<Value: Sendable>: Sendable {
    let value: Value
    let evidence: Hop.Evidence
    let place: Label
  }

  let claimName: String
  private let cluster: String
  private let primary: String
  private let opposite: String?
  private let namespace: String
  private let service: String
  private let servicePort: Int
  /// The virtual server that was observed is another claim's, and so are the Endpoints that lead to it.
  let isServedForAnother: Bool
  /// The operator's label for Services of the type that it reads now.
  private let label: String
  /// The address that was observed while the Service had another type: the virtual server has it no more, or not for
  /// long. Nil where the observation fits the type.
  /// The port that the claim was observed with, where its TransportServer has another.
  let claimedPort: Node?
  let formerAddress: IPAddress?
  /// The TransportServer, where it was observed.
  let object: KnownObject?
  /// The Endpoints opposite that lead to it, where they were observed.
  let endpoints: KnownObject?
  let address: Fact<String>?
  let port: Fact<Int>?

  init(_ claim: PorterSystem.ServerClaim, _ crossing: Crossing, _ system: PorterSystem, _ fleet: JudgedFleet)
  {
    let key = crossing.target.service.key
    claimName = claim.name
    cluster = crossing.target.cluster
    primary = system.primary
    opposite = system.opposite(of: cluster)
    namespace = key.namespace
    service = key.name
    servicePort = crossing.port.port.number
    object = fleet.clusters[cluster]?.observed("cis.f5.com/v1", "TransportServer", namespace, claim.name)
    isServedForAnother = system.isServedForAnother(claim.name, key, in: cluster)
    endpoints =
      isServedForAnother
      ? nil
      : system.opposite(of: cluster).flatMap { opposite in
        fleet.clusters[opposite]?.observed(
          "v1", "Endpoints", key.namespace, "\(key.name)-\(crossing.target.cluster)")
      }
    let status = fleet.clusters[system.primary]?.observed(
      "porter.devops.gov.bc.ca/v1alpha1", "TransportServerClaim", namespace, claim.name)
    let subset = endpoints?.node["subsets"]?.elements.first { _ in true }
    let published = fleet.clusters[system.primary]?.service(key)?.service ?? crossing.target.service
    label = published.type == "NodePort" ? "nodeport" : "true"
    let declared = Self.text(system.link.section["addresses"]?[cluster]?[published.type], .specified)
    let former = Self.formerAddress(object, label, declared)
    formerAddress = former
    let observed = [
      object?.node.at("spec", "virtualServerAddress"),
      subset?["addresses"]?.elements.first { _ in true }?["ip"],
    ].lazy.compactMap { Self.text($0, .observed) }
    address = observed.first { former == nil || IPAddress($0.value) != former } ?? declared
    let served = Self.number(object?.node.at("spec", "virtualServerPort"))
    let claimed = status?.node.at("status", "port")
    let isOther = served.flatMap { served in Self.number(claimed).map { $0.value != served.value } }
    claimedPort = isOther == true ? claimed : nil
    port =
      Self.number(object?.node.at("spec", "virtualServerPort"))
      ?? Self.number(subset?["ports"]?.elements.first { _ in true }?["port"])
      ?? Self.number(status?.node.at("status", "port"))
  }

  /// The address of a TransportServer whose label is that of another Service type; a link that gives this address to
  /// the type knows better.
  private static func formerAddress(_ object: KnownObject?, _ label: String, _ declared: Fact<String>?)
    -> IPAddress?
  {
    guard let found = object?.node.at("metadata", "labels", "f5cr"), found.text != label,
      let address = object?.node.at("spec", "virtualServerAddress").flatMap({ IPAddress($0.text) }),
      address != declared.flatMap({ IPAddress($0.value) })
    else { return nil }
    return address
  }

  private static func text(_ node: Node?, _ evidence: Hop.Evidence) -> Fact<String>? {
    guard let node, IPAddress(node.text) != nil else { return nil }
    return Fact(value: node.text, evidence: evidence, place: Label(node.range))
  }

  /// The ports that the operator draws; the documentation's 65555 is none.
  private static let drawnPorts = 1024...65535

  private static func number(_ node: Node?) -> Fact<Int>? {
    guard let node, let value = Int(node.text), drawnPorts ~= value else { return nil }
    return Fact(value: value, evidence: .observed, place: Label(node.range))
  }

  var missing: MissingFact {
    let facts = [address == nil ? "address" : nil, port == nil ? "port" : nil].compactMap { $0 }
    return MissingFact(
      cluster: cluster, namespace: namespace,
      fact: "the \(listed(facts.isEmpty ? ["address"] : facts)) of TransportServerClaim \(claimName)",
      resources: "tscs,ts,svc,endpoints", lookedFor: lookedFor)
  }

  /// Where the operator's answer would stand.
  private var lookedFor: [ObjectQuery] {
    let isPort = port == nil
    let server = ["spec", isPort ? "virtualServerPort" : "virtualServerAddress"]
    let part = ["subsets", "*"] + (isPort ? ["ports", "*", "port"] : ["addresses", "*", "ip"])
    func says(_ path: [String]) -> ObjectCondition {
      isPort ? .within(path, Self.drawnPorts) : .address(path)
    }
    // An address from before the Service's type changed is no answer.
    let isFormer = !isPort && formerAddress != nil
    var queries = [
      ObjectQuery(
        "TransportServer", of: "cis.f5.com", in: cluster, namespace, claimName, .observed,
        where: [says(server)]
          + (isFormer ? [.text(["metadata", "labels", "f5cr"], [label], default: label)] : []))
    ]
    if let opposite, !isServedForAnother {
      queries.append(
        ObjectQuery(
          "Endpoints", of: "", in: opposite, namespace, "\(service)-\(cluster)", .observed,
          where: [says(part)] + (isFormer ? formerTexts.map { .not(.text(part, [$0])) } : [])))
    }
    if isPort {
      queries.append(
        ObjectQuery(
          "TransportServerClaim", of: "porter.devops.gov.bc.ca", in: primary, namespace, claimName, .observed,
          where: [says(["status", "port"])]))
    }
    return queries
  }

  /// The former address as Endpoints spell it.
  private var formerTexts: [String] { leadsToFormer.map { [$0.text] } ?? [] }

  /// The address of Endpoints that were observed to lead to the former address.
  private var leadsToFormer: Node? {
    guard let formerAddress,
      let found = endpoints?.node["subsets"]?.elements.first(where: { _ in true })?["addresses"]?.elements
        .first(where: { _ in true })?["ip"], IPAddress(found.text) == formerAddress
    else { return nil }
    return found
  }

  /// That what was observed of the TransportServer looks so.
  func serverClaim(_ conditions: [ObjectCondition]) -> Claim {
    .found(
      ObjectQuery(
        "TransportServer", of: "cis.f5.com", in: cluster, namespace, claimName, .observed, where: conditions))
  }

  /// It leads to the Service and its port.
  var poolConditions: [ObjectCondition] {
    let pool = ["spec", "pool"]
    return [
      .text(pool + ["service"], [service], default: service),
      .either([.number(pool + ["servicePort"], servicePort), .not(.exists(pool + ["servicePort"]))]),
    ]
  }

  static let refused = [ObjectCondition.text(["status", "status"], ["ERROR", "Error", "error"])]

  /// That Endpoints opposite were observed to lead elsewhere; nil where they say nothing.
  var contradictionClaim: Claim? {
    guard let opposite, let address, let port, leadsToFormer == nil else { return nil }
    let found = endpoints?.node["subsets"]?.elements.first { _ in true }?["addresses"]?.elements.first {
      _ in true
    }?["ip"]
    // One address has several spellings.
    let isSame = found.map { IPAddress($0.text) != nil && IPAddress($0.text) == IPAddress(address.value) }
    let texts = [address.value] + (isSame == true ? [found?.text ?? address.value] : [])
    let leads = ObjectCondition.element(
      ["subsets", "*"],
      [
        .text(["addresses", "*", "ip"], texts, default: address.value),
        .either([
          .number(["ports", "*", "port"], port.value), .not(.exists(["ports", "*", "port"])),
        ]),
      ])
    return .found(
      ObjectQuery(
        "Endpoints", of: "", in: opposite, namespace, "\(service)-\(cluster)", .observed,
        where: [.exists(["subsets"]), .not(leads)]))
  }

  // MARK: What was observed against what should be

  /// Endpoints that lead to another place than the virtual server's, or nowhere.
  var contradiction: Fault? {
    if let endpoints, let opposite, leadsToFormer == nil, (endpoints.node["subsets"]?.count ?? 0) == 0 {
      return Fault(
        JudgementRules.address,
        "Endpoints \(endpoints.name) in \(opposite) were observed without any address",
        at: [endpoints.label(at: endpoints.node["subsets"], "empty")],
        help: [
          "observe \(opposite) again; if it stays, touch the claim so that the operator writes them anew"
        ],
        because: .found(
          ObjectQuery(
            "Endpoints", of: "", in: opposite, namespace, endpoints.name, .observed,
            where: [.not(.exists(["subsets"]))])), wanted: .no)
    }
    guard let endpoints, let address, let port, leadsToFormer == nil,
      let subset = endpoints.node["subsets"]?.elements.first(where: { _ in true })
    else { return nil }
    let found = subset["addresses"]?.elements.first { _ in true }?["ip"]
    if found == nil, let waiting = subset["notReadyAddresses"], waiting.count > 0, let opposite {
      return Fault(
        JudgementRules.address, "Endpoints \(endpoints.name) in \(opposite) have no address that is ready",
        at: [endpoints.label(at: waiting, "not ready")],
        help: ["observe \(opposite) again; if it stays, look at who wrote the Endpoints"],
        because: .found(
          ObjectQuery(
            "Endpoints", of: "", in: opposite, namespace, endpoints.name, .observed,
            where: [
              .exists(["subsets", "*", "notReadyAddresses"]), .not(.exists(["subsets", "*", "addresses"])),
            ])), wanted: .no)
    }
    if let fault = strayEndpoint(endpoints, address.value, port.value) { return fault }
    let number = subset["ports"]?.elements.first { _ in true }?["port"]
    let isSame =
      (found.map {
        $0.text == address.value
          || IPAddress($0.text) != nil && IPAddress($0.text) == IPAddress(address.value)
      }
        ?? true) && (number.map { Int($0.text) == port.value } ?? true)
    guard !isSame else { return nil }
    return Fault(
      JudgementRules.address,
      "Endpoints \(endpoints.name) lead to \(found?.text ?? "nowhere"):\(number?.text ?? ""), and the virtual server is at \(address.value):\(port.value)",
      at: [endpoints.label(at: found, "lead here"), address.place],
      help: [
        "observe both clusters again; if it stays, touch the claim so that the operator writes the Endpoints anew"
      ], because: contradictionClaim, wanted: .no)
  }

  /// An endpoint beside the right one: of two claims on one Service each writes its own, and connections take turns.
  private func strayEndpoint(_ endpoints: KnownObject, _ address: String, _ port: Int) -> Fault? {
    guard let opposite, let right = IPAddress(address) else { return nil }
    let subsets = endpoints.node["subsets"]?.elements.map { $0 } ?? []
    let addresses = subsets.flatMap { $0["addresses"]?.elements.compactMap { $0["ip"] } ?? [] }
    let ports = subsets.flatMap { $0["ports"]?.elements.compactMap { $0["port"] } ?? [] }
    // Where nothing is right, the first says it all.
    guard addresses.contains(where: { IPAddress($0.text) == right }),
      ports.isEmpty || ports.contains(where: { Int($0.text) == port })
    else { return nil }
    let strays =
      addresses.filter { IPAddress($0.text) != right } + ports.filter { Int($0.text) != port }
    guard let stray = strays.first else { return nil }
    let spellings = Set(addresses.filter { IPAddress($0.text) == right }.map(\.text)).sorted()
    return Fault(
      JudgementRules.address,
      "Endpoints \(endpoints.name) in \(opposite) lead to \(stray.text) as well, and the virtual server is at \(address):\(port)",
      at: [endpoints.label(at: stray, "leads here too")],
      help: [
        "touch the claim so that the operator writes the Endpoints anew, then observe \(opposite) again"
      ],
      because: .found(
        ObjectQuery(
          "Endpoints", of: "", in: opposite, namespace, endpoints.name, .observed,
          where: [
            .either([
              .element(
                ["subsets", "*", "addresses", "*"], [.exists(["ip"]), .not(.text(["ip"], spellings))]),
              .element(["subsets", "*", "ports", "*"], [.exists(["port"]), .not(.number(["port"], port))]),
            ])
          ])), wanted: .no)
  }

  /// What is missing while the controller has not taken the TransportServer up (k8s-bigip-ctlr: the status starts as
  /// "Pending", with the address "None").
  var untaken: MissingFact? {
    guard let status = object?.node.at("status", "status"), status.text.lowercased() == "pending" else {
      return nil
    }
    return MissingFact(
      cluster: cluster, namespace: namespace,
      fact: "that the load balancer has taken up TransportServer \(claimName), which was pending",
      resources: "tscs,ts,svc,endpoints",
      lookedFor: [
        ObjectQuery(
          "TransportServer", of: "cis.f5.com", in: cluster, namespace, claimName, .observed,
          where: [.not(.text(["status", "status"], [status.text]))])
      ])
  }

  /// A TransportServer that leads to another Service, or that its controller has refused.
  var poolFault: Fault? {
    guard let object else { return nil }
    let pool = object.node.at("spec", "pool")
    if let name = pool?["service"], name.text != service {
      return fault(
        object, name,
        "TransportServer \(object.name) in \(cluster) leads to Service \(name.text), not to \(service)",
        poolConditions)
    }
    if let number = pool?["servicePort"], Int(number.text) ?? servicePort != servicePort {
      return fault(
        object, number,
        "TransportServer \(object.name) in \(cluster) leads to port \(number.text) of \(service), not to \(servicePort)",
        poolConditions)
    }
    if let status = object.node.at("status", "status"), status.text.lowercased() == "error" {
      return fault(
        object, status, "the load balancer has refused TransportServer \(object.name) in \(cluster)",
        Self.refused, wanted: .no)
    }
    return nil
  }

  private func fault(
    _ object: KnownObject, _ node: Node, _ message: String, _ conditions: [ObjectCondition],
    wanted: Ternary = .yes
  ) -> Fault {
    Fault(
      JudgementRules.unpublished, message, at: [object.label(at: node, "observed")],
      help: ["observe \(cluster) again; if it stays, look at the operator's and the controller's messages"],
      because: serverClaim(conditions), wanted: wanted)
  }
}

extension PorterServer.Fact where Value == String {
  var text: String { value }
}

extension PorterServer.Fact where Value == Int {
  var number: Int { value }
}
