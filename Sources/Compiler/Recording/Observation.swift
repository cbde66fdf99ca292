package import Diagnostics
package import Linker
import Snapshot
package import YAMLTree

/// `linkwright observe`: what a cluster answered, reduced to the fields that link types read, one file per
/// namespace. Pure: the same input and the same files give the same bytes, in whatever order the input stands.
package enum Observation {
  /// The namespaces that were asked for.
  package enum Namespaces: Sendable {
    /// Those that occur in the input.
    case seen
    case named([String])
    case all
  }

  package struct Options: Sendable {
    /// Kinds that were asked for, whether or not the input has objects of them; see `kinds(named:)`.
    package var kinds: [ReducedKind.ID] = []
    package var namespaces: Namespaces = .seen
    /// The namespace of objects that name none.
    package var defaultNamespace: String?
    package var limits = TreeLimits()

    package init() {}
  }

  /// A name on the command line that is no observed kind's.
  package struct UnknownKind: Error, Sendable {
    package let message: String
    package let help: String
  }

  /// Kinds out of what was given to `kubectl get`: `tscs,ts,svc,endpoints`, or kinds.
  package static func kinds(named list: String) throws(UnknownKind) -> [ReducedKind.ID] {
    var kinds: [ReducedKind.ID] = []
    for name in list.split(separator: ",").map(\.trimmed) where !name.isEmpty {
      guard let kind = KindTable.observed.kind(named: name) else {
        let names = KindTable.observed.names
        throw UnknownKind(
          message: "Linkwright observes no kind '\(name)'",
          help: didYouMean(name, among: names) ?? "the kinds are \(names.joined(separator: ", "))")
      }
      if !kinds.contains(kind) { kinds.append(kind) }
    }
    return kinds
  }

  /// The start of the first line of a file that `observe` wrote.
  static let signature = "# Written by 'linkwright observe'"

  private static func header(_ cluster: String) -> String {
    "\(signature.dropFirst(2)): what cluster \(cluster) answered, reduced to the fields that Linkwright reads."
  }

  /// Joins an answer with what is on record.
  ///
  /// For each kind and namespace that occurs in a list of the input or that the options name, the objects on
  /// record are replaced by those of the input. An object that stands alone (`get svc NAME`) replaces itself
  /// only. Everything else on record stays.
  /// - Parameters:
  ///   - existing: the cluster's observations on record, as `RecordingPlace.existing` gives them.
  package static func reduce(
    _ inputs: [SourceFile], at place: RecordingPlace, existing: [SourceFile], options: Options = Options()
  ) -> Recording {
    let dump = Dump(inputs, limits: options.limits)
    let answer = Reduction(dump, .observed, defaultNamespace: options.defaultNamespace)
    var findings = dump.findings + answer.findings
    let scope = ObservedScope(answer, options)
    if scope.isEmpty, !findings.containErrors {
      findings.append(
        Diagnostic(
          RecordingRules.unusableInput, "the input holds no object that Linkwright observes",
          at: inputs.first.map { Label(SourceRange(wholeFile: $0)) },
          help: ["to record that there is none, name the kinds and namespaces that were asked for"],
          notes: [answer.leftOutSummary].compactMap { $0 }))
    }
    let record = ObservationRecord(existing, place: place, scope: scope, limits: options.limits)
    findings += record.findings
    guard !findings.containErrors else { return Recording(findings: findings) }
    var merge = ObservationMerge(place: place, header: header(place.cluster), record: record)
    merge.join(answer, scope)
    findings += merge.findings
    guard !findings.containErrors else { return Recording(findings: findings) }
    return Recording(
      files: merge.files, findings: findings.inReportOrder(),
      summary: merge.summary + [answer.leftOutSummary].compactMap { $0 })
  }
}

/// What was asked: pairs of kind and namespace, and single objects.
struct ObservedScope: Sendable {
  private struct Pair: Hashable {
    let kind: ReducedKind.ID
    let namespace: String?
  }

  private var pairs: Set<Pair> = []
  private var single: Set<ReducedObject.Key> = []
  private var kindsEverywhere: Set<ReducedKind.ID> = []

  init(_ answer: Reduction, _ options: Observation.Options) {
    let seen = answer.objects.values
    var kinds = Set(seen.map(\.id))
    for (key, object) in answer.objects {
      if object.isListed {
        pairs.insert(Pair(kind: object.id, namespace: object.namespace))
      } else {
        single.insert(key)
      }
    }
    kinds.formUnion(options.kinds)
    switch options.namespaces {
    case .all: kindsEverywhere = kinds
    case .named(let names): insert(kinds, names)
    case .seen:
      let names = Set(seen.compactMap(\.namespace) + [options.defaultNamespace].compactMap { $0 })
      insert(Set(options.kinds), Array(names))
    }
  }

  private mutating func insert(_ kinds: Set<ReducedKind.ID>, _ namespaces: [String]) {
    for kind in kinds {
      for namespace in namespaces { pairs.insert(Pair(kind: kind, namespace: namespace)) }
    }
  }

  var isEmpty: Bool { pairs.isEmpty && single.isEmpty && kindsEverywhere.isEmpty }

  func contains(_ object: ReducedObject) -> Bool {
    kindsEverywhere.contains(object.id) || single.contains(object.key)
      || pairs.contains(Pair(kind: object.id, namespace: object.namespace))
  }
}
