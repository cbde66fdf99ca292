package import Diagnostics
package import FleetSpec
package import Kubernetes
package import Templates

/// What the compiler knows of a link type before it meets one.
package struct LinkDescriptor: Sendable {
  /// The key in Link and Connection documents: `porter`.
  package let key: String
  package let rules: [Rule]
  /// The templates that the type brings, each with the variables that it may use.
  package let templates: [TemplateDeclaration]
  /// The fields that the type reads of what a cluster answered; `observe` keeps these and no others.
  package let observes: [ReducedKind]
  /// What overrides may give by cluster.
  package let perCluster: [PerClusterField]
  /// True when all that the type emits for a connection depends on documents and manifests of the namespaces that the
  /// connection names, and on Clusters and Links; nothing that it emits depends on all connections of a link. Then a
  /// comparison compiles only what a change can concern.
  package let isLocal: Bool

  /// The occasions on which templates that a fleet adds are rendered.
  package let extras: [ExtraScope]
  /// The type's own folder below `templates/`: `cluster-mesh`.
  package let folder: String

  package init(
    key: String, rules: [Rule], templates: [TemplateDeclaration], observes: [ReducedKind] = [],
    perCluster: [PerClusterField] = [], extras: [ExtraScope] = [], isLocal: Bool = false
  ) {
    self.perCluster = perCluster
    self.isLocal = isLocal
    self.extras = extras
    self.key = key
    self.rules = rules
    self.templates = templates
    self.observes = observes
    folder = templates.lazy.map { TemplatePlace($0.path).folder }.first { $0 != "shared" } ?? key
  }

}

/// A kind of carrier. A folder under `Links` holds one; the compiler's registry lists them.
///
/// Pure: a type reads the model and returns values. It says what shall stand in which cluster; it does not
/// judge whether the connection then works.
package protocol LinkType: Sendable {
  static var descriptor: LinkDescriptor { get }

  /// Reads a Link's section: which clusters it joins, and whether its names exist.
  static func bind(_ link: Link, in model: FleetModel) -> LinkBinding

  /// What concerns the type in the fleet as a whole, links or not.
  static func check(_ model: FleetModel) -> [Diagnostic]

  /// Plans what belongs to several links of the type at once: an object of which an organization has one, say.
  /// Called once per compile with every bound link of the type, after their own plans.
  static func planTogether(
    _ links: [(link: any BoundLink, connections: [BoundConnection])], in model: FleetModel
  ) -> LinkPlan
}

extension LinkType {
  package static func check(_ model: FleetModel) -> [Diagnostic] { [] }

  package static func planTogether(
    _ links: [(link: any BoundLink, connections: [BoundConnection])], in model: FleetModel
  ) -> LinkPlan { LinkPlan() }
}

/// The outcome of binding a Link.
package struct LinkBinding: Sendable {
  package let link: (any BoundLink)?
  package let findings: [Diagnostic]

  package init(_ link: (any BoundLink)?, _ findings: [Diagnostic]) {
    self.link = link
    self.findings = findings
  }
}

/// A Link whose names are bound.
package protocol BoundLink: Sendable {
  var link: Link { get }

  /// The clusters that the link joins, in order: targets lie in them, and clients that name no cluster.
  var members: [String] { get }

  /// Groups the connections of this link into units and checks what concerns several at once.
  func plan(_ connections: [BoundConnection], in model: FleetModel) -> LinkPlan

  /// What must be open between the link's clusters, pair by pair, whatever its connections are. Empty for a type whose
  /// requests belong to single connections.
  func openings(in model: FleetModel) -> [NetworkPair]
}

extension BoundLink {
  package func openings(in model: FleetModel) -> [NetworkPair] { [] }
}

/// The units of one link.
package struct LinkPlan: Sendable {
  package var units: [any PlannedUnit] = []
  package var findings: [Diagnostic] = []

  package init() {}
}

