package import Diagnostics

/// Rules about network policies: what the API server refuses, and what is valid but rarely meant.
package enum ReachabilityRules {
  package static let all = [
    policyPeer, addressBlock, policyPort, policyProtocol, policySelector, policyTypes, policyTwice,
    policyShape,
    notEvaluated, policyUnserved, manifestUnserved, manifestTwice, kustomization, egressWithoutEffect,
    sectionOutsideTypes,
    policySelectsNothing, peerSelectsNothing,
    unknownPortName,
    servicePort, egressWithoutDNS, namespaceNameLabel, hostBits, namedPortToAddress, separateItems,
    ciliumPolicy, adminPolicy, withoutEffect, ciliumNamed, rangeLeftOut, undeclaredPort, adminPriority,
    letter,
  ]

  private static let unexampled = "'linkwright reach --manifests' reports it; PolicyCheckTests runs one"

  private static func rule(
    _ id: String, _ name: String, _ severity: Severity, _ summary: String, _ explanation: String
  ) -> Rule {
    Rule(id, name, severity, summary, explanation: explanation, unexampled: unexampled)
  }

  // MARK: What the API server refuses (ValidateNetworkPolicy of kubernetes/apis/networking/validation)

  package static let policyPeer = rule(
    "LW7001", "policy-peer", .error, "a policy's peer is empty or mixes ipBlock with selectors",
    """
    An empty peer '{}' does not mean everyone: the API server refuses it. Everyone is a missing 'from' or 'to'; \
    every pod is '{namespaceSelector: {}}'. An ipBlock stands alone in its item.
    """)
  package static let addressBlock = rule(
    "LW7002", "policy-address-block", .error, "an ipBlock is not a valid address range",
    "'cidr' is an address and a prefix length. Each 'except' lies inside of 'cidr' and is smaller than it.")
  package static let policyPort = rule(
    "LW7003", "policy-port", .error, "a policy's port is not valid",
    """
    A port is a number from 1 to 65535 or a port name (lower case, at most 15 characters, at least one letter). \
    'endPort' needs a numbered 'port' that is not larger.
    """)
  package static let policyProtocol = rule(
    "LW7004", "policy-protocol", .error, "a policy names a protocol other than TCP, UDP and SCTP",
    "NetworkPolicy knows three protocols, in capital letters. What a plugin does with others is not defined.")
  package static let policySelector = rule(
    "LW7005", "policy-selector", .error, "a policy's label selector is not valid",
    """
    Operators are In, NotIn, Exists and DoesNotExist; In and NotIn need values, the others must have none. Keys \
    and values are limited to 63 characters of letters, digits, '-', '_' and '.'.
    """)
  package static let policyTypes = rule(
    "LW7006", "policy-types", .error, "policyTypes holds something other than Ingress and Egress",
    "policyTypes has at most two entries, each with a capital letter.")
  package static let policyTwice = rule(
    "LW7007", "policy-twice", .error, "two network policies of one namespace have one name",
    "The one that is applied later replaces the other; their rules do not add up.")
  package static let policyShape = rule(
    "LW7008", "policy-shape", .error,
    "a network policy has a field that the API does not know, or of the wrong type",
    """
    A misspelt field is dropped or refused by the API server. A dropped 'from' admits everybody, so nothing is \
    evaluated until it is mended.
    """)
  package static let notEvaluated = rule(
    "LW7009", "policy-not-evaluated", .warning, "a policy of a kind that is not evaluated",
    """
    A plugin's own kinds can allow and deny before or after NetworkPolicy. They are not read, so the answers that \
    they may concern depend on them, and nothing of that counts as proved.
    """)

  package static let policyUnserved = rule(
    "LW7010", "policy-unserved", .error, "a network policy that no API server takes as one",
    """
    A wrong apiVersion, a misspelt kind or a missing name: the cluster refuses the manifest, and the pods that it was to \
    isolate stay open. Nothing is listed until it is mended.
    """)
  package static let manifestUnserved = rule(
    "LW7011", "manifest-unserved", .warning, "a manifest that no API server takes as what it seems to be",
    """
    A wrong apiVersion or a missing name: the cluster refuses the manifest. The list shows what is meant where the \
    pods can be told nevertheless.
    """)

  package static let manifestTwice = rule(
    "LW7012", "manifest-stands-twice", .warning, "an object stands twice with different content",
    "Of two manifests of one object the one that is applied later counts. The list takes the first.")
  package static let kustomization = rule(
    "LW7013", "kustomization-not-built", .warning, "a kustomization among plain manifests",
    """
    Manifests are taken as they stand in their files: what a kustomization sets (namespace, labels, patches) is not \
    applied. Build it first and list the result.
    """)

  package static let letter = rule(
    "LW7014", "plain-letter", .warning, "a plain y or n that programs read differently",
    """
    To kubectl and the API server's other clients a plain y is true and a plain n is false, and an object with such a \
    namespace or label is refused; YAML 1.2 and most other readers take the letter. The list takes the letter, too.
    """)

  package static let ciliumPolicy = rule(
    "LW7401", "cilium-policy", .error, "a Cilium policy is not valid",
    """
    Cilium refuses the whole policy, also where only one rule is wrong; what it was to isolate stays open. A rule \
    names peers in one way only, ports are strings, and a policy selects either endpoints or nodes.
    """)
  package static let adminPolicy = rule(
    "LW7402", "admin-policy", .error, "an admin policy is not valid",
    """
    The API server refuses it. Actions are Allow (Accept in a ClusterNetworkPolicy), Deny and Pass; the baseline \
    cannot pass; every rule lists its peers; the priority is a number from 0 to 1000, and lower comes first.
    """)
  package static let withoutEffect = rule(
    "LW7403", "policy-without-effect", .warning, "a policy that the cluster's network plugin may not know",
    """
    CiliumNetworkPolicies have an effect only where Cilium is the network plugin, admin policies only where the \
    plugin implements them. Say which plugin runs: with --profile, or as the cluster's network profile.
    """)

  package static let ciliumNamed = rule(
    "LW7404", "cilium-named-object", .warning,
    "a Cilium policy names a Service or a group of addresses that no manifest describes",
    """
    'toServices' means the pods of the Services that it names, and 'cidrGroupRef' the ranges of a CiliumCIDRGroup. \
    Where nothing has that name the rule opens nothing. What only the cluster knows makes every answer depend.
    """)

  // MARK: Valid, and rarely meant

  package static let egressWithoutEffect = rule(
    "LW7101", "egress-without-effect", .warning, "an empty egress list without policyTypes isolates nothing",
    """
    Without policyTypes a policy is about egress only where an egress rule stands. To deny all egress write \
    'policyTypes: [Egress]'.
    """)
  package static let sectionOutsideTypes = rule(
    "LW7102", "section-outside-types", .warning, "rules of a direction that policyTypes leaves out",
    "Where policyTypes is written, only the directions in it have an effect; rules of the other are ignored.")
  package static let policySelectsNothing = rule(
    "LW7103", "policy-selects-nothing", .warning, "a policy's podSelector selects no known pod",
    "A policy whose selector is misspelt protects nothing and admits nothing.")
  package static let peerSelectsNothing = rule(
    "LW7104", "peer-selects-nothing", .warning, "a policy's peer selects no known pod",
    "A peer that no pod matches opens nothing: the connection that it was written for does not work.")
  package static let unknownPortName = rule(
    "LW7105", "policy-port-name", .warning, "a policy names a port that some of its pods do not declare",
    "A port name is looked up in each destination pod's containers; a pod without it admits nothing by that rule."
  )
  package static let servicePort = rule(
    "LW7106", "policy-service-port", .warning, "a policy names a Service's port where pods listen on another",
    """
    Policies are applied after a Service's address has been rewritten to a pod's: they name the port that the pod \
    listens on (targetPort), never the Service's.
    """)
  package static let egressWithoutDNS = rule(
    "LW7107", "egress-without-dns", .warning, "pods whose egress is isolated may not ask for names",
    "A policy that lists where pods may go must also let them reach DNS, or no name resolves.")
  package static let namespaceNameLabel = rule(
    "LW7108", "namespace-name-label", .warning,
    "a namespace's manifest sets its name label to something else",
    "The API server writes kubernetes.io/metadata.name itself; another value has no effect.")
  package static let hostBits = rule(
    "LW7109", "policy-host-bits", .warning, "a cidr has bits set beyond its prefix",
    "They are ignored by most API servers and refused by newer ones.")
  package static let namedPortToAddress = rule(
    "LW7110", "policy-name-to-address", .warning, "a named port towards an ipBlock opens nothing",
    "A port name is looked up in pods; addresses outside of the cluster have none.")
  package static let separateItems = rule(
    "LW7111", "policy-separate-items", .note, "namespaceSelector and podSelector stand in separate items",
    """
    Two items admit either: all pods of those namespaces, and those pods of the policy's own namespace. One item \
    with both admits only those pods in those namespaces.
    """)
  package static let rangeLeftOut = rule(
    "LW7112", "policy-range-left-out", .warning, "a range that the profile of the list does not know",
    """
    np-guard's conventions know addresses of IPv4 alone. With '--profile np-guard' a policy's ranges of IPv6 isolate \
    pods as ever, but who gets in by them is in no line of the list. Every other profile lists both families.
    """)
  package static let undeclaredPort = rule(
    "LW7113", "policy-undeclared-port", .warning, "a policy admits a port that none of its pods declares",
    """
    Every pod that the rule is about declares ports, none of them this one, and no Service or probe leads to it. A port \
    that is not declared may be open all the same: then declare it, and the next reader knows.
    """)
  package static let adminPriority = rule(
    "LW7114", "admin-policy-priority", .warning, "two admin policies of one tier have one priority",
    """
    Within a tier the lower priority comes first, and the first rule that matches decides. Of two policies with one \
    priority either may come first, so what they say differently of the same pods depends on the network plugin.
    """)
}
