import Corefile
import Diagnostics
import TestSupport

/// A Corefile that stands in a test.
func corefile(_ text: String, path: String = "Corefile") -> CorefileDocument {
  CorefileDocument(CorefileText(SourceFile(path: path, bytes: Array(text.utf8))))
}

/// The text with a block merged in; nil where it is refused. The DNS server may have been elsewhere before.
func merged(
  _ text: String, zone: String = "xcc.test", upstream: String = "1.2.3.4", isMarked: Bool = true
) -> String? {
  let file = SourceFile(path: "link.yaml", bytes: [])
  let merge = CorefileMerge(
    corefile(text), StubBlock(zone: zone, upstream: upstream, isMarked: isMarked),
    cause: Label(SourceRange(wholeFile: file)), isServer: { ["9.9.9.9", "9.8.7.6", "1.2.3.4"].contains($0) })
  return merge.bytes.map { String(decoding: $0, as: UTF8.self) }
}

/// The findings of reading and merging, as `id line:column message`.
func findings(_ text: String, zone: String = "xcc.test", isMarked: Bool = true) -> [String] {
  let document = corefile(text)
  let merge = CorefileMerge(
    document, StubBlock(zone: zone, upstream: "1.2.3.4", isMarked: isMarked),
    cause: Label(SourceRange(wholeFile: SourceFile(path: "link.yaml", bytes: []))))
  return (document.findings + merge.findings).map { finding in
    let place = finding.primary?.range.startPosition
    return "\(finding.rule.id) \(place?.line ?? 0):\(place?.column ?? 0) \(finding.message)"
  }
}
