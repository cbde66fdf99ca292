import Diagnostics
import Foundation
import Linker
import Output
import Snapshot
import TestSupport
import Testing

@testable import Compiler

/// With a memo a compile gives what it gives without: bytes, findings, places.
@Suite struct MemoTests {
  /// Everything that a compilation says, as text.
  private static func everything(_ compilation: Compilation) -> [String: [UInt8]] {
    var all = Dictionary(uniqueKeysWithValues: compilation.output.files.map { ($0.path, $0.content) })
    for file in compilation.output.files {
      all["blob of \(file.path)"] = Array((file.blob.hexadecimal + " \(file.unit ?? "-")").utf8)
    }
    for format in [ReportFormat.json, .text] {
      let text = format.render(
        compilation.findings, rules: RuleCatalogue.all,
        options: ReportFormat.Options(version: Compiler.version))
      all["report \(format)"] = Array(text.utf8)
    }
    let rest = """
      \(compilation.failed) \(compilation.heldBack) \(compilation.objects) \(compilation.connections)
      \(compilation.satisfiedLines)
      \(compilation.pending.map { "\($0)" })
      \(compilation.remarks.map { "\($0)" })
      """
    all["rest"] = Array(rest.utf8)
    return all
  }

  private static func compile(_ fleet: FixtureFleet, _ memo: (any MemoStore)?) throws -> Compilation {
    try FixtureFleet.compiler.get().compile(NamedSnapshot(fleet.files), memo: memo)
  }

  private static func expectSame(
    _ fleet: FixtureFleet, _ memo: any MemoStore, _ context: String,
    _ location: SourceLocation = #_sourceLocation
  ) throws -> Compilation {
    let full = try compile(fleet, nil)
    let quick = try compile(fleet, memo)
    let (wanted, got) = (everything(full), everything(quick))
    for key in Set(wanted.keys).union(got.keys).sorted() where wanted[key] != got[key] {
      let texts = [wanted[key], got[key]].map { $0.map { String(decoding: $0, as: UTF8.self) } ?? "nothing" }
      Issue.record(
        "\(context): \(key):\n\(texts[0])\n--- with the memo\n\(texts[1])", sourceLocation: location)
    }
    return full
  }

  /// Random edits, one after the other, over every fleet that there is; the memo lives through all of them.
  @Test(arguments: GoldenCase.all.map(\.input) + ExampleFleet.all.map(\.path))
  func editsGiveWhatAFullCompileGives(_ path: String) throws {
    let seed = SeededGenerator.seed()
    print("\(path): TEST_SEED=\(seed)")
    var generator = SeededGenerator(seed: seed)
    let original = try FixtureFleet(directory: path)
    let memo = MemoryMemo()
    var fleet = original
    _ = try Self.expectSame(fleet, memo, "\(path), new")
    _ = try Self.expectSame(fleet, memo, "\(path), again")
    for step in 0..<16 {
      switch Int.random(in: 0..<8, using: &generator) {
      case 0: fleet = original
      case 1...3: fleet = fleet.damaged(&generator)
      default: fleet = fleet.crossed(&generator)
      }
      let compilation = try Self.expectSame(fleet, memo, "\(path), step \(step), TEST_SEED=\(seed)")
      // What was made is on record from then on, or not: both matter to what comes next.
      if !compilation.failed, Bool.random(using: &generator) {
        fleet = FixtureFleet(fleet.files.merging(compilation.writtenFiles) { $1 })
      }
      if compilation.failed, Bool.random(using: &generator) { fleet = original }
    }
  }

  /// One connection changes: only the units of its namespaces are made again.
  @Test func onlyWhatDependsIsMadeAgain() throws {
    var files = try FixtureFleet(directory: "Tests/CompilerTests/Cases/porter-namespaces/input").files
    let memo = MemoryMemo()
    _ = try Self.compile(FixtureFleet(files), memo)
    let units = memo.keys.count { $0.table == .unit }
    #expect(units > 1)
    _ = memo.takeCounts()
    _ = try Self.compile(FixtureFleet(files), memo)
    #expect(memo.takeCounts().missed == 0)
    // A comment in one manifest: the file, and the units of one namespace.
    let path = try #require(files.keys.filter { $0.hasPrefix("workloads/") }.sorted().first)
    files[path]? += Array("# comment\n".utf8)
    _ = try Self.compile(FixtureFleet(files), memo)
    let missed = memo.takeCounts().missed
    #expect(missed > 0 && missed <= 1 + units, "\(missed) of \(units)")
  }

