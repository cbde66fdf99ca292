import Diagnostics
import Snapshot

/// Findings as bytes: equal bytes, equal findings.
struct FindingWriter {
  private var writer = MemoWriter()
  /// Files in which places do not count: something moved them.
  private let moving: Set<String>
  /// The files that were named.
  private(set) var files: [SourceFile] = []

  /// Every field is written (`MemoFields.finding` lists them; a test compares).
  static func bytes(of finding: Diagnostic, moving: Set<String> = []) -> (bytes: [UInt8], files: [SourceFile])
  {
    var writer = FindingWriter(moving: moving)
    writer.append(finding)
    return (writer.writer.bytes, writer.files)
  }

  private init(moving: Set<String>) { self.moving = moving }

  private mutating func append(_ finding: Diagnostic) {
    writer.append(finding.rule.id)
    writer.append(finding.severity.rawValue)
    writer.append(finding.message)
    writer.append(finding.primary == nil ? 0 : 1)
    let labels = [finding.primary].compactMap { $0 } + finding.secondary
    writer.append(labels.count)
    for label in labels {
      append(label.range)
      writer.append(label.text)
    }
    writer.append(finding.help)
    writer.append(finding.notes)
    writer.append(finding.suggestion == nil ? 0 : 1)
    if let suggestion = finding.suggestion {
      append(suggestion.range)
      writer.append(suggestion.replacement)
    }
    writer.append(finding.suppression)
    writer.append(finding.owner)
  }

  private mutating func append(_ range: SourceRange) {
    files.append(range.file)
    writer.append(range.file.path)
    // What concerns a file as a whole, or is no file, is made without its content.
    writer.append(range.file.bytes.isEmpty ? 1 : 0)
    let isMoving = moving.contains(range.file.path)
    writer.append(isMoving ? 0 : range.start)
    writer.append(isMoving ? 0 : range.end)
  }
}

/// Reads what `FindingWriter` wrote.
struct FindingReader {
  private var reader: MemoReader
  private let file: (String) -> SourceFile?

  /// - Parameter file: gives a file with its content.
  static func finding(_ bytes: [UInt8], file: (String) -> SourceFile?) -> Diagnostic? {
    withoutActuallyEscaping(file) { file in
      bytes.withUnsafeBytes { bytes in
        var reader = FindingReader(reader: MemoReader(bytes), file: file)
        return reader.finding()
      }
    }
  }

  /// The paths of files whose content is asked for.
  static func paths(_ bytes: [UInt8]) -> [String] {
    var paths: [String] = []
    _ = finding(bytes) { path in
      paths.append(path)
      return SourceFile(path: path, bytes: [])
    }
    return paths
  }

  private mutating func finding() -> Diagnostic? {
    let rule = RuleCatalogue.rule(exactly: reader.text())
    let severity = Severity(rawValue: reader.number())
    let message = reader.text()
    let hasPrimary = reader.number() == 1
    var labels: [Label] = []
    for _ in 0..<reader.count() {
      guard let range = range() else { return nil }
      labels.append(Label(range, reader.text()))
    }
    let help = reader.texts()
    let notes = reader.texts()
    var suggestion: Suggestion?
    if reader.number() == 1 {
      guard let range = range() else { return nil }
      suggestion = Suggestion(replace: range, with: reader.text())
    }
    guard let rule, let severity, !hasPrimary || !labels.isEmpty else { return nil }
    var finding = Diagnostic(
      rule, message, at: hasPrimary ? labels.removeFirst() : nil, also: labels, help: help, notes: notes,
      suggestion: suggestion)
    finding.severity = severity
    finding.suppression = reader.optionalText()
    finding.owner = reader.optionalText()
    return reader.isAtEnd ? finding : nil
  }

  private mutating func range() -> SourceRange? {
    let path = reader.text()
    let isWhole = reader.number() == 1
    let start = reader.number()
    let end = reader.number()
    guard reader.isValid else { return nil }
    guard let file = isWhole ? SourceFile(path: path, bytes: []) : file(path) else { return nil }
    return SourceRange(file: file, start: start, end: end)
  }
}
