import Diagnostics

/// Rules about what gateways expose.
extension TetrateRules {
  static let exposureRules = [
    outsideWorkspace, labelsEmpty, labelNotText, exposesNothing, targetNotExposed, noLabel, podsOnly,
    matchedTwice,
    exposesMore,
  ]

  private static func items(_ items: String) -> String { link(also: "exposedServices: \(items)") }

  private static let other = workload(1, "reviews", service("reviews", labels: "{app: reviews, tier: web}"))

  static let outsideWorkspace = Rule(
    "LW5050", "outside-workspace", .error, "a connection reaches a Service outside the link's workspace",
    explanation: "A WorkspaceSetting exposes Services of the workspace's namespaces only.",
    failing: tetrate(link(workspace: "{name: bookinfo-ws, namespaces: [cluster-2/bookinfo]}")),
    passing: tetrate(link(workspace: "{name: bookinfo-ws, namespaces: [cluster-1/book*]}"))
  ).breaking(.gateway)

  static let labelsEmpty = Rule(
    "LW5051", "service-labels-empty", .error, "an item of exposedServices has no labels",
    explanation: "An item needs at least one label. An empty list, on the other hand, exposes everything.",
    failing: tetrate(setting("[{\(selector), exposedServices: [{serviceLabels: {}}]}]")),
    passing: tetrate(setting("[{\(selector), exposedServices: [{serviceLabels: {app: details}}]}]"))
  ).breaking(.gateway)

  static let labelNotText = Rule(
    "LW5052", "label-not-text", .error, "a label's value is read as a number or a boolean",
    explanation: "YAML takes enable: on for true. The API server refuses labels that are no strings.",
    failing: tetrate(
      workload(1, "reviews", service("reviews", labels: "{app: reviews, failover: on}"))),
    passing: tetrate(
      workload(1, "reviews", service("reviews", labels: "{app: reviews, failover: \"on\"}")))
  ).breaking(.gateway)

  static let exposesNothing = Rule(
    "LW5053", "exposes-nothing", .error, "an item of exposedServices matches no Service",
    explanation: """
      serviceLabels are compared with the labels of Service objects of the workspace, all of an item's at once. \
      What matches nothing is accepted and exposes nothing.
      """,
    failing: tetrate(items("[{serviceLabels: {app: details}}, {serviceLabels: {failover: enable}}]")),
    passing: tetrate(items("[{serviceLabels: {app: details}}]"))
  ).breaking(.gateway)

  static let targetNotExposed = Rule(
    "LW5054", "target-not-exposed", .error, "a connection reaches a Service that is not exposed",
    explanation: """
      Clients of other clusters are told of exposed Services only; for the others the name does not resolve.
      """,
    failing: tetrate(items("[{serviceLabels: {app: reviews}}]") + other),
    passing: tetrate(items("[{serviceLabels: {app: details}}]") + other)
  ).breaking(.gateway)

  static let noLabel = Rule(
    "LW5055", "service-without-labels", .error, "a Service that is to be exposed has no labels",
    explanation: "Services are exposed by labels. 'exposedServices: declared' takes them from the Services.",
    failing: tetrate(workload(1, "details", service("details", labels: "{}") + "\n---\n" + pods("details"))),
    passing: tetrate()
  )

  static let podsOnly = Rule(
    "LW5056", "label-on-pods-only", .warning, "labels that expose a Service stand on its pods only",
    explanation: "Pods often carry more labels than their Service. Only the Service's count here.",
    failing: tetrate(
      items("[{serviceLabels: {app: details}}]")
        + workload(
          1, "ratings",
          service("ratings", labels: "{service: ratings}") + "\n---\n" + """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: ratings-v1, namespace: bookinfo}
            spec:
              selector: {matchLabels: {app: ratings}}
              template:
                metadata: {labels: {app: ratings, failover: enable}}
                spec: {containers: [{name: app, image: app}]}
            """)
        + items("[{serviceLabels: {app: details}}, {serviceLabels: {failover: enable}}]")
        + workload(1, "reviews", service("reviews", labels: "{app: reviews, failover: enable}"))),
    passing: tetrate(items("[{serviceLabels: {app: details}}]")))

  static let matchedTwice = Rule(
    "LW5057", "exposed-twice", .warning, "two items of exposedServices match one Service",
    explanation: "The first item that matches counts; what later items say has no effect on the Service.",
    failing: tetrate(items("[{serviceLabels: {app: details}}, {serviceLabels: {service: details}}]")),
    passing: tetrate(items("[{serviceLabels: {app: details}}]")))

  static let exposesMore = Rule(
    "LW5058", "exposes-more", .warning, "a link exposes Services that no connection reaches",
    explanation: """
      Without a list a gateway exposes every Service of the workspace, to every client of the mesh that the \
      networks let through. 'declared' exposes what connections reach, as far as labels tell Services apart.
      """,
    failing: tetrate(items("all") + other), passing: tetrate(items("declared") + other))
}

/// Rules about networks and failover.
extension TetrateRules {
  static let reachabilityRules = [
    networkMissing, reachabilityMissing, reachabilityUnused, unknownNetwork, reachabilityList,
    reachabilityOneWay,
    failoverTwin, failoverSettings, sameRegion, unknownRegion, workspaceLinksDiffer,
  ]

  private static func reach(_ map: String) -> String { link(also: "reachability: \(map)") }

  /// A connection between the Services of both clusters.
  private static let failover =
    connection(
      from: "[{clusters: [cluster-1, cluster-2]}]", to: "{match: any, service: details, ports: [9080]}")
    + link(
      gateway:
        "{name: eastwest-gateway, namespace: bookinfo, addresses: {cluster-1: 172.18.255.175, cluster-2: 172.18.255.176}}"
    )

