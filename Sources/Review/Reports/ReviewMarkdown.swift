import Output

/// A review as a comment on a pull request: the paths in words, a table of the clusters, then details in collapsed
/// blocks. What does not fit is left out from the end, and said to be.
enum ReviewMarkdown {
  /// The marker by which CI finds its own comment again, to update it in place.
  static func marker(_ review: Review) -> String {
    "<!-- linkwright-diff \(MarkdownText.markerName(review.fleet)) -->"
  }

  static func render(_ review: Review, stages: [StagePlan.Stage]?, options: ReviewFormat.Options) -> String {
    var page = Page(limit: options.limit)
    page.add("\(marker(review))\n")
    page.add("### Linkwright: \(MarkdownText.code(review.fleet))\n\n")
    if review.isEmpty {
      page.add("No change in what reaches what, and none in any cluster.\n")
      return page.text
    }
    page.add(
      "\(MarkdownText.code(review.base.text)) → \(MarkdownText.code(review.head.text)): \(review.summary)\n")
    // Enough for the line that says what is left out.
    page.reserve(600)
    // The table is short and must not be crowded out by paths.
    let table = Self.table(review)
    let tableSize = min(table.reduce(0) { $0 + $1.utf8.count }, options.limit / 4)
    page.reserve(tableSize)
    list(&page, "Look at these first", review.risks.map(line), "risk")
    list(&page, review.isJudged ? "Paths" : "Declared paths", review.paths.map(line), "path")
    list(&page, "Not compared", review.limits.map { "- \(MarkdownText.code($0))\n" }, "line")
    if let stages, !stages.isEmpty { list(&page, "Stages", stages.enumerated().flatMap(line), "line") }
    page.reserve(-tableSize)
    rows(&page, table)
    details(&page, review)
    page.reserve(-600)
    if !page.leftOut.isEmpty {
      page.add(
        "\nLeft out, because a comment has room for \(options.limit) characters: \(page.leftOut.joined(separator: ", ")). \(MarkdownText.code(options.command)) shows everything.\n"
      )
    }
    return page.text
  }

  /// A text that grows up to a limit.
  private struct Page {
    private(set) var text = ""
    private var room: Int
    private(set) var leftOut: [String] = []

    init(limit: Int) { room = limit }

    mutating func reserve(_ bytes: Int) { room -= bytes }

    func fits(_ piece: String) -> Bool { piece.utf8.count <= room }

    @discardableResult
    mutating func add(_ piece: String) -> Bool {
      guard fits(piece) else { return false }
      room -= piece.utf8.count
      text += piece
      return true
    }

    mutating func leave(_ count: Int, _ word: String) {
      if count > 0 { leftOut.append("\(count) \(word)\(count == 1 ? "" : "s")") }
    }
  }

  // MARK: Lists

  private static func list(_ page: inout Page, _ title: String, _ lines: [String], _ word: String) {
    guard !lines.isEmpty else { return }
    guard page.add("\n**\(title)**\n\n") else { return page.leave(lines.count, word) }
    for (index, line) in lines.enumerated() where !page.add(line) {
      return page.leave(lines.count - index, word)
    }
  }

  private static func line(_ risk: Risk) -> String {
    let place = risk.cluster.map { " in \(MarkdownText.code($0))" } ?? ""
    let text = risk.text.isEmpty ? "" : ": \(MarkdownText.code(risk.text))"
    return "- ⚠️ **\(risk.kind.title)**: \(MarkdownText.code(risk.subject))\(place)\(text)\n"
  }

  private static func line(_ path: PathChange) -> String {
    let key = path.key
    let way =
      "\(MarkdownText.code(key.client)) → \(MarkdownText.code(key.target)) \(MarkdownText.code("\(key.service) \(key.port)/\(key.transport)"))"
    let reached = path.after?.verdict.map { ", \($0.word)" } ?? ""
    let reason = path.after?.verdict?.reason.map { ": \(MarkdownText.code($0))" } ?? ""
    let what =
      switch (path.kind, path.effect) {
      case (.appeared, .becomesReachable): "appears\(reached)"
      case (.appeared, _): "appears, and does not work yet\(reached)\(reason)"
      case (.vanished, _): "vanishes"
      case (.changed, .becomesReachable): "becomes reachable\(reached)"
      case (.changed, .becomesUnreachable): "becomes unreachable\(reached)\(reason)"
      case (.changed, .none):
        "changes: \(path.details.map { MarkdownText.code($0) }.joined(separator: ", "))\(reason)"
      }
    let sign =
      switch path.kind {
      case .appeared: "➕"
      case .vanished: "➖"
      case .changed: "✏️"
      }
    return "- \(sign) \(way) \(what) (\(MarkdownText.code(key.connection)))\n"
  }