  /// What one unit used up is not kept as the fault of another: a template whose cost grows with a name, two
  /// connections, then one.
  @Test func exhaustionOfOneUnitIsNotAnothers() throws {
    let letters = "service.name.split('')"
    let cost = (0..<4).reduce("1") { inner, level in "\(letters).map(v\(level), \(inner)).size()" }
    func documents(_ namespace: String, _ service: String) -> [String: String] {
      let manifests = """
        apiVersion: v1
        kind: Service
        metadata: {name: \(service), namespace: \(namespace)}
        spec: {type: NodePort, selector: {app: a}, ports: [{port: 8000, targetPort: 8000}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: a, namespace: \(namespace)}
        spec:
          selector: {matchLabels: {app: a}}
          template: {metadata: {labels: {app: a}}, spec: {containers: [{name: a, image: x, ports: [{containerPort: 8000}]}]}}
        """
      return [
        "connections/\(namespace).yaml": """
        apiVersion: linkwright.dev/v1alpha1
        kind: Connection
        metadata: {name: c, namespace: \(namespace)}
        spec:
          from: [{clusters: [golddr]}]
          to: {clusters: [gold], service: \(service), ports: [8000]}
          exposure: {acknowledged: span-bc}
          porter: {overrideServicePort: true}
        """, "workloads/gold/\(namespace).yaml": manifests, "workloads/golddr/\(namespace).yaml": manifests,
      ]
    }
    var files = try FixtureFleet(directory: "examples/porter-pair").files
    files = files.filter { !$0.key.hasPrefix("rendered/") && !$0.key.hasPrefix("observed/") }
    let template = try #require(
      String(
        bytes: Data(
          contentsOf: Repository.root.appendingPathComponent(
            "templates/porter/transport-server-claim.yaml")), encoding: .utf8))
    files["templates/porter/transport-server-claim.yaml"] = Array(
      template.replacing(
        "$merge: ${common.annotations}",
        with: "$merge: ${common.annotations}\n    cost: \"${string(\(cost))}\""
      ).utf8)
    let large = documents("aaaaaa-dev", String(repeating: "a", count: 50))
    for (path, text) in large.merging(documents("bbbbbb-dev", "b"), uniquingKeysWith: { $1 }) {
      files[path] = Array(text.utf8)
    }
    let memo = MemoryMemo()
    let both = try Self.expectSame(FixtureFleet(files), memo, "both")
    #expect(both.findings.contains { $0.message.contains("steps") }, "\(both.findingsText)")
    for path in large.keys { files[path] = nil }
    let one = try Self.expectSame(FixtureFleet(files), memo, "one")
    #expect(!one.failed, "\(one.findingsText)")
  }

  // MARK: The file

  @Test func filesAreWrittenJoinedAndRead() throws {
    let scratch = try ScratchDirectory()
    let path = scratch.root + "/deep/memo"
    let contents = (0..<500).map { number in
      (
        MemoKey(number % 2 == 0 ? .tree : .unit, BlobID(of: Array("\(number)".utf8))),
        Array(repeating: UInt8(truncatingIfNeeded: number), count: number % 77)
      )
    }
    for (number, start) in stride(from: 0, to: 500, by: 20).enumerated() {
      let memo = MemoDirectory(path, identity: "one")
      for (key, bytes) in contents[..<start] { #expect(memo.read(key) { Array($0) } == bytes, "\(number)") }
      for (key, bytes) in contents[start..<start + 20] {
        #expect(memo.read(key) { Array($0) } == nil)
        memo.keep(bytes, under: key)
      }
      memo.save()
    }
    let memo = MemoDirectory(path, identity: "one")
    for (key, bytes) in contents { #expect(memo.read(key) { Array($0) } == bytes) }
    let other = MemoDirectory(path, identity: "another version")
    #expect(contents.allSatisfy { key, _ in other.read(key) { Array($0) } == nil })
    other.keep([1], under: contents[0].0)
    other.save()
    #expect(MemoDirectory(path, identity: "another version").read(contents[0].0) { Array($0) } == [1])
    let files = try FileManager.default.contentsOfDirectory(atPath: path)
    #expect(files == ["memo"], "\(files)")
  }

  /// A damaged file is as good as none: the compile is the same, and the next one is quick again.
  @Test func damageIsNoticed() throws {
    let seed = SeededGenerator.seed()
    print("TEST_SEED=\(seed)")
    var generator = SeededGenerator(seed: seed)
    let scratch = try ScratchDirectory()
    let path = scratch.root + "/memo"
    let fleet = try FixtureFleet(directory: "examples/porter-pair")
    for round in 0..<60 {
      let memo = MemoDirectory(path, identity: "test")
      _ = try Self.expectSame(fleet, memo, "round \(round), TEST_SEED=\(seed)")
      memo.save()
      let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
      let name = try #require(names.randomElement(using: &generator))
      let file = URL(fileURLWithPath: path + "/" + name)
      var bytes = [UInt8](try Data(contentsOf: file))
      if bytes.isEmpty { continue }
      switch round % 4 {
      case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
      case 1: bytes += Array(repeating: 0, count: Int.random(in: 1...100, using: &generator))
      default:
        for _ in 0..<Int.random(in: 1...200, using: &generator) {
          let place = Int.random(in: 0..<bytes.count, using: &generator)
          bytes[place] = UInt8.random(in: 0...255, using: &generator)
        }
      }
      try Data(bytes).write(to: file)
    }
  }

  @Test func aMemoThatCannotBeWrittenIsNone() throws {
    let scratch = try ScratchDirectory()
    let path = scratch.root + "/file"
    try Data().write(to: URL(fileURLWithPath: path))
    let memo = MemoDirectory(path, identity: "test")
    _ = try Self.expectSame(try FixtureFleet(directory: "examples/porter-pair"), memo, "no directory")
    memo.save()
  }

  // MARK: Nothing is left out

  /// A field that is new in what units come to must be remembered as well: add it to the encoder and the decoder in
  /// UnitMemo, and to MemoFields.
  @Test func everyFieldIsRemembered() throws {
    func names(_ value: Any) -> [String] { Mirror(reflecting: value).children.compactMap(\.label) }
    var seen: Set<String> = []
    for example in GoldenCase.all {
      let compilation = try Self.compile(example.fleet(), nil)
      for unit in compilation.workings?.units ?? [] {
        #expect(names(unit) == MemoFields.unit)
        #expect(names(unit.lowered) == MemoFields.lowered)
        if let object = unit.objects.first { #expect(names(object) == MemoFields.object) }
        if let fragment = unit.fragments.first { #expect(names(fragment) == MemoFields.fragment) }
        if let item = unit.lowered.remarks.first { #expect(names(item) == MemoFields.remark) }
        if let object = unit.judged.first { #expect(names(object) == MemoFields.judged) }
        if let item = unit.lowered.findings.first {
          #expect(names(item) == MemoFields.finding)
          seen.insert("finding")
        }
        if let item = unit.lowered.pending.first {
          #expect(names(item) == MemoFields.pending)
          seen.insert("pending")
        }
        if let item = unit.lowered.satisfied.first {
          #expect(names(item) == MemoFields.satisfied)
          seen.insert("satisfied")
        }
      }
    }
    #expect(seen == ["finding", "pending", "satisfied"])
  }
}

extension FixtureFleet {
  /// The fleet with one line of a file put in the place of another with the same key: names, namespaces and numbers
  /// meet others that exist. Or a file goes, or one gets another's place.
  func crossed(_ generator: inout SeededGenerator) -> FixtureFleet {
    var changed = files
    let paths = files.keys.filter { !$0.hasSuffix(".lock") }.sorted()
    guard let path = paths.randomElement(using: &generator),
      let other = paths.randomElement(using: &generator), let content = files[path]
    else { return self }
    switch Int.random(in: 0..<10, using: &generator) {
    case 0: changed[path] = nil
    case 1: changed[path.replacing(".yaml", with: "-moved.yaml")] = content
    case 2: changed[other] = content
    default:
      func key(_ line: Substring) -> Substring { line.prefix { $0 != ":" } }
      var lines = String(decoding: content, as: UTF8.self).split(
        separator: "\n", omittingEmptySubsequences: false)
      let sources = paths.flatMap { path in
        String(decoding: files[path] ?? [], as: UTF8.self).split(separator: "\n")
      }
      guard let index = lines.indices.randomElement(using: &generator) else { return self }
      let name = key(lines[index]).drop { " -".contains($0) }
      let candidates = sources.filter { key($0).drop { " -".contains($0) } == name && $0 != lines[index] }
      guard let line = candidates.randomElement(using: &generator) else { return self }
      let indentation = lines[index].prefix { " -".contains($0) }
      lines[index] = indentation + line.drop { " -".contains($0) }
      changed[path] = Array(lines.joined(separator: "\n").utf8)
    }
    return FixtureFleet(changed)
  }
}
