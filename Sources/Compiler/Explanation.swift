package import Diagnostics
import FleetSpec
import Kubernetes
package import Linker
import Output
package import Reachability
import Templates
import YAMLTree

/// All that is to be said of one connection.
package struct ConnectionExplanation: Sendable {
  /// `namespace/name`.
  package let id: String
  /// Where the Connection stands.
  package let place: Label
  package let traces: [CrossingTrace]
  /// Errors that rules have found about it, its link or its namespaces: it is refused, whatever the traces say.
  package let errors: [Diagnostic]
  package let remarks: [Remark]
  /// Files of the output that serve it.
  package let files: [String]
}

/// Why a file of the output is there.
package struct FileExplanation: Sendable {
  package let path: String
  /// `NetworkPolicy c6af30-prod/allow-…`, or what the file is.
  package let what: String
  /// The connections that need it; none for what serves a link or a directory as a whole.
  package let connections: [String]
  /// The document that asks for it.
  package let subject: Label?
  /// The template that made it.
  package let template: Template?
  /// Nodes of the sources whose values stand in it.
  package let sources: [Label]

  package struct Template: Sendable {
    package let path: String
    /// False for one that the fleet overrides.
    package let isBuiltIn: Bool
    /// What it makes, in one sentence.
    package let summary: String
  }
}

/// What must be open in the networks for one link.
package struct LinkOpenings: Sendable {
  /// The Link's name.
  package let link: String
  /// Its type's key: `clusterMesh`.
  package let type: String
  package let place: Label
  package let pairs: [NetworkPair]
}

extension Compilation {
  /// What must be open for links between clusters, by their names.
  ///
  /// - Parameter wanted: takes a link's name and its type's key.
  package func openings(where wanted: (_ name: String, _ type: String) -> Bool) -> [LinkOpenings] {
    guard let workings else { return [] }
    return workings.plan.links.filter { wanted($0.link.name.value, $0.link.type.value) }.map { bound in
      LinkOpenings(
        link: bound.link.name.value, type: bound.link.type.value, place: Label(bound.link.name.node.range),
        pairs: bound.openings(in: workings.model))
    }.sorted { $0.link < $1.link }
  }

  /// The names of the links that are declared, bound or not, ordered.
  package var declaredLinks: [String] { workings?.model.specification.links.keys.sorted() ?? [] }

  /// The connections that are declared, bound or not: `namespace/name`, ordered.
  package var declaredConnections: [String] {
    guard let workings else { return [] }
    return workings.model.specification.connections.flatMap { connection in
      connection.namespaces.map { "\($0.value)/\(connection.name.value)" }
    }.sorted()
  }

  /// A connection with its traces; nil where it is not among those whose names were bound.
  package func explanation(ofConnection id: String) -> ConnectionExplanation? {
    guard let judgement, let workings,
      let connection = workings.judged.first(where: { $0.id.description == id })
    else { return nil }
    let layout = fleet.map(OutputLayout.init)
    let files = workings.units.filter { $0.lowered.connections.contains(id) }.flatMap { unit in
      unit.objects.map { object in
        layout?.path(Placement(object.cluster, object.part, object.identity)) ?? object.path
      }
    }
    let traces = judgement.crossings.filter { $0.crossing.connection === connection }.compactMap {
      judgement.trace(of: $0.crossing)
    }
    return ConnectionExplanation(
      id: id, place: Label(connection.connection.name.node.range), traces: traces,
      errors: errors(about: connection, traces, workings),
      remarks: remarks.filter { $0.connections.contains(id) }.map(\.remark),
      files: Array(Set(files)).sorted())
  }

  /// Errors about a connection beside the judge's own, which its traces show.
  private func errors(
    about connection: BoundConnection, _ traces: [CrossingTrace], _ workings: Workings
  ) -> [Diagnostic] {
    let id = connection.id.description
    let clusters = Set(connection.clients.compactMap(\.cluster) + connection.targets.map(\.cluster))
    let documents =
      [connection.connection.node.range, connection.link.link.node.range]
      + clusters.compactMap { workings.model.clusters[$0]?.cluster.node.range }
    // Manifests that its hops rest on.
    let files = Set(traces.flatMap(\.hops).flatMap(\.places).map(\.range.file.path))
    let own = Set(
      workings.units.filter { $0.lowered.connections.contains(id) }.flatMap { unit in
        unit.lowered.findings.filter { $0.severity == .error }.map(Self.mark)
      })
    let judged = Set(JudgementRules.all.map(\.id))
    return findings.filter { finding in
      guard finding.severity == .error, finding.suppression == nil, !judged.contains(finding.rule.id) else {
        return false
      }
      return own.contains(Self.mark(finding))
        || finding.primary.map { files.contains($0.range.file.path) } ?? false
        || ([finding.primary].compactMap { $0 } + finding.secondary).contains { label in
          documents.contains {
            $0.file.path == label.range.file.path && $0.start <= label.range.start
              && label.range.end <= $0.end
          }
        }
    }
  }