  private static func line(_ index: Int, _ stage: StagePlan.Stage) -> [String] {
    let listing = stage.listing
    return ["\(index + 1). **\(stage.name.rawValue)**: \(stage.summary)\n"]
      + listing.steps.map { "   - \(MarkdownText.code($0))\n" }
      + (listing.leftOut > 0 ? ["   - and \(listing.leftOut) more\n"] : [])
      + stage.faults.map { "   - ⚠️ \(MarkdownText.code($0))\n" }
  }

  // MARK: Table

  private static func table(_ review: Review) -> [String] {
    guard !review.objects.isEmpty else { return [] }
    var rows = ["\n| cluster | added | changed | removed | of these not synced |\n|---|--:|--:|--:|--:|\n"]
    for cluster in review.clusters {
      let counts = [ObjectChange.Kind.added, .changed, .removed].map { kind in
        cluster.objects.count { $0.kind == kind }
      }
      let aside = cluster.objects.count { $0.key.part != .manifests }
      rows.append(
        "| \(MarkdownText.code(cluster.name, inTable: true)) | \(counts[0]) | \(counts[1]) | \(counts[2]) | \(aside) |\n"
      )
    }
    return rows
  }

  private static func rows(_ page: inout Page, _ rows: [String]) {
    for (index, row) in rows.enumerated() where !page.add(row) {
      return page.leave(rows.count - max(index, 1), "cluster")
    }
  }

  // MARK: Details

  /// A block for each cluster: every object with its fields; where that has no room, every object's name.
  private static func details(_ page: inout Page, _ review: Review) {
    var missing = 0
    var short = 0
    for cluster in review.clusters {
      let count = cluster.objects.count
      let title =
        "<code>\(MarkdownText.html(cluster.name))</code>: \(count) object\(count == 1 ? "" : "s")"
      let end = "\n</details>\n"
      page.reserve(end.utf8.count)
      guard page.add("\n<details><summary>\(title)</summary>\n\n") else {
        page.reserve(-end.utf8.count)
        missing += count
        continue
      }
      for object in cluster.objects {
        if page.add(full(object)) { continue }
        if page.add(head(object)) { short += 1 } else { missing += 1 }
      }
      page.reserve(-end.utf8.count)
      page.add(end)
    }
    page.leave(missing, "object")
    if short > 0 { page.leave(short, "object's detail") }
  }

  private static func head(_ object: ObjectChange) -> String {
    let part = object.key.part == .manifests ? "" : " (\(object.key.part.rawValue))"
    return "- \(object.kind.rawValue) \(MarkdownText.code(object.key.name))\(part)\n"
  }

  private static func full(_ object: ObjectChange) -> String {
    var text = head(object)
    if object.kind == .changed {
      for field in object.fields { text += "  - \(line(field))\n" }
      if object.fields.isEmpty { text += "  - moved to \(MarkdownText.code(object.path))\n" }
    } else if let content = object.text {
      text += "\n" + MarkdownText.block(content, language: "yaml") + "\n"
    }
    return text
  }

  private static func line(_ field: FieldChange) -> String {
    let path = MarkdownText.code(field.path)
    let before = field.before.map { MarkdownText.code($0) }
    let after = field.after.map { MarkdownText.code($0) }
    return switch field.kind {
    case .added: "➕ \(path)\(after.map { ": " + $0 } ?? "")"
    case .removed: "➖ \(path)\(before.map { ": " + $0 } ?? "")"
    case .changed: "\(path): \(before ?? "(not shown)") → \(after ?? "(not shown)")"
    case .reordered: "\(path): in another order"
    }
  }
}
