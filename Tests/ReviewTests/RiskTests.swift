import Output
import Testing

@testable import Review

/// What a reviewer sees first.
@Suite struct RiskTests {
  private func risks(_ objects: [ObjectChange], _ paths: [PathChange] = []) -> [String] {
    RiskAssessment.risks(paths, objects).map { "\($0.kind.rawValue): \($0.subject): \($0.text)" }
  }

  private static let narrow =
    "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/16, except: [10.0.1.0/24]}}], ports: [{port: 80}]}]}"

  @Test(arguments: [
    (
      "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 80}]}]}",
      ["ingress from 10.0.0.0/8"]
    ),
    (
      "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.2.0/24}}], ports: [{port: 80}]}]}",
      ["ingress from 10.0.1.0/24, which was excepted of 10.0.2.0/24"]
    ),
    ("{podSelector: {}, ingress: [{ports: [{port: 80}]}]}", ["ingress from everywhere"]),
    (
      "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/16, except: [10.0.1.0/24]}}]}]}",
      ["ingress on every port"]
    ),
    (
      "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/16}}], ports: [{port: 80}]}]}",
      ["ingress from 10.0.1.0/24, which was excepted of 10.0.0.0/16"]
    ),
    (
      "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/16, except: [10.0.1.0/24]}}, {podSelector: {}}], ports: [{port: 80}, {port: 81}]}]}",
      ["ingress from {podSelector: {}}", "ingress on port 81/TCP"]
    ),
    ("{podSelector: {}, ingress: []}", []),
    (
      "{podSelector: {}, policyTypes: [Egress], egress: []}",
      ["ingress from everywhere: it does not isolate that direction any more"]
    ),
    ("{podSelector: {}, policyTypes: [Ingress], egress: [{}]}", []),
    (
      "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 443}]}]}",
      ["egress to 0.0.0.0/0", "egress on port 443/TCP"]
    ),
  ])
  func widerPolicies(_ after: String, _ expected: [String]) {
    let change = ReviewSample.change(ReviewSample.policy(Self.narrow), ReviewSample.policy(after))
    #expect(risks([change]) == expected.map { "widerNetwork: NetworkPolicy ns/p: \($0)" })
  }

