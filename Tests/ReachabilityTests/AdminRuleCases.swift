import Kubernetes
import Reachability

/// Cases of admin policies, and of kinds that nobody evaluates.
extension CiliumRuleTests {
  static func admin(_ priority: Int, _ spec: String, kind: String = "AdminNetworkPolicy") -> String {
    "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: \(kind)\nmetadata: {name: p\(priority)}\nspec: {priority: \(priority), subject: {namespaces: {}}, \(spec)}\n"
  }

  static let adminCases: [Case] = [
    Case(
      "admin policies isolate nobody",
      admin(1, "ingress: [{action: Allow, from: [{namespaces: {matchLabels: {team: y}}}]}]"), "a/db", "a/web",
      80, .yes, profile: "ovn-kubernetes"),
    Case(
      "they deny", admin(1, "ingress: [{action: Deny, from: [{namespaces: {matchLabels: {team: y}}}]}]"),
      "b/web", "a/web", 80, .no, profile: "ovn-kubernetes"),
    Case(
      "the first rule decides",
      admin(
        1, "ingress: [{action: Allow, from: [{namespaces: {}}]}, {action: Deny, from: [{namespaces: {}}]}]"),
      "b/web", "a/web", 80, .yes, profile: "ovn-kubernetes"),
    Case(
      "the lower priority comes first",
      admin(2, "ingress: [{action: Allow, from: [{namespaces: {}}]}]") + "---\n"
        + admin(1, "ingress: [{action: Deny, from: [{namespaces: {}}]}]"), "b/web", "a/web", 80, .no,
      profile: "ovn-kubernetes"),
    Case(
      "of one priority nobody knows",
      admin(1, "ingress: [{action: Allow, from: [{namespaces: {}}]}]") + "---\n"
        + admin(1, "ingress: [{action: Deny, from: [{namespaces: {}}]}]", kind: "ClusterNetworkPolicy"),
      "b/web", "a/web", 80, .depends, profile: "ovn-kubernetes"),
    Case(
      "an admin's allow comes before a NetworkPolicy",
      admin(1, "ingress: [{action: Allow, from: [{namespaces: {}}]}]") + "---\n" + network("podSelector: {}"),
      "b/web", "a/web", 80, .yes, profile: "ovn-kubernetes"),
    Case(
      "Pass leaves it to the NetworkPolicy",
      admin(
        1, "ingress: [{action: Pass, from: [{namespaces: {}}]}, {action: Allow, from: [{namespaces: {}}]}]")
        + "---\n" + network("podSelector: {}"), "b/web", "a/web", 80, .no, profile: "ovn-kubernetes"),
    Case(
      "the baseline comes last",
      admin(0, "ingress: [{action: Deny, from: [{namespaces: {}}]}]", kind: "BaselineAdminNetworkPolicy"),
      "b/web", "a/web", 80, .no, profile: "ovn-kubernetes"),
    Case(
      "… after a NetworkPolicy that selects",
      admin(0, "ingress: [{action: Deny, from: [{namespaces: {}}]}]", kind: "BaselineAdminNetworkPolicy")
        + "---\n" + network("podSelector: {}, ingress: [{}]"), "b/web", "a/web", 80, .yes,
      profile: "ovn-kubernetes"),
    Case(
      "a tier",
      admin(
        0, "tier: Baseline, ingress: [{action: Deny, from: [{namespaces: {}}]}]", kind: "ClusterNetworkPolicy"
      ) + "---\n" + network("podSelector: {}, ingress: [{}]"), "b/web", "a/web", 80, .yes,
      profile: "ovn-kubernetes"),
    Case(
      "ports",
      admin(
        1,
        "ingress: [{action: Deny, from: [{namespaces: {}}], ports: [{portNumber: {port: 80, protocol: TCP}}]}]"
      ), "b/web", "a/web", 81, .yes, profile: "ovn-kubernetes"),
    Case(
      "protocols",
      admin(
        1,
        "tier: Admin, ingress: [{action: Deny, from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {range: {start: 80, end: 90}}}}]}]",
        kind: "ClusterNetworkPolicy"), "b/web", "a/web", 85, .no, profile: "ovn-kubernetes"),
    Case(
      "a range of ports has both ends",
      admin(
        1,
        "ingress: [{action: Deny, from: [{namespaces: {}}], ports: [{portRange: {start: 80, end: 90, protocol: TCP}}]}]"
      ), "b/web", "a/web", 90, .no, profile: "ovn-kubernetes"),
    Case(
      "a port has a protocol",
      admin(
        1,
        "ingress: [{action: Deny, from: [{namespaces: {}}], ports: [{portNumber: {port: 80, protocol: UDP}}]}]"
      ), "b/web", "a/web", 80, .no, .udp, profile: "ovn-kubernetes"),
    Case(
      "a named port is of any protocol",
      admin(1, "ingress: [{action: Deny, from: [{namespaces: {}}], ports: [{namedPort: dns}]}]"), "b/web",
      "a/web", 53, .no, .udp, profile: "ovn-kubernetes"),
    Case(
      "a protocol without ports is all of them",
      admin(
        1, "tier: Admin, ingress: [{action: Deny, from: [{namespaces: {}}], protocols: [{sctp: {}}]}]",
        kind: "ClusterNetworkPolicy"), "b/web", "a/web", 9, .no, .sctp, profile: "ovn-kubernetes"),
    Case(
      "an action that nobody knows may deny",
      admin(1, "ingress: [{action: Log, from: [{namespaces: {}}]}]"), "b/web", "a/web", 80, .depends,
      profile: "ovn-kubernetes"),
    Case(
      "a peer that nobody knows may be anybody",
      admin(1, "ingress: [{action: Deny, from: [{future: {}}]}]"), "8.8.8.8", "a/web", 80, .depends,
      profile: "ovn-kubernetes"),
    Case(
      "networks match pods by their addresses",
      admin(1, "egress: [{action: Deny, to: [{networks: [10.0.0.0/24]}]}]"), "a/web", "a/db", 80, .no,
      profile: "ovn-kubernetes"),
    Case(
      "names of domains depend", admin(1, "egress: [{action: Deny, to: [{domainNames: [a.example]}]}]"),
      "a/web", "8.8.8.8", 80, .depends, profile: "ovn-kubernetes"),
    Case(
      "host-network pods are no subject", admin(1, "ingress: [{action: Deny, from: [{namespaces: {}}]}]"),
      "b/web", "a/host", 80, .yes, profile: "ovn-kubernetes"),
    Case(
      "a kind that nobody evaluates may do anything",
      "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: g}\nspec: {}\n", "b/web",
      "a/web", 80, .depends),
    Case(
      "… in its namespace",
      "apiVersion: k8s.ovn.org/v1\nkind: EgressFirewall\nmetadata: {name: g, namespace: b}\nspec: {}\n",
      "a/web", "8.8.8.8", 80, .yes),
  ]
}
