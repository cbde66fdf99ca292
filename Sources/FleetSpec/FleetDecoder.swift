package import Diagnostics
import Snapshot
package import YAMLTree

extension SpecDecoder {
  /// Decodes `linkwright.yaml`. Nil with findings when it cannot be used.
  package func decodeFleet(_ tree: Tree) -> (fleet: Fleet?, findings: [Diagnostic]) {
    var findings: [Diagnostic] = []
    let documents = tree.documents.filter { !$0.isNull }
    guard let document = documents.first else {
      findings.append(
        Diagnostic(
          FleetSpecRules.noFleet, "linkwright.yaml is empty", at: Label(.init(wholeFile: tree.file)),
          help: ["'linkwright init' writes a Fleet document"]))
      return (nil, findings)
    }
    for extra in documents.dropFirst() {
      findings.append(
        Diagnostic(
          FleetSpecRules.unknownKind, "linkwright.yaml holds one document, the Fleet", at: extra.range,
          "a second one",
          help: ["move it to a file under clusters/, links/ or connections/"]))
    }
    guard header(of: document, expecting: ["Fleet"], &findings) != nil else { return (nil, findings) }
    findings += schemas.findings(for: "Fleet", document)
    guard findings.isEmpty, let name = document.at("metadata", "name")?.locatedString else {
      return (nil, findings)
    }
    let sources = document.at("spec", "sources")
    let output = document.at("spec", "output")
    let fleet = Fleet(
      name: name,
      spec: source(
        sources, "spec", ["clusters/**", "links/**", "connections/**", "policies/**"], perCluster: false,
        &findings),
      workloads: source(sources, "workloads", ["workloads/{cluster}/**"], perCluster: true, &findings),
      recorded: source(sources, "recorded", ["recorded/{cluster}/**"], perCluster: true, &findings),
      observed: source(sources, "observed", ["observed/{cluster}/**"], perCluster: true, &findings),
      outputPath: output?["path"]?.string ?? "rendered",
      consumer: output?["consumer"].flatMap { consumer($0) },
      endpoints: output?["endpoints"]?.string.flatMap(Fleet.EndpointsAPI.init) ?? .endpointSlice,
      writesClusterKustomization: output?["clusterKustomization"]?.boolean ?? true,
      units: output?["units"]?.elements.compactMap { unit($0) } ?? [],
      branch: output?["branch"]?.locatedString, committer: output?["committer"].flatMap { committer($0) },
      repositoryURL: document.at("spec", "repositoryURL")?.string,
      compilerVersion: document.at("spec", "compilerVersion")?.locatedString, node: document)
    return (findings.isEmpty ? fleet : nil, findings)
  }

  private func source(
    _ sources: Node?, _ key: String, _ defaults: [String], perCluster: Bool, _ findings: inout [Diagnostic]
  ) -> Fleet.Source {
    guard let list = sources?[key] else { return Fleet.Source(defaults.compactMap { try? PathPattern($0) }) }
    var patterns: [PathPattern] = []
    for node in list.elements {
      do {
        let pattern = try PathPattern(node.text)
        if perCluster, !pattern.isExclusion, !pattern.source.contains("{cluster}") {
          findings.append(
            Diagnostic(
              FleetSpecRules.sourcePattern, "the pattern does not say which cluster its manifests belong to",
              at: node.range, "no '{cluster}' in it",
              help: ["write '{cluster}' for the part that names the cluster"]))
        }
        patterns.append(pattern)
      } catch {
        findings.append(
          Diagnostic(
            FleetSpecRules.sourcePattern, error.message, at: node.range, "this pattern cannot be used"))
      }
    }
    return Fleet.Source(patterns)
  }

  private func consumer(_ node: Node) -> Fleet.Consumer? {
    guard let kind = node["type"]?.string.flatMap(Fleet.Consumer.Kind.init) else { return nil }
    return Fleet.Consumer(
      kind: kind, version: node["version"]?.string.map(versionNumbers) ?? [],
      declaredExclusions: node["excludedKinds"]?.elements.map(\.text),
      forbiddenKinds: node["forbiddenKinds"]?.elements.map { Located($0.text, $0) } ?? [],
      serviceAccount: node["serviceAccount"].map { Located($0.text, $0) }, node: node)
  }

  private func unit(_ node: Node) -> Fleet.Unit? {
    guard let name = node["name"], let path = node["path"] else { return nil }
    return Fleet.Unit(
      name: Located(name.text, name), clusters: node["clusters"]?.elements.map { Located($0.text, $0) } ?? [],
      namespaces: node["namespaces"]?.elements.map { Located($0.text, $0) } ?? [],
      path: Located(path.text, path), branch: node["branch"]?.locatedString)
  }

  private func committer(_ node: Node) -> Fleet.Committer? {
    guard let name = node["name"]?.string, let email = node["email"]?.string else { return nil }
    return Fleet.Committer(name: name, email: email)
  }
}