/// A part of the plan that is lowered on its own: a service behind a link, a connection, a link in a
/// cluster. Exactly one unit owns each emitted object. Units are lowered in parallel and then dropped.
package protocol PlannedUnit: Sendable {
  /// Unique in the plan and stable over changes elsewhere: `porter/gold-pair/c6af30-prod/db`.
  var key: String { get }

  /// What `lower` looks at; nil for anything. A unit that says it is not lowered again while that stays the same.
  var scope: UnitScope? { get }

  /// What the unit emits and finds. Pure.
  func lower() -> LoweredUnit
}

extension PlannedUnit {
  package var scope: UnitScope? { nil }
}

/// What a unit's result depends on, beside what belongs to no namespace: the Fleet, Clusters and Links, objects of
/// cluster scope, templates, certificates. All of that is taken into account for every unit.
package struct UnitScope: Sendable {
  /// The connections that the unit holds.
  package let connections: [BoundConnection]
  /// The namespaces whose objects it looks at: declared, observed or on record, in any cluster.
  package let namespaces: Set<String>

  /// The connections with all namespaces that they name, and others.
  package init(_ connections: [BoundConnection], alsoIn namespaces: [String] = []) {
    self.connections = connections
    var all = Set(namespaces)
    for connection in connections {
      all.insert(connection.namespace.value)
      for client in connection.clients { all.insert(client.namespace) }
      for target in connection.targets { all.insert(target.service.key.namespace) }
    }
    self.namespaces = all
  }
}

/// Where in a cluster's output an object goes.
package enum OutputPart: String, Sendable, CaseIterable {
  /// What Argo CD or Flux syncs.
  case manifests
  /// kustomize Components: patches for objects that someone else owns.
  case components
  /// What controllers will create; never synced.
  case expected
}

/// A field of an object that other parts of the output rest on: a template may shape the object, and not change this.
package struct SettledField: Sendable {
  /// The keys from the root.
  package let path: [String]
  /// The text that the field must have.
  package let text: String
  /// What its absence means; nil where it must be there.
  package let absent: String?
  /// Where the value is said.
  package let help: String

  package init(_ path: [String], _ text: String, absent: String? = nil, help: String) {
    self.path = path
    self.text = text
    self.absent = absent
    self.help = help
  }
}

/// One object to be rendered: a template with its variables, and the identity that the result must have.
package struct Emission: Sendable {
  package let cluster: String
  package let part: OutputPart
  /// The template's path below `templates/`.
  package let template: String
  package let identity: ObjectIdentity
  /// Variables of this object, over those of the unit.
  package let variables: TemplateFields
  /// The connections that the object serves; nil for all of its unit.
  package let connections: [String]?
  /// Labels that the author asked for, beside Linkwright's own.
  package let labels: [String: String]
  /// Fields that no template may change.
  package let settled: [SettledField]

  package init(
    cluster: String, part: OutputPart, template: String, identity: ObjectIdentity,
    variables: TemplateFields = [:], connections: [String]? = nil, labels: [String: String] = [:],
    settled: [SettledField] = []
  ) {
    self.settled = settled
    self.connections = connections
    self.labels = labels
    self.cluster = cluster
    self.part = part
    self.template = template
    self.identity = identity
    self.variables = variables
  }
}

/// An occasion on which templates that a fleet adds are rendered.
package struct Occasion: Sendable {
  /// The name of one of the type's `extras`.
  package let scope: String
  package let cluster: String
  package let namespace: String
  /// Variables of the occasion, over those of the unit.
  package let variables: TemplateFields
  /// The connections that it concerns; nil for all of its unit.
  package let connections: [String]?

  package init(
    _ scope: String, cluster: String, namespace: String, variables: TemplateFields = [:],
    connections: [String]? = nil
  ) {
    self.scope = scope
    self.cluster = cluster
    self.namespace = namespace
    self.variables = variables
    self.connections = connections
  }
}

