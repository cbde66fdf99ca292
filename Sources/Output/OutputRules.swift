package import Diagnostics

/// Rules about the output and those who apply it.
package enum OutputRules {
  package static let all = [
    objectTwice, pendingRemoval, editedFile, foreignFile, ownedElsewhere, forbiddenKind, excludedKind,
    unusableName,
    directoryTooLarge, kustomizationTooLarge, brokenInventory, overlappingUnits, outdated,
    beyondTenancy, unplacedUnit, formerOutput, outputOverSources, sharedComponent, unitPath, emptyUnit,
    unknownKind,
  ]

  private static func fleet(_ output: String) -> String {
    """
    -- linkwright.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Fleet
    metadata: {name: porter-pair}
    spec: {output: \(output)}

    """
  }

  package static let objectTwice = Rule(
    "LW1501", "object-emitted-twice", .error, "two connections emit the same object",
    explanation: """
      Exactly one connection, or group of connections to one Service, owns an emitted object. Two owners would \
      overwrite each other from one compile to the next.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- connections/yourservice.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: yourservice, namespace: a1b2c3-dev}
      spec:
        from: [{clusters: [golddr]}]
        to: {clusters: [gold], services: [yourservice, second], ports: [8000]}
        exposure: {acknowledged: span-bc}
        porter: {claimName: both, overrideServicePort: true}
      -- workloads/gold/second.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: second, namespace: a1b2c3-dev}
      spec: {type: NodePort, selector: {name: yourapp}, ports: [{port: 8000}]}
      -- workloads/golddr/second.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: second, namespace: a1b2c3-dev}
      spec: {type: NodePort, selector: {name: yourapp}, ports: [{port: 8000}]}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let pendingRemoval = Rule(
    "LW1502", "pending-removal", .error, "an output on record would be removed because a fact went missing",
    explanation: """
      What depends on an observation is left out until the observation is there. But an object that was emitted \
      before is never taken away because its observation was lost: that would cut a live connection. Restore the \
      observation, or agree with --prune-pending.
      """,
    unexampled: "it needs an output on record; the case porter-pending-removal has one")

  package static let editedFile = Rule(
    "LW1503", "edited-output", .error, "a generated file was edited by hand",
    explanation: """
      The file's content is not what its inventory says Linkwright wrote. It is not overwritten unless \
      --overwrite-edited is given: move the change into the specification, a workload manifest or a template first.
      """,
    unexampled: "it needs an output on record; OutputTests runs one")

  package static let foreignFile = Rule(
    "LW1504", "foreign-file", .error, "a file that Linkwright does not own is in the way",
    explanation: """
      Linkwright removes and overwrites only files that its inventories name. Move the file, or remove it if it is \
      an old copy of the output.
      """,
    unexampled: "it needs an output on record; OutputTests runs one")

  package static let ownedElsewhere = Rule(
    "LW1505", "owned-elsewhere", .error, "an emitted object has a manifest of its own already",
    explanation: """
      The object's name is taken by a manifest among the workloads that does not do what the connection needs. Two \
      manifests of one object overwrite each other with every sync. So it is with a policy of the platform's baseline, \
      which the platform writes into every namespace again.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/policy.yaml --
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: allow-from-f5-ingress-yourservice, namespace: a1b2c3-dev}
      spec: {podSelector: {matchLabels: {name: other}}, policyTypes: [Ingress]}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let forbiddenKind = Rule(
    "LW1506", "forbidden-kind", .error, "the consumer refuses a kind that the output has",
    explanation: """
      A shared Argo CD refuses kinds that its project forbids (Namespace, ResourceQuota, LimitRange and \
      ClusterRole on the BC Government's); one such object stops the whole sync.
      """,
    failing: RuleExample(
      over: "porter-pair",
      fleet("{consumer: {type: argocd, version: \"2.14\", forbiddenKinds: [NetworkPolicy]}}")),
    passing: RuleExample(
      over: "porter-pair", fleet("{consumer: {type: argocd, version: \"2.14\", forbiddenKinds: [Namespace]}}")
    ))

  package static let excludedKind = Rule(
    "LW1507", "excluded-kind", .warning, "the consumer leaves out a kind that the output has",
    explanation: """
      Since version 3 Argo CD excludes Endpoints and EndpointSlice by default (argocd-cm, resource.exclusions): \
      the Application shows them as in sync, and they are never applied. There is no way to opt in per object.
      """,
    failing: RuleExample(
      over: "porter-silver",
      """
      -- linkwright.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Fleet
      metadata: {name: porter-silver}
      spec: {output: {consumer: {type: argocd, version: "3"}}}
      """),
    passing: RuleExample(over: "porter-silver", ""))

  package static let unusableName = Rule(
    "LW1508", "unusable-name", .error, "an emitted object's name cannot be a file's name",
    explanation:
      "Each object is one file, named after its kind and name; '/' and the like would leave the directory.",
    unexampled: "the object's schema reports such a name first")

  package static let directoryTooLarge = Rule(
    "LW1509", "directory-too-large", .warning, "a directory is larger than Argo CD reads",
    explanation: "Argo CD's repo-server refuses more than 10 MB of manifests per directory Application.",
    unexampled: "an example would have 9 MB; OutputTests runs one")

  package static let kustomizationTooLarge = Rule(
    "LW1510", "kustomization-too-large", .warning, "a cluster's kustomization is too large to be used",
    explanation: """
      kustomize's time grows with the square of the objects: 1,000 take about a second, 4,000 about 15, and Argo CD \
      gives up after 90 seconds. The namespaces' own kustomizations stay small.
      """,
    unexampled: "an example would have 2,000 objects; OutputTests runs one")

  package static let brokenInventory = Rule(
    "LW1511", "broken-inventory", .error, "an inventory cannot be read",
    explanation: """
      Without its inventory Linkwright cannot tell its own files from others, so it writes nothing. Restore the file \
      from git; a merge conflict in it is solved by taking either side and building again.
      """,
    unexampled: "it needs an output on record; OutputTests runs one")

  package static let overlappingUnits = Rule(
    "LW1512", "overlapping-units", .error, "two output units claim the same namespace",
    explanation:
      "Each namespace of a cluster belongs to one unit of the output, so that its files have one place.",
    failing: RuleExample(
      over: "porter-pair",
      fleet(
        "{units: [{name: a, namespaces: [a1b2c3-dev], path: \"out/{cluster}/a\"}, {name: b, namespaces: [a1b2c3-dev], path: \"out/{cluster}/b\"}]}"
      )),
    passing: RuleExample(
      over: "porter-pair", fleet("{units: [{name: a, namespaces: [a1b2c3-dev], path: \"out/{cluster}/a\"}]}"))
  )

  package static let outdated = Rule(
    "LW1513", "outdated-output", .error, "the output on record is not what the specification gives",
    explanation: """
      'linkwright check' compiles and compares with the files on record. Run 'linkwright build' and commit the result.
      """,
    unexampled: "it needs an output on record; OutputTests runs one")

  package static let unplacedUnit = Rule(
    "LW1514", "unplaced-unit", .error, "an output unit's path has no directory of its own to start with",
    explanation: """
      The output on record is looked for below the directories that paths of units begin with. A path that begins with \
      a placeholder, like '{cluster}/{unit}', would make the whole repository one: what lies there could not be told \
      from what was written.
      """,
    failing: RuleExample(over: "porter-pair", fleet("{units: [{name: dev, path: '{cluster}/{unit}'}]}")),
    passing: RuleExample(over: "porter-pair", fleet("{units: [{name: dev, path: 'out/{cluster}/{unit}'}]}")))

  package static let outputOverSources = Rule(
    "LW1516", "output-over-sources", .error, "the output's directory is one that sources are read from",
    explanation: """
      A directory of the output is left out when sources are read, since what was emitted is no source. Policies or \
      connections that lie in it would be passed over without a word.
      """,
    failing: RuleExample(over: "porter-pair", fleet("{path: policies}")),
    passing: RuleExample(over: "porter-pair", fleet("{path: rendered/policies}")))

  package static let sharedComponent = Rule(
    "LW1517", "shared-component", .error, "the Components for two objects would lie in one directory",
    explanation: """
      A Component lies in components/<namespace>-<kind>-<name>. Names may hold what looks like a kind, so that two \
      objects can have one such directory; each would overwrite the other's kustomization.
      """,
    failing: RuleExample(over: "clustermesh", owned("a", "x-service-web") + owned("a-service-x", "web")),
    passing: RuleExample(over: "clustermesh", owned("a", "x-service-web") + owned("b", "web")))

  /// A connection to a Service that somebody else owns and that must become global.
  private static func owned(_ namespace: String, _ name: String) -> String {
    """
    -- workloads/cluster02/\(namespace).yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: \(name), namespace: \(namespace)}
    spec:
      selector: {matchLabels: {name: \(name)}}
      template:
        metadata: {labels: {name: \(name)}}
        spec: {containers: [{name: app, image: nginx, ports: [{containerPort: 80}]}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: \(name), namespace: \(namespace)}
    spec: {selector: {name: \(name)}, ports: [{name: http, port: 80}]}
    -- connections/\(namespace).yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: \(name), namespace: \(namespace)}
    spec:
      from: [{clusters: [cluster01]}]
      to: {clusters: [cluster02], service: \(name), ports: [80]}

    """
  }

  package static let formerOutput = Rule(
    "LW1515", "former-output", .warning, "output lies where the Fleet puts none any more",
    explanation: """
      After a change of spec.output.path, or of a unit's path, 'build' writes the new directory and leaves the old one \
      as it is: whoever syncs it goes on applying what nobody compiles any more. ('commit' removes what it wrote to \
      the former place, since the branch's history says what that was.)
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- deploy/gold/inventory/a1b2c3-dev.lock --
      # Files that Linkwright owns: git blob id and path.
      e69de29bb2d1d6434b8b29ae775ad8c2e48c5391 manifests/a1b2c3-dev/service-a.yaml

      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let unitPath = Rule(
    "LW1518", "output-path", .error, "a path of the output has the wrong placeholders",
    explanation: """
      The path of an output unit may hold {cluster} and {unit}, and must hold {cluster} where the unit has objects of \
      several clusters: else their files would have one place. spec.output.path takes no placeholder; each cluster gets \
      a directory below it.
      """,
    failing: RuleExample(
      over: "porter-pair",
      fleet("{units: [{name: dev, namespaces: [a1b2c3-dev], path: 'out/{units}/{cluster}'}]}")),
    passing: RuleExample(
      over: "porter-pair",
      fleet("{units: [{name: dev, namespaces: [a1b2c3-dev], path: 'out/{unit}/{cluster}'}]}")))

  package static let emptyUnit = Rule(
    "LW1519", "empty-unit", .warning, "an output unit names a namespace that no connection does",
    explanation: """
      The unit stays empty, and where the name is misspelt the objects lie in the path of the rest, which another \
      consumer may sync or nobody.
      """,
    failing: RuleExample(
      over: "porter-pair", fleet("{units: [{name: dev, namespaces: [a1b2c3-deb], path: 'out/{cluster}'}]}")),
    passing: RuleExample(
      over: "porter-pair", fleet("{units: [{name: dev, namespaces: [a1b2c3-dev], path: 'out/{cluster}'}]}")))

  package static let unknownKind = Rule(
    "LW1520", "unknown-kind-listed", .warning,
    "a list of the consumer's kinds names one that is nearly another",
    explanation: """
      'forbiddenKinds' and 'excludedKinds' are compared with the kinds of emitted objects. A misspelt one guards against \
      nothing, and nothing else would say so.
      """,
    failing: RuleExample(
      over: "porter-pair", fleet("{consumer: {type: argocd, forbiddenKinds: [NetworkPolicyy]}}")),
    passing: RuleExample(
      over: "porter-pair", fleet("{consumer: {type: argocd, forbiddenKinds: [LimitRange]}}")))

  package static let beyondTenancy = Rule(
    "LW9106", "beyond-tenancy", .error,
    "an object would be emitted that a tenant of the cluster may not write",
    explanation: """
      A Cluster with spec.tenant is shared: whoever applies the output there refuses objects of cluster scope, \
      ResourceQuotas and LimitRanges, and everything outside the tenant's namespaces. A shared Argo CD then refuses the \
      whole Application. 'allowedKinds' says what the platform's owners agreed to.
      """,
    failing: RuleExample(over: "porter-pair", tenant("{namespaces: [a1b2c3-prod]}")),
    passing: RuleExample(over: "porter-pair", tenant("{namespaces: [a1b2c3-dev]}")))

  private static func tenant(_ limits: String) -> String {
    """
    -- clusters/gold.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: gold}
    spec:
      distribution: openshift
      network: {baseline: [baseline/deny.yaml]}
      tenant: \(limits)
    """
  }
}
