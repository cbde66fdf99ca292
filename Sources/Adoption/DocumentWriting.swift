import Diagnostics
import FleetSpec
import Kubernetes
import Snapshot
import YAMLTree

/// A file that adopt would write.
package struct AdoptedFile: Sendable, Equatable {
  /// From the fleet's root.
  package let path: String
  package let content: [UInt8]
  /// `Connection c6af30-dev/db`, for reports.
  package let subject: String
}

/// Documents for what was inferred and is not there yet.
struct DocumentWriting {
  private(set) var files: [AdoptedFile] = []
  private var paths: Set<String> = []
  /// What a person would have to add to documents that exist, in sentences.
  private(set) var suggestions: [String] = []
  /// Connections that exist already, by the candidate's id.
  private(set) var existing: [String: String] = [:]

  private let input: AdoptionInput
  private let inference: Inference
  private let fleet: ExistingFleet
  private let isTaken: (String) -> Bool
  private static let apiVersion = SpecDecoder.apiVersion

  /// - Parameter isTaken: true for a path at which a file exists.
  init(
    _ input: AdoptionInput, _ inference: Inference, fleet: ExistingFleet, workloads: [String],
    isTaken: @escaping (String) -> Bool
  ) {
    self.input = input
    self.inference = inference
    self.fleet = fleet
    self.isTaken = isTaken
    if fleet.fleet == nil { writeFleet(workloads) }
    for cluster in input.clusters { writeCluster(cluster.name) }
    var names: [String: String] = [:]
    for link in inference.links { names[link.name] = writeLink(link) }
    var candidates: [ConnectionCandidate] = []
    for var candidate in inference.connections {
      let link = names[candidate.link] ?? candidate.link
      sayServices(&candidate, over: link)
      if let connection = fleet.connection(like: candidate, over: link) {
        existing[candidate.id.description] = connection.name.value
      } else {
        candidates.append(candidate)
      }
    }
    for group in ConnectionGroup.grouping(candidates) { write(group, over: names[group.link] ?? group.link) }
  }

  /// How a Service crosses a mesh, where its Link says something else.
  private func sayServices(_ candidate: inout ConnectionCandidate, over link: String) {
    guard let wanted = candidate.meshServices else { return }
    let given =
      if let section = fleet.section(ofLink: link) {
        section["services"]?.text
      } else {
        inference.links.first { $0.name == candidate.link }?.section["services"] == .text("mcs") ? "mcs" : nil
      }
    guard given ?? "global" != wanted else { return }
    var section = candidate.spec["clusterMesh"]?.map ?? SpecMap()
    section.add("services", .text(wanted))
    candidate.spec["clusterMesh"] = .map(section)
  }

  // MARK: Kinds

  private static func header(_ kind: String, _ name: String, namespace: String? = nil) -> SpecMap {
    SpecMap([
      "apiVersion": .text(apiVersion), "kind": .text(kind),
      "metadata": .map(["name": .text(name), "namespace": namespace.map { .text($0) }]),
    ])
  }

  private mutating func writeFleet(_ workloads: [String]) {
    var document = Self.header("Fleet", input.request.fleetName)
    var spec = SpecMap()
    if !workloads.isEmpty { spec.add("sources", .map(["workloads": .texts(workloads)])) }
    if let api = inference.endpointsAPI, api != "EndpointSlice" {
      spec.add("output", .map(["endpoints": .text(api)]))
    }
    if !spec.isEmpty { document.add("spec", .map(spec)) }
    add(
      "linkwright.yaml", document, "Fleet \(input.request.fleetName)",
      comment: [
        "Say in spec.output.consumer what applies the output (argocd, flux or kubectl, with its version): its known",
        "traps then become findings.",
      ])
  }

  private mutating func writeCluster(_ name: String) {
    let spec = inference.clusters[name] ?? SpecMap()
    guard !fleet.has(cluster: name) else {
      let known = fleet.keys(ofCluster: name)
      let missing = spec.entries.map(\.key).filter { !known.contains($0) }
      if !missing.isEmpty {
        suggestions.append(
          "Cluster \(name) exists and says nothing of \(missing.joined(separator: ", ")); adopt would")
      }
      return
    }
    var document = Self.header("Cluster", name)
    var body = spec
    if body["network"] == nil {
      document.entries[document.entries.count - 1].comment = []
    }
    if !body.isEmpty { document.add("spec", .map(body)) }
    body = SpecMap()
    add(
      "clusters/\(name).yaml", document, "Cluster \(name)",
      comment: [
        "spec.network.baseline lists files with the policies that the platform puts into every namespace; without it",
        "nobody knows whether a namespace without policies is open.",
      ])
  }

  /// The name of the Link that carries a candidate's connections.
  private mutating func writeLink(_ candidate: LinkCandidate) -> String {
    if let name = fleet.link(like: candidate) { return name }
    var name = candidate.name
    var number = 2
    while fleet.has(link: name) || files.contains(where: { $0.subject == "Link \(name)" }) {
      name = "\(candidate.name)-\(number)"
      number += 1
    }
    var document = Self.header("Link", name)
    document.add("spec", .map([candidate.type: .map(candidate.section)]))
    add("links/\(name).yaml", document, "Link \(name)", comment: candidate.comment)
    return name
  }

  private mutating func write(_ group: ConnectionGroup, over link: String) {
    let isOne = group.namespaces.count == 1
    var document = Self.header("Connection", group.name, namespace: isOne ? group.namespaces[0] : nil)
    if !group.withoutPods.isEmpty, var metadata = document["metadata"]?.map {
      // Where pods are an operator's, nothing else can be said; where they were not given, it goes with the record.
      metadata.add(
        "annotations",
        .map([
          "linkwright.dev/ignore": .text(
            "LW7208: no manifest of \(listed(group.withoutPods)) makes the pods; they were not among those adopted"
          )
        ]),
        comment: ["Remove it when the workloads' manifests are here ('linkwright record' brings them)."])
      document["metadata"] = .map(metadata)
    }
    var spec = SpecMap()
    spec.add("via", .text(link))
    if !isOne { spec.add("namespaces", .texts(group.namespaces)) }
    spec.entries += group.spec.entries
    if !group.overrides.isEmpty { spec.add("overrides", .list(group.overrides)) }
    document.add("spec", .map(spec))
    let directory = input.request.owner.map(Self.fileName) ?? group.directory
    add(
      "connections/\(directory)/\(group.name).yaml", document,
      "Connection \(group.namespaces.joined(separator: ","))/\(group.name)", comment: group.comment,
      otherwise: "connections/\(directory)/\(group.name)-\(group.namespaces[0]).yaml")
  }

  /// A name that can stand in a path.
  private static func fileName(_ text: String) -> String {
    let name = text.lowercased().map {
      $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") ? $0 : "-"
    }
    return String(name)
  }

  private mutating func add(
    _ path: String, _ document: SpecMap, _ subject: String, comment: [String], otherwise second: String? = nil
  ) {
    var place = path
    var number = 2
    while isTaken(place) || paths.contains(place) {
      if number == 2, let second, place != second {
        place = second
        continue
      }
      place = "\(path.dropLast(".yaml".count))-\(number).yaml"
      number += 1
    }
    paths.insert(place)
    files.append(
      AdoptedFile(path: place, content: SpecText.document(document, comment: comment), subject: subject))
  }
}
