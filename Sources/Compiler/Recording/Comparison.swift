package import Diagnostics
package import FleetSpec
import Kubernetes
import Linker
package import Output
package import Snapshot
import YAMLTree

/// `linkwright observe --compare`: what a cluster answered against what the output on record expects there.
///
/// Only fields that an expected object names are compared; our own annotations and labels are not, since
/// controllers do not set them.
package struct Comparison: Sendable {
  /// Differences and missing objects, each at its place in the expected file; faults of the input.
  package private(set) var findings: [Diagnostic] = []
  /// What was found, in sentences without a full stop.
  package private(set) var summary: [String] = []
  package private(set) var asExpected = 0
  package private(set) var differing = 0
  package private(set) var missing = 0
  /// Expected objects in namespaces, or of kinds, that were not asked for.
  package private(set) var notObserved = 0

  private let cluster: String

  /// The files on record that say what is expected in a cluster, by path.
  package static func expectedFiles(
    of cluster: String, in fleet: Fleet, record: OutputRecord, snapshot: some Snapshot
  ) throws(SnapshotError) -> [SourceFile] {
    let layout = OutputLayout(fleet)
    var files: [SourceFile] = []
    for path in record.owned.keys.sorted(by: utf8Precedes) where path.hasSuffix(".yaml") {
      let parts = path.split(separator: "/")
      guard parts.count >= 4, parts[parts.count - 3] == "expected", let entry = record.present[path] else {
        continue
      }
      let directory = String(parts[parts.count - 2])
      let namespace = directory == OutputLayout.clusterDirectory ? nil : directory
      guard parts.dropLast(3).joined(separator: "/") == layout.root(cluster: cluster, namespace: namespace),
        entry.kind == .file || entry.kind == .executable
      else { continue }
      files.append(SourceFile(path: path, bytes: try snapshot.content(of: entry)))
    }
    return files
  }

  /// Compares. `options` say what was asked for, as for `Observation.reduce`; an expected object counts as
  /// missing when its namespace was observed, and its kind where `options.kinds` names any.
  package init(
    _ inputs: [SourceFile], of cluster: String, expected: [SourceFile],
    options: Observation.Options = Observation.Options()
  ) {
    self.cluster = cluster
    let dump = Dump(inputs, limits: options.limits)
    findings = dump.findings
    let answer = ComparedAnswer(dump, options)
    findings += answer.findings
    guard !findings.containErrors else {
      findings = findings.inReportOrder()
      return
    }
    let record = Dump(expected, limits: options.limits)
    // No expected file at all is no fault.
    if !expected.isEmpty { findings += record.findings }
    for object in record.objects where !object.name.isEmpty { judge(object, answer) }
    findings = findings.inReportOrder()
    summary = [
      "\(asExpected) objects of \(cluster) as expected, \(differing) different, \(missing) missing"
        + (notObserved > 0 ? ", \(notObserved) not observed" : "")
    ]
  }

  private mutating func judge(_ expected: DumpedObject, _ answer: ComparedAnswer) {
    guard let observed = answer.object(like: expected) else {
      if answer.wasAsked(expected) {
        missing += 1
        findings.append(missingFinding(expected, answer))
      } else {
        notObserved += 1
      }
      return
    }
    var walk = FieldComparison()
    // What `observe` wrote has only the fields it keeps: the others cannot be judged.
    let isReduced = RecordingText.starts(observed.node.tree.file, with: Observation.signature)
    walk.compareObject(
      expected.node, observed.node, selection: isReduced ? KindTable.observed[expected.id]?.selection : nil)
    let refusal = refusal(expected, observed)
    if walk.differences.isEmpty, refusal == nil {
      asExpected += 1
    } else {
      differing += 1
      for difference in walk.differences { findings.append(finding(difference, expected, observed)) }
      findings += refusal.map { [$0] } ?? []
    }
  }

  /// A TransportServer that F5's controller has refused, as its status says: it is there, and serves nobody.
  private func refusal(_ expected: DumpedObject, _ observed: DumpedObject) -> Diagnostic? {
    guard expected.id.kind == "TransportServer",
      let status = observed.node.at("status", "status"), status.text.lowercased() == "error"
    else { return nil }
    return Diagnostic(
      RecordingRules.observedDiffers,
      "\(expected.title): the load balancer of \(cluster) has refused it, its status is \(status.text)",
      at: expected.nameNode.range, "expected to serve", also: [Label(status.range, "observed")],
      help: ["look at 'status.error' of the TransportServer in the cluster"])
  }

  private func missingFinding(_ expected: DumpedObject, _ answer: ComparedAnswer) -> Diagnostic {
    let kinds = answer.kinds.contains(expected.id)
    return Diagnostic(
      RecordingRules.expectedMissing, "\(expected.title) is not in \(cluster)", at: expected.nameNode.range,
      "expected, but not in the cluster's answer",
      help: ["look at the object that makes it, or build again if the output on record is old"],
      notes: kinds ? [] : ["the answer holds no \(expected.kind) at all: was the kind asked for?"])
  }

  private func finding(
    _ difference: FieldComparison.Difference, _ expected: DumpedObject, _ observed: DumpedObject
  ) -> Diagnostic {
    let path = difference.path
    let message: String
    switch (difference.observed, difference.expected) {
    case (nil, let wanted) where wanted.isScalar:
      message = "\(path) is missing in \(cluster), \(Self.shown(wanted)) was expected"
    case (nil, _): message = "\(path) is missing in \(cluster)"
    case (let found?, let wanted) where found.isScalar && wanted.isScalar:
      message = "\(path) is \(Self.shown(found)) in \(cluster), \(Self.shown(wanted)) was expected"
    case (let found?, let wanted) where found.kind == .sequence && wanted.kind == .sequence:
      message = "\(path) has \(found.count) entries in \(cluster), \(wanted.count) were expected"
    default: message = "\(path) has another form in \(cluster)"
    }
    return Diagnostic(
      RecordingRules.observedDiffers, "\(expected.title): \(message)", at: difference.expected.range,
      "expected",
      also: [
        Label(
          (difference.observed ?? observed.nameNode).range,
          difference.observed == nil ? "in this object" : "observed")
      ],
      help: ["if the cluster is right, record its answer with 'linkwright observe' and build again"])
  }

  /// A value as messages show it, not longer than a line.
  private static func shown(_ node: Node) -> String {
    let text = node.text
    return text.count > 60 ? "\(text.prefix(57))..." : text.isEmpty ? "''" : text
  }
}

