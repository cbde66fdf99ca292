package import Diagnostics

/// Rules about manifests that are given to `adopt`: what cannot be read as the state of a cluster, and the faults
/// that are met on the way. None of them is repaired silently.
package enum AdoptionRules {
  package static let all = [
    templateGiven, patchGiven, mixedClusters, objectTwice, claimInSecondary, pairUnclear, policyMissing,
    withoutNamespace, serviceMissing, notAdopted, nothingFound, unusableField, disagreement,
    clustersetUnshown,
    helmReleaseUnshown, headlessUnsynchronized, kindMissing,
  ]

  private static let why = "it needs manifests on the command line; the tests of Adoption run some"

  package static let templateGiven = Rule(
    "LW9001", "template-given", .error, "a template was given to adopt instead of what it renders",
    explanation: """
      A chart's templates are no manifests: which objects they make depends on values. Give adopt what \
      'helm template' prints, once for each cluster with the cluster's values.
      """, unexampled: why)

  package static let patchGiven = Rule(
    "LW9002", "patch-given", .error,
    "a kustomization or a patch was given to adopt instead of what it builds",
    explanation: """
      A patch is a part of an object, and a base is an object before its patches. Read as manifests, both describe \
      objects that no cluster has. Give adopt what 'kubectl kustomize' prints for each overlay.
      """, unexampled: why)

  package static let mixedClusters = Rule(
    "LW9003", "mixed-clusters", .error, "manifests of two clusters were given as those of one",
    explanation: """
      Every object of a cluster has a uid that no other object has. One name with two uids comes from two clusters, \
      and one uid under two clusters means that the same dump was given for both. What would be adopted then is \
      neither cluster.
      """, unexampled: why)

  package static let objectTwice = Rule(
    "LW9004", "adopted-object-twice", .warning,
    "an object stands twice in a cluster's manifests, with different content",
    explanation: """
      Only one of them can be what the cluster has. The first is adopted, in the order of the files; remove the other, \
      or give adopt a dump of the cluster.
      """, unexampled: why)

  package static let claimInSecondary = Rule(
    "LW9005", "adopted-claim-in-secondary", .warning,
    "a TransportServerClaim stands in the cluster that does not take claims",
    explanation: """
      Claims are created in the primary cluster only (Gold); its operator serves both. One in the other cluster (GoldDR) \
      does nothing, or fights the operator. It is not adopted: remove it.
      """, unexampled: why)

  package static let pairUnclear = Rule(
    "LW9006", "pair-unclear", .warning, "it cannot be told which cluster is the other side of a pair",
    explanation: """
      The manifests do not say which cluster the operator of a claim's cluster serves too. adopt takes two clusters for \
      a pair when both have the Services that are claimed. '--pair PRIMARY=SECONDARY' says it.
      """, unexampled: why)

  package static let policyMissing = Rule(
    "LW9007", "adopted-policy-missing", .warning,
    "no manifest admits the load balancer to a Service that has a claim",
    explanation: """
      The platform denies what no policy admits, so the connection cannot work, or its policy is not among the manifests \
      that were given. Linkwright emits one; look at it before it is applied.
      """, unexampled: why)

  package static let withoutNamespace = Rule(
    "LW9008", "adopted-without-namespace", .error, "an object that would be adopted lies in no namespace",
    explanation: """
      Renderers often leave metadata.namespace out and let the consumer fill it in; then --namespace says which one is \
      meant.
      """, unexampled: why)

  package static let serviceMissing = Rule(
    "LW9009", "adopted-service-missing", .warning,
    "a Service or a port that a connection leads to is not among the manifests",
    explanation: """
      A connection's ports and pods come from the Service's manifest in every cluster that it leads to. Without it the \
      object stays as it is, and nothing is written for it.
      """, unexampled: why)

  package static let notAdopted = Rule(
    "LW9010", "not-adopted", .note, "an object of a system that Linkwright knows is left as it is",
    explanation: """
      What the specification cannot say, or what the manifests do not tell, is left to its owner. The message says which \
      of the two it is.
      """, unexampled: why)

  package static let nothingFound = Rule(
    "LW9011", "nothing-to-adopt", .error, "the manifests hold nothing that connects clusters",
    explanation: """
      adopt looks for TransportServerClaims, Services without selector and their endpoints, global and exported \
      Services and Helm values of Cilium, GatewayDNS objects, and east-west gateways of Tetrate or Istio.
      """, unexampled: why)

  package static let unusableField = Rule(
    "LW9012", "adopted-unusable-field", .warning,
    "a field of an adopted object is not what its controller takes",
    explanation: """
      The CRD of TransportServerClaims has no schema: a boolean in quotes and a misspelt key are accepted and ignored. \
      What is adopted is what the controller does, not what the manifest seems to say.
      """, unexampled: why)

  package static let disagreement = Rule(
    "LW9013", "manifests-disagree", .warning, "manifests of two clusters say different things of one fact",
    explanation: """
      A fact that all clusters share can be written once only. The first is adopted, in the order of the clusters on the \
      command line.
      """, unexampled: why)

  package static let clustersetUnshown = Rule(
    "LW9014", "clusterset-unshown", .warning, "no manifest shows who answers for clusterset.local",
    explanation: """
      Clients of exported Services use names below clusterset.local, for which CoreDNS answers when its plugin kubernetes \
      has the option 'multicluster clusterset.local'. The chart can configure it (corednsAutoConfigure); where neither \
      values nor a Corefile show that, the Cluster is written as one in which somebody has done it, so that nothing \
      changes.
      """, unexampled: why)

  package static let helmReleaseUnshown = Rule(
    "LW9015", "helm-release-unshown", .note, "nothing shows that a release of Helm applies Cilium's values",
    explanation: """
      With the chart's default, Helm makes the certificates of a mesh, and looks up those that exist: a release can do \
      that, 'helm template' cannot. The Link is written as for a release, so that nothing changes; under Argo CD that \
      would be wrong, and the method has to be another.
      """, unexampled: why)

  package static let headlessUnsynchronized = Rule(
    "LW9016", "adopted-headless-service", .warning,
    "a headless Service crosses the mesh, and Cilium does not synchronize EndpointSlices",
    explanation: """
      A headless Service has no address that could lead to pods of other clusters: clients find them by EndpointSlices, \
      which Cilium writes only where clustermesh.enableEndpointSliceSynchronization is on. Linkwright switches it on for \
      the clusters of the clients; agents restart.
      """, unexampled: why)

  package static let kindMissing = Rule(
    "LW9017", "adopted-kind-missing", .error, "an object does not say of which kind it is",
    explanation: """
      Without apiVersion and kind nobody knows what an object is, and it would be left out without a word. Keys are \
      case-sensitive; the API server's own lists leave the kind of their items to the list, kubectl writes it into each.
      """, unexampled: why)
}