/// A file that is no object of a cluster: values for somebody's Helm release, a kubeconfig. It lies in
/// `fragments/` of each cluster that it is for, beside what is synced, and is never synced.
package struct Fragment: Sendable {
  package enum Content: Sendable {
    /// A template's path below `templates/`, and variables over those of the unit.
    case template(String, variables: TemplateFields)
    /// A file that is no YAML, as it is: a Corefile with a block put in.
    case bytes([UInt8])
  }

  /// Clusters that get the file, all with the same content: it is rendered once.
  package let clusters: [String]
  /// The file's name: `cilium-values.yaml`.
  package let name: String
  package let content: Content

  package init(
    clusters: [String], name: String, template: String, variables: TemplateFields = [:]
  ) {
    self.clusters = clusters
    self.name = name
    content = .template(template, variables: variables)
  }

  package init(clusters: [String], name: String, bytes: [UInt8]) {
    self.clusters = clusters
    self.name = name
    content = .bytes(bytes)
  }
}

/// An object with its place in the output.
package struct Placement: Sendable {
  package let cluster: String
  package let part: OutputPart
  package let identity: ObjectIdentity

  package init(_ cluster: String, _ part: OutputPart, _ identity: ObjectIdentity) {
    self.cluster = cluster
    self.part = part
    self.identity = identity
  }
}

/// Something that is left out because a fact is missing.
package struct Pending: Sendable {
  /// Whom to ask.
  package let cluster: String
  package let namespace: String
  /// What is missing: `the port of TransportServerClaim db-tsc`.
  package let fact: String
  /// What would be emitted once it is known.
  package let objects: [Placement]
  /// Resources that the observing command asks for: `tscs,ts`.
  package let resources: String
  /// Parts of fragments on record that go because the fact is missing, in the user's words.
  package let losses: [String]
  /// Fragments of the cluster that would be written once the fact is known.
  package let fragments: [String]

  package init(
    cluster: String, namespace: String, fact: String, objects: [Placement], resources: String,
    losses: [String] = [], fragments: [String] = []
  ) {
    self.fragments = fragments
    self.cluster = cluster
    self.namespace = namespace
    self.fact = fact
    self.objects = objects
    self.resources = resources
    self.losses = losses
  }
}

/// An existing manifest that already does what would have been emitted.
package struct Satisfied: Sendable {
  package let cluster: String
  package let identity: ObjectIdentity
  package let manifest: Manifest

  package init(cluster: String, identity: ObjectIdentity, manifest: Manifest) {
    self.cluster = cluster
    self.identity = identity
    self.manifest = manifest
  }
}

/// A line about a connection or a link that `explain` shows and no object carries: a firewall request, the name
/// that clients use.
package struct Remark: Sendable {
  package enum Topic: String, Sendable {
    /// What somebody must ask the network's owners for.
    case firewall
    /// How clients call the other side.
    case name
    case note
  }

  package let topic: Topic
  package let text: String
  /// The connections that it is about, `namespace/name`; empty for all that the unit serves.
  package let connections: [String]

  package init(_ topic: Topic, _ text: String, of connections: [String] = []) {
    self.topic = topic
    self.text = text
    self.connections = connections
  }
}

/// What a unit comes to.
package struct LoweredUnit: Sendable {
  /// Variables that all emissions share.
  package var variables: TemplateFields = [:]
  package var emissions: [Emission] = []
  package var fragments: [Fragment] = []
  package var occasions: [Occasion] = []
  package var pending: [Pending] = []
  package var satisfied: [Satisfied] = []
  package var findings: [Diagnostic] = []
  /// What people should know beside findings; `explain` shows them.
  package var remarks: [Remark] = []
  /// The connections that the unit serves, `namespace/name`, ordered.
  package let connections: [String]
  /// The document that findings about emitted objects point at.
  package let subject: Label

  package init(connections: [String], subject: Label) {
    self.connections = connections
    self.subject = subject
  }
}
