package import Diagnostics
package import Snapshot
import Templates
import YAMLTree

/// What a command said of a source, kept under all that it depends on: it is said again without compiling.
package struct RememberedReport: Sendable {
  /// In report order.
  package let findings: [Diagnostic]
  /// Nil where only a full compile tells them.
  package let remarks: [ReportRemark]?
  /// The line that sums up; nil where the command found something wrong.
  package let summary: String?

  package init(findings: [Diagnostic], remarks: [ReportRemark]?, summary: String?) {
    self.findings = findings
    self.remarks = remarks
    self.summary = summary
  }

  /// Reads what was kept under a key; nil when there is nothing, or when a file that findings point into is not found.
  ///
  /// - Parameter snapshots: where files are looked for by path and content.
  package init?(
    _ key: MemoKey, in store: any MemoStore, files snapshots: [any Snapshot], templates: TemplateTexts
  ) {
    guard let kept = store.read(key, { Kept(MemoReader($0)) }) else { return nil }
    self.init(kept, files: snapshots, templates: templates)
  }

  /// Reads what `bytes` gave; nil for anything else, and when a file that findings point into is not found.
  package init?(bytes: [UInt8], files snapshots: [any Snapshot], templates: TemplateTexts) {
    guard let kept = bytes.withUnsafeBytes({ Kept(MemoReader($0)) }) else { return nil }
    self.init(kept, files: snapshots, templates: templates)
  }

  private init?(_ kept: Kept, files snapshots: [any Snapshot], templates: TemplateTexts) {
    var read: [String: SourceFile] = [:]
    var findings: [Diagnostic] = []
    findings.reserveCapacity(kept.findings.count)
    for bytes in kept.findings {
      let finding = FindingReader.finding(bytes) { path in
        if let known = read[path] { return known }
        guard let id = kept.files[path] else { return nil }
        let found = templates.file(path, id) ?? snapshots.lazy.compactMap { $0.file(path, id) }.first
        read[path] = found
        return found
      }
      guard let finding else { return nil }
      findings.append(finding)
    }
    self.init(findings: findings, remarks: kept.remarks, summary: kept.summary)
  }

  /// Keeps the report. One that names two files by one path is not kept.
  package func keep(under key: MemoKey, in store: any MemoStore) {
    if let bytes { store.keep(bytes, under: key) }
  }

  /// The report as bytes, without the contents of files; nil for one that names two files by one path. Programs of one
  /// version read each other's.
  package var bytes: [UInt8]? {
    var files: [String: SourceFile] = [:]
    var writer = MemoWriter()
    writer.append(summary)
    writer.append(findings.count)
    for finding in findings {
      let (bytes, named) = FindingWriter.bytes(of: finding)
      writer.append(bytes)
      for file in named where !file.bytes.isEmpty {
        if let known = files[file.path], known !== file, known.bytes != file.bytes { return nil }
        files[file.path] = file
      }
    }
    writer.append(files.count)
    for (path, file) in files.sorted(by: { utf8Precedes($0.key, $1.key) }) {
      writer.append(path)
      writer.append(BlobID(of: file.bytes))
    }
    writer.append(remarks == nil ? 0 : 1)
    writer.append(remarks?.count ?? 0)
    for remark in remarks ?? [] {
      writer.append(remark.topic)
      writer.append(remark.text)
      writer.append(remark.connections)
    }
    return writer.bytes
  }

  /// A report as it was kept.
  private struct Kept {
    let summary: String?
    private(set) var findings: [[UInt8]] = []
    private(set) var files: [String: BlobID] = [:]
    let remarks: [ReportRemark]?

    init?(_ bytes: MemoReader) {
      var reader = bytes
      summary = reader.optionalText()
      for _ in 0..<reader.count() where reader.isValid { findings.append(reader.content()) }
      for _ in 0..<reader.count() where reader.isValid {
        let path = reader.text()
        files[path] = reader.id()
      }
      let hasRemarks = reader.number() == 1
      var remarks: [ReportRemark] = []
      for _ in 0..<reader.count() where reader.isValid {
        let (topic, text) = (reader.text(), reader.text())
        remarks.append(ReportRemark(topic: topic, text: text, connections: reader.texts()))
      }
      self.remarks = hasRemarks ? remarks : nil
      guard reader.isAtEnd else { return nil }
    }
  }
}

/// The files of the built-in templates, into which findings can point.
package struct TemplateTexts: Sendable {
  private let templates: TemplateSet

  init(_ templates: TemplateSet) { self.templates = templates }

  func file(_ path: String, _ id: BlobID) -> SourceFile? {
    guard let file = templates.template(inFile: path)?.tree.file, BlobID(of: file.bytes) == id else {
      return nil
    }
    return file
  }
}

extension Compiler {
  package var templateTexts: TemplateTexts { TemplateTexts(resources.templates) }
}

extension Snapshot {
  /// A file with the content of that name; nil where the path holds none.
  func file(_ path: String, _ id: BlobID) -> SourceFile? {
    guard let entry = try? entry(at: path), entry.blob == nil || entry.blob == id,
      let content = try? content(of: entry), BlobID(of: content) == id
    else { return nil }
    return SourceFile(path: path, bytes: content)
  }
}