  static let networkMissing = Rule(
    "LW5060", "cluster-network-missing", .warning, "a cluster does not name its network",
    explanation: """
      Clusters without a network reach each other, as clusters of one network do. Between a cluster with a \
      network and one without, nothing can be said in networkReachability: where a connection needs that, it \
      is an error.
      """,
    failing: tetrate(cluster(1, "{}") + cluster(2, "{}")), passing: tetrate())

  static let reachabilityMissing = Rule(
    "LW5061", "reachability-missing", .error, "a connection's networks do not reach each other",
    explanation: """
      networkReachability maps the consumer's network to the exporters'. Without the entry XCP writes no \
      ServiceEntry, and the name does not resolve. The direction is easily reversed.
      """,
    failing: tetrate(reach("{net-1: net-2}")), passing: tetrate(reach("{net-2: net-1}"))
  )

  static let reachabilityUnused = Rule(
    "LW5062", "reachability-unused", .warning, "networks reach each other though no connection needs it",
    explanation: """
      Reachability is no access control: it limits what XCP generates. An entry too many fills clusters with \
      ServiceEntries, and lets clients find services that nobody declared for them.
      """,
    failing: tetrate(reach("{net-2: net-1, net-1: net-2}")), passing: tetrate(reach("{net-2: net-1}")))

  static let unknownNetwork = Rule(
    "LW5063", "unknown-network", .error, "reachability names a network that no cluster is in",
    explanation: """
      Names are compared letter by letter: a published tutorial that writes edge-network in one place and \
      Edge-Network in the other may not work.
      """,
    failing: tetrate(reach("{net-2: net-1, Net-2: net-1}")), passing: tetrate(reach("{net-2: net-1}")))

  static let reachabilityList = Rule(
    "LW5064", "reachability-list", .error, "a list of networks has blanks, repetitions or the network itself",
    explanation: "The value is a list with commas and nothing else. A blank becomes part of a name.",
    failing: tetrate(reach("{net-2: \"net-1,net-2\"}")), passing: tetrate(reach("{net-2: net-1}")))

  static let reachabilityOneWay = Rule(
    "LW5065", "reachability-one-way", .warning, "a Service in two clusters fails over in one direction only",
    explanation: "Reachability is directional: for failover both ways both entries are needed.",
    failing: tetrate(
      twin()
        + connection(from: "[{clusters: [cluster-2]}]", to: "{match: any, service: details, ports: [9080]}")
        + installed(2)),
    passing: tetrate(twin() + failover))

  static let failoverTwin = Rule(
    "LW5066", "failover-twin", .error, "two Services cannot stand in for each other",
    explanation: """
      Endpoints of another cluster join a Service of the same name, namespace and ports only, and only through \
      a gateway. There is no failover across namespaces.
      """,
    failing: tetrate(twin(ports: "[{name: web, port: 9080}]") + failover), passing: tetrate(twin() + failover)
  )

  static let failoverSettings = Rule(
    "LW5067", "failover-settings", .warning, "two failover settings exclude each other",
    explanation: "failoverPriority wins over topologyChoice, which wins over regionalFailover.",
    failing: tetrate(
      link(
        also:
          "failoverSettings: {topologyChoice: CLUSTER, failoverPriority: [topology.kubernetes.io/region]}")),
    passing: tetrate(link(also: "failoverSettings: {topologyChoice: CLUSTER}")))

  static let workspaceLinksDiffer = Rule(
    "LW5126", "workspace-links-differ", .error, "links of one workspace disagree about it",
    explanation: """
      Several links may carry a workspace's connections, each through a gateway of its own. TSB keeps one \
      WorkspaceSetting for all of them: what it holds once cannot be said in two ways.
      """,
    failing: tetrate(
      link(also: "failoverSettings: {topologyChoice: CLUSTER}")
        + secondLink("failoverSettings: {topologyChoice: NETWORK}")),
    passing: tetrate(link(also: "failoverSettings: {topologyChoice: CLUSTER}") + secondLink("")))

  /// Another link of the same workspace, with a gateway of its own.
  private static func secondLink(_ also: String) -> String {
    link(
      name: "second",
      gateway: "{name: second-gateway, namespace: bookinfo, addresses: {cluster-1: 172.18.255.177}}",
      also: also)
  }

  static let unknownRegion = Rule(
    "LW5125", "failover-unknown-region", .warning, "regionalFailover names a region in which no cluster is",
    explanation:
      "Regions are compared as texts: one that is misspelt fails over nothing, and nothing says so.",
    failing: tetrate(
      link(also: "failoverSettings: {regionalFailover: [{from: eu-west-2, to: eu-west-3}]}")
        + cluster(1, "{network: net-1, locality: eu-west-2}")
        + cluster(2, "{network: net-2, locality: eu-west-1}")),
    passing: tetrate(
      link(also: "failoverSettings: {regionalFailover: [{from: eu-west-2, to: eu-west-1}]}")
        + cluster(1, "{network: net-1, locality: eu-west-2}")
        + cluster(2, "{network: net-2, locality: eu-west-1}")))

  static let sameRegion = Rule(
    "LW5068", "failover-in-one-place", .warning, "clusters that stand in for each other are in one place",
    explanation: """
      Local endpoints are preferred by locality. Between clusters of one region and zone traffic is spread \
      instead of failing over.
      """,
    failing: tetrate(
      twin() + failover + cluster(1, "{network: net-1, locality: eu-west-2}")
        + cluster(2, "{network: net-2, locality: eu-west-2}")),
    passing: tetrate(
      twin() + failover + cluster(1, "{network: net-1, locality: eu-west-2}")
        + cluster(2, "{network: net-2, locality: eu-west-1}")))
}
