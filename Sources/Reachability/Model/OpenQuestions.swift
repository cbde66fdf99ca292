/// Why an answer depends on more than the manifests.
package struct OpenQuestions: OptionSet, Sendable, Hashable {
  package let rawValue: UInt32

  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let ipBlockAndPods = OpenQuestions(rawValue: 1)
  package static let ipBlockAndNodes = OpenQuestions(rawValue: 2)
  package static let hostNetwork = OpenQuestions(rawValue: 4)
  package static let namespaceLabels = OpenQuestions(rawValue: 8)
  package static let runtimeLabels = OpenQuestions(rawValue: 16)
  package static let addresses = OpenQuestions(rawValue: 32)
  package static let namedPorts = OpenQuestions(rawValue: 64)
  package static let otherClusters = OpenQuestions(rawValue: 128)
  package static let egressSupport = OpenQuestions(rawValue: 256)
  package static let exceptSupport = OpenQuestions(rawValue: 512)
  package static let otherPolicies = OpenQuestions(rawValue: 1 << 10)
  package static let applicationLayer = OpenQuestions(rawValue: 1 << 11)
  package static let placement = OpenQuestions(rawValue: 1 << 12)
  package static let apiServer = OpenQuestions(rawValue: 1 << 13)
  package static let liveFacts = OpenQuestions(rawValue: 1 << 14)
  package static let clusterName = OpenQuestions(rawValue: 1 << 15)
  package static let enforcement = OpenQuestions(rawValue: 1 << 16)
  package static let equalPriority = OpenQuestions(rawValue: 1 << 17)
  package static let sctp = OpenQuestions(rawValue: 1 << 18)
  package static let emptyList = OpenQuestions(rawValue: 1 << 19)
  package static let requirements = OpenQuestions(rawValue: 1 << 20)
  package static let hostFirewall = OpenQuestions(rawValue: 1 << 21)
  package static let baseline = OpenQuestions(rawValue: 1 << 22)
  package static let hostNames = OpenQuestions(rawValue: 1 << 23)
  package static let services = OpenQuestions(rawValue: 1 << 24)
  package static let serviceSelectors = OpenQuestions(rawValue: 1 << 25)
  package static let addressGroups = OpenQuestions(rawValue: 1 << 26)
  package static let primaryNetworks = OpenQuestions(rawValue: 1 << 27)
  package static let severalAddresses = OpenQuestions(rawValue: 1 << 28)
  package static let secondaryNetworks = OpenQuestions(rawValue: 1 << 29)

  private static let texts: [(OpenQuestions, String)] = [
    (.ipBlockAndPods, "whether the network plugin compares ipBlock with pod addresses"),
    (.ipBlockAndNodes, "whether the network plugin compares address ranges with node addresses"),
    (.hostNetwork, "how the network plugin treats host-network pods"),
    (.namespaceLabels, "labels of a namespace that has no manifest"),
    (.runtimeLabels, "labels that are set while pods run"),
    (.addresses, "addresses that the manifests do not tell"),
    (.severalAddresses, "which of a pod's several addresses a packet has"),
    (.namedPorts, "what a port's name means towards an address, or where containers of one pod disagree"),
    (.otherClusters, "whether selectors match pods of other clusters"),
    (.egressSupport, "whether the network plugin enforces egress"),
    (.exceptSupport, "whether the network plugin knows 'except'"),
    (.otherPolicies, "policies of a kind that is not evaluated"),
    (.applicationLayer, "what the request says: rules above the transport layer"),
    (.placement, "which node a pod runs on"),
    (.apiServer, "where the Kubernetes API server is"),
    (.liveFacts, "peers that only the running cluster knows"),
    (.clusterName, "the name of this cluster in its mesh"),
    (.enforcement, "whether the network plugin enforces policies of this kind"),
    (.equalPriority, "which of two policies with one priority comes first"),
    (.sctp, "whether the network plugin is told to handle SCTP"),
    (.emptyList, "what an empty list means in this release of the network plugin"),
    (.requirements, "fromRequires and toRequires, which releases from 1.19 refuse"),
    (.hostFirewall, "whether the host firewall is on"),
    (.baseline, "which policies the platform puts into every namespace"),
    (.hostNames, "what names of hosts resolve to: toFQDNs and domainNames"),
    (.services, "Services that the manifests do not tell"),
    (.serviceSelectors, "whether this release of Cilium follows the selectors of toServices"),
    (.primaryNetworks, "whether the network plugin keeps primary networks apart"),
    (.secondaryNetworks, "what passes by a second network of both, which NetworkPolicies do not govern"),
    (.addressGroups, "CiliumCIDRGroups that the manifests do not tell"),
  ]

  /// In words, in a fixed order.
  package var reasons: [String] { Self.texts.filter { contains($0.0) }.map(\.1) }
}