  @Test func aNewPolicyIsRiskyOnlyWhenItAdmitsEverybody() {
    #expect(risks([ReviewSample.change(nil, ReviewSample.policy(Self.narrow))]) == [])
    #expect(
      risks([ReviewSample.change(nil, ReviewSample.policy("{podSelector: {}, ingress: [{}]}"))])
        == ["widerNetwork: NetworkPolicy ns/p: ingress from everywhere"])
  }

  /// What worked for certain and is not certain any more is looked at, whether or not it may still work.
  @Test func whatIsNotProvedAnyMoreIsShown() {
    func verdict(_ word: String, _ isReachable: Bool?) -> ReviewedPath.Verdict {
      ReviewedPath.Verdict(word: word, isReachable: isReachable, reason: "the reason")
    }
    func risks(_ before: ReviewedPath.Verdict, _ after: ReviewedPath.Verdict) -> [String] {
      self.risks(
        [],
        PathChange.between(
          [ReviewSample.path("ns/a", verdict: before)], [ReviewSample.path("ns/a", verdict: after)],
          unknown: (.init(), .init())))
    }
    let (proved, depends) = (verdict("proved", true), verdict("depends", true))
    let (pending, refuted) = (verdict("pending", nil), verdict("refuted", false))
    #expect(risks(proved, pending) == ["noLongerProved: golddr → gold ns/db 80/TCP: pending: the reason"])
    #expect(risks(proved, depends) == ["noLongerProved: golddr → gold ns/db 80/TCP: depends: the reason"])
    #expect(risks(proved, refuted) == ["newlyUnreachable: golddr → gold ns/db 80/TCP: the reason"])
    #expect(risks(depends, pending).isEmpty && risks(pending, proved).isEmpty)
  }

  /// A section that is not in policyTypes, and Cilium's word about isolation.
  @Test func whatIsIsolatedNoMore() {
    let both = ReviewSample.policy("{podSelector: {}, policyTypes: [Ingress, Egress]}")
    let one = ReviewSample.policy("{podSelector: {}, policyTypes: [Ingress]}")
    #expect(
      risks([ReviewSample.change(both, one)]) == [
        "widerNetwork: NetworkPolicy ns/p: egress to everywhere: it does not isolate that direction any more"
      ])
    #expect(risks([ReviewSample.change(one, both)]).isEmpty)
    func cilium(_ spec: String) -> String {
      "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: c, namespace: ns}, spec: {endpointSelector: {}, \(spec)}}"
    }
    let rule = "ingress: [{fromEndpoints: [{}]}]"
    #expect(
      risks([
        ReviewSample.change(cilium(rule), cilium("enableDefaultDeny: {ingress: false}, \(rule)"))
      ]) == [
        "widerNetwork: CiliumNetworkPolicy ns/c: ingress from everywhere: it does not isolate that direction any more"
      ])
    #expect(
      risks([ReviewSample.change(nil, cilium("ingress: [{fromEntities: [all]}]"))]) == [
        "widerNetwork: CiliumNetworkPolicy ns/c: ingress from everywhere"
      ])
  }

  @Test func ciliumPeers() {
    func policy(_ peers: String) -> String {
      "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: c, namespace: ns}, spec: {endpointSelector: {}, ingress: [{\(peers), toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]}}"
    }
    let change = ReviewSample.change(policy("fromCIDR: [10.0.0.0/16]"), policy("fromEntities: [world]"))
    #expect(risks([change]) == ["widerNetwork: CiliumNetworkPolicy ns/c: ingress from world"])
  }

  @Test func renamedClaimsAndAddressesAndRemovedPolicies() {
    func claim(_ name: String) -> String {
      "{apiVersion: porter.devops.gov.bc.ca/v1alpha1, kind: TransportServerClaim, metadata: {name: \(name), namespace: ns}, spec: {service: db, servicePort: 80}}"
    }
    func server(_ port: Int) -> String {
      "{apiVersion: cis.f5.com/v1, kind: TransportServer, metadata: {name: t, namespace: ns}, spec: {virtualServerAddress: 10.0.0.1, virtualServerPort: \(port)}}"
    }
    let found = risks([
      ReviewSample.change(claim("old"), nil), ReviewSample.change(nil, claim("new")),
      ReviewSample.change(server(1), server(2), part: .expected),
      ReviewSample.change(ReviewSample.policy(Self.narrow), nil),
    ])
    #expect(
      found.map { String($0.prefix { $0 != ":" }) } == ["renamedClaim", "changedAddress", "removedPolicy"])
    #expect(found[0].contains("was TransportServerClaim ns/old"))
    #expect(found[1].contains("spec.virtualServerPort: 1 → 2"))
    // What controllers will make is no policy of ours, and a claim for another Service is no rename.
    #expect(risks([ReviewSample.change(ReviewSample.policy(Self.narrow), nil, part: .expected)]) == [])
  }

  @Test func renamedServiceIsTold() {
    func service(_ name: String, of connection: String = "ns/db") -> String {
      "{apiVersion: v1, kind: Service, metadata: {name: \(name), namespace: ns, annotations: {linkwright.dev/connection: '\(connection)'}}}"
    }
    #expect(
      risks([ReviewSample.change(service("old"), nil), ReviewSample.change(nil, service("new"))])
        == [
          "renamedService: Service ns/old: becomes Service ns/new: clients that use the former name find it no more"
        ])
    #expect(
      risks([ReviewSample.change(service("old"), nil), ReviewSample.change(nil, service("new", of: "ns/x"))])
        == [])
    #expect(risks([ReviewSample.change(service("old"), nil)]) == [])
  }

  /// Clients find a virtual server by name, under the claim's port or under the operator's.
  @Test func clientsPortOfAClaimChanges() {
    func claim(_ override: String) -> String {
      "{apiVersion: porter.devops.gov.bc.ca/v1alpha1, kind: TransportServerClaim, metadata: {name: a, namespace: ns}, spec: {service: db, servicePort: 80\(override)}}"
    }
    let change = ReviewSample.change(claim(", overrideServicePort: true"), claim(""))
    #expect(
      risks([change]) == [
        "changedAddress: TransportServerClaim ns/a: clients find it under the port that the operator draws instead of port 80: who names the other one must change"
      ])
    #expect(
      StagePlan([change]).stages.first?.faults.contains { $0.contains("instead of port 80 in one step") }
        == true)
    #expect(risks([ReviewSample.change(claim(", overrideServicePort: false"), claim(""))]) == [])
  }

  @Test func onlyTheSourceFileWasRenamed() {
    func service(_ file: String) -> String {
      "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: ns, annotations: {config.kubernetes.io/origin: 'path: \(file)'}}}"
    }
    let review = ReviewSample.review([ReviewSample.change(service("a.yaml"), service("b.yaml"))])
    #expect(review.objects.isEmpty && review.provenanceOnly == 1 && !review.isEmpty)
  }
}