extension DumpedObject {
  /// `Service a1b2c3-dev/db`.
  var title: String { "\(kind) \(namespace.map { $0 + "/" } ?? "")\(name)" }
}

/// A cluster's answer, by identity.
private struct ComparedAnswer {
  private var objects: [ObjectIdentity: DumpedObject] = [:]
  private(set) var kinds: Set<ReducedKind.ID> = []
  private(set) var findings: [Diagnostic] = []
  /// Nil: all.
  private var namespaces: Set<String>? = []
  private let askedKinds: Set<ReducedKind.ID>

  init(_ dump: Dump, _ options: Observation.Options) {
    var seen: Set<String> = []
    for object in dump.objects where !object.name.isEmpty {
      let namespace = object.namespace ?? options.defaultNamespace
      if let namespace { seen.insert(namespace) }
      kinds.insert(object.id)
      let identity = ObjectIdentity(
        apiVersion: object.apiVersion, kind: object.kind, namespace: namespace, name: object.name)
      if let first = objects[identity] {
        if !first.node.isEqual(to: object.node) { findings.append(Self.twice(object, first)) }
      } else {
        objects[identity] = object
      }
    }
    askedKinds = Set(options.kinds)
    if let namespace = options.defaultNamespace { seen.insert(namespace) }
    switch options.namespaces {
    case .all: namespaces = nil
    case .named(let names): namespaces = seen.union(names)
    case .seen: namespaces = seen
    }
  }

  private static func twice(_ object: DumpedObject, _ first: DumpedObject) -> Diagnostic {
    Diagnostic(
      RecordingRules.twiceInInput, "\(object.title) stands in the input twice, with different content",
      at: object.nameNode.range, "again, different", also: [Label(first.nameNode.range, "first here")],
      help: ["compare with one cluster at one moment"])
  }

  func object(like expected: DumpedObject) -> DumpedObject? {
    objects[
      ObjectIdentity(
        apiVersion: expected.apiVersion, kind: expected.kind, namespace: expected.namespace,
        name: expected.name)]
  }

  func wasAsked(_ expected: DumpedObject) -> Bool {
    if let namespaces, let namespace = expected.namespace, !namespaces.contains(namespace) { return false }
    return askedKinds.isEmpty || askedKinds.contains(expected.id) || kinds.contains(expected.id)
  }
}