  private static func mark(_ finding: Diagnostic) -> String { "\(finding.rule.id) \(finding.message)" }

  /// The crossings from one place to another.
  ///
  /// - Parameters:
  ///   - from: passes the name of a client's cluster or network, its namespace, and names of its pods.
  ///   - to: passes a target's cluster, namespace and Service.
  package func traces(
    from: (_ cluster: String, _ namespace: String) -> Bool,
    to: (_ cluster: String, _ namespace: String, _ service: String) -> Bool
  ) -> [CrossingTrace] {
    guard let judgement else { return [] }
    return judgement.crossings.filter { judged in
      let key = judged.crossing.target.service.key
      return from(judged.crossing.clientPlace, judged.crossing.client.namespace)
        && to(judged.crossing.target.cluster, key.namespace, key.name)
    }.compactMap { judgement.trace(of: $0.crossing) }
  }

  /// Why a file of the output is there; nil where the compile makes no such file.
  ///
  /// - Parameter compiler: whose templates are the built-in ones.
  package func explanation(ofFile path: String, _ compiler: Compiler) -> FileExplanation? {
    guard let file = output.files.first(where: { $0.path == path }), let workings else { return nil }
    guard let key = file.unit, let unit = workings.units.first(where: { $0.key == key }) else {
      return FileExplanation(
        path: path, what: directoryFile(path), connections: [], subject: nil, template: nil, sources: [])
    }
    // What the file was made from is not kept: the unit is lowered again.
    let lowered = workings.plan.units.first { $0.key == key }?.lower()
    let layout = fleet.map(OutputLayout.init)
    let emission = lowered?.emissions.first {
      layout?.path(Placement($0.cluster, $0.part, $0.identity)) == path
    }
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let fragment = emission == nil ? lowered?.fragments.first { $0.name == name } : nil
    var templatePath = emission?.template
    var variables = emission?.variables ?? [:]
    if case .template(let path, let own)? = fragment?.content {
      templatePath = path
      variables = own
    }
    var sources: [Label] = []
    for (name, value) in (lowered?.variables ?? [:]).merging(variables) {
      value.collectSources(name, into: &sources)
    }
    let objects = emission.map { emission in
      emission.identity.description
        + (emission.part == .expected ? ", expected: a controller will make it" : "")
        + (emission.part == .components ? ", a patch of somebody else's object" : "")
    }
    return FileExplanation(
      path: path, what: objects ?? "the fragment \(name)", connections: unit.lowered.connections,
      subject: unit.lowered.subject,
      template: templatePath.flatMap { template($0, workings.model.templates, compiler) }, sources: sources)
  }

  private func template(_ path: String, _ templates: TemplateSet, _ compiler: Compiler)
    -> FileExplanation.Template?
  {
    guard let template = templates[path] else { return nil }
    let builtIn = compiler.resources.templates[path]
    return FileExplanation.Template(
      path: "templates/\(path)", isBuiltIn: builtIn?.tree.file.bytes == template.tree.file.bytes,
      summary: template.declaration.summary)
  }

  private func directoryFile(_ path: String) -> String {
    if path.hasSuffix(".lock") {
      return "an inventory: the files beside it that belong to Linkwright, with their content ids"
    }
    return "a kustomization: the files of its directory"
  }
}

extension TemplateValue {
  /// The source nodes in a value, with the variable that each is.
  fileprivate func collectSources(_ name: String, into sources: inout [Label]) {
    switch self {
    case .node(let node):
      if !node.range.file.path.isEmpty { sources.append(Label(node.range, name)) }
    case .map(let entries):
      for (key, value) in entries {
        value.collectSources("\(name).\(key)", into: &sources)
      }
    case .list(let values):
      for (index, value) in values.enumerated() { value.collectSources("\(name)[\(index)]", into: &sources) }
    default: break
    }
  }
}
