import Diagnostics
import Linker
import Snapshot
import YAMLTree

/// The observations on record.
struct ObservationRecord: Sendable {
  /// Objects of files that `observe` writes.
  private(set) var objects: [ReducedObject.Key: ReducedObject] = [:]
  /// Bytes of those files by path.
  private(set) var files: [String: [UInt8]] = [:]
  private(set) var findings: [Diagnostic] = []
  /// Files that `observe` will write and did not write before.
  private(set) var takenOver: [String] = []
  /// What those files hold beside observed kinds, in words, by path.
  private(set) var leftOut: [String: String] = [:]

  /// A file with the name of a namespace's file is taken over, reduced, even if somebody else wrote it: its
  /// facts stay. Any other file stays as it is, so it must not speak of what the new answer replaces.
  init(_ existing: [SourceFile], place: RecordingPlace, scope: ObservedScope, limits: TreeLimits) {
    for file in existing {
      let dump = Dump([file], limits: limits)
      let namespace = Self.namespace(of: file.path, place)
      let isOwn = namespace != nil || file.path == place.path(namespace: nil)
      let reduction = Reduction(dump, .observed, defaultNamespace: namespace)
      if isOwn {
        // A file without documents holds nothing to keep.
        if dump.hasDocuments
          || dump.findings.contains(where: { $0.rule.id != RecordingRules.unusableInput.id })
        {
          findings += dump.findings + reduction.findings
        }
        files[file.path] = file.bytes
        if !RecordingText.starts(file, with: Observation.signature) { takenOver.append(file.path) }
        if let leftOut = reduction.leftOutSummary { self.leftOut[file.path] = leftOut }
        for (key, object) in reduction.objects { add(key, object) }
      } else if let object = reduction.objects.values.filter({ scope.contains($0) }).min(
        by: ReducedObject.precedes)
      {
        findings.append(
          Diagnostic(
            RecordingRules.recordingConflict,
            "\(file.path) speaks of the same objects and would contradict the new answer",
            at: object.place, "\(object.description), for one",
            help: [
              "remove the file; 'linkwright observe -f' takes over what it says first, if that is wanted"
            ]))
      }
    }
  }

  /// `a1b2c3-dev` for `observed/gold/a1b2c3-dev.yaml`.
  private static func namespace(of path: String, _ place: RecordingPlace) -> String? {
    guard path.hasPrefix(place.directory + "/"), path.hasSuffix(".yaml") else { return nil }
    let name = String(path.dropFirst(place.directory.count + 1).dropLast(".yaml".count))
    return isNamespaceName(name) ? name : nil
  }

  private mutating func add(_ key: ReducedObject.Key, _ object: ReducedObject) {
    guard let first = objects[key], first.content != object.content else {
      objects[key] = object
      return
    }
    let (earlier, later) =
      utf8Precedes(first.place.file.path, object.place.file.path) ? (first, object) : (object, first)
    findings.append(
      Diagnostic(
        RecordingRules.recordingConflict, "two files on record say different things of \(object.description)",
        at: later.place, "this", also: [Label(earlier.place, "and this")], help: ["remove one of them"]))
  }
}

/// Puts an answer in the place of what was recorded before.
struct ObservationMerge {
  let place: RecordingPlace
  let header: String
  let record: ObservationRecord
  private(set) var files: [Recording.File] = []
  private(set) var findings: [Diagnostic] = []
  private(set) var summary: [String] = []

  init(place: RecordingPlace, header: String, record: ObservationRecord) {
    self.place = place
    self.header = header
    self.record = record
  }

  mutating func join(_ answer: Reduction, _ scope: ObservedScope) {
    var objects = answer.objects
    var gone: [ReducedObject] = []
    for (key, object) in record.objects where objects[key] == nil {
      if scope.contains(object) {
        gone.append(object)
      } else {
        objects[key] = object
      }
    }
    let byPath = Dictionary(grouping: objects.values) { place.path(namespace: $0.namespace) }
    for path in Set(byPath.keys).union(record.files.keys).sorted(by: utf8Precedes) {
      write(path, byPath[path] ?? [])
    }
    let new = answer.objects.keys.count { record.objects[$0] == nil }
    let changed = answer.objects.count { key, object in
      record.objects[key].map { $0.content != object.content } ?? false
    }
    summary.append(
      "observed \(answer.objects.count) \(answer.objects.count == 1 ? "object" : "objects") of \(place.cluster): \(new) new, \(changed) changed, \(gone.count) gone"
    )
    for object in gone.sorted(by: { utf8Precedes($0.description, $1.description) }) {
      summary.append("gone: \(object.description)")
    }
    for path in record.takenOver where files.contains(where: { $0.path == path }) {
      summary.append("\(path) was not written by observe; it is now, reduced")
    }
    for (path, text) in record.leftOut.sorted(by: { utf8Precedes($0.key, $1.key) })
    where files.contains(where: { $0.path == path }) {
      summary.append("\(path): \(text)")
    }
  }

  private mutating func write(_ path: String, _ objects: [ReducedObject]) {
    if objects.isEmpty {
      files.append(Recording.File(path: path, content: nil))
      return
    }
    let content = RecordingText.write(header, objects)
    guard record.files[path] != content else { return }
    if let fault = place.fault(path: path) { findings.append(fault) }
    files.append(Recording.File(path: path, content: content))
  }
}
