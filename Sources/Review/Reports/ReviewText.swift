import Diagnostics
import Output

/// A review for a terminal: what is risky, then the paths, then the objects of each cluster with their fields.
enum ReviewText {
  private enum Role: String {
    case title = "1"
    case added = "32"
    case removed = "31"
    case changed = "33"
    case risk = "1;31"
    case faint = "2"
  }

  static func render(_ review: Review, stages: [StagePlan.Stage]?, options: ReviewFormat.Options) -> String {
    guard !review.isEmpty else { return "" }
    func paint(_ text: String, _ role: Role) -> String {
      options.usesColor ? "\u{1B}[\(role.rawValue)m\(text)\u{1B}[0m" : text
    }
    var text = paint("\(review.base.text) → \(review.head.text)", .title) + "\n"
    text += VisibleText.line(review.summary) + "\n"
    if !review.risks.isEmpty {
      text += "\n" + paint("Look at these first", .title) + "\n"
      for risk in review.risks {
        let place = risk.cluster.map { " in \($0)" } ?? ""
        text += "  " + paint("! \(risk.kind.title)", .risk) + VisibleText.line(": \(risk.subject)\(place)")
        text += risk.text.isEmpty ? "\n" : VisibleText.line(": \(risk.text)") + "\n"
      }
    }
    if !review.paths.isEmpty {
      text += "\n" + paint(review.isJudged ? "Paths" : "Declared paths", .title) + "\n"
      for path in review.paths {
        let (sign, role) = mark(path.kind.rawValue)
        text += "  " + paint(sign + " " + VisibleText.line(path.key.text), role)
        text += VisibleText.line("  (\(path.key.connection))\(remark(path))") + "\n"
      }
    }
    for cluster in review.clusters {
      text += "\n" + paint(VisibleText.line(cluster.name), .title) + "\n"
      for object in cluster.objects {
        let (sign, role) = mark(object.kind.rawValue)
        let part = object.key.part == .manifests ? "" : "  [\(object.key.part.rawValue)]"
        text +=
          "  " + paint(sign + " " + VisibleText.line(object.key.name), role) + paint(part, .faint) + "\n"
        for field in object.fields { text += line(field, paint: paint) }
        if object.kind == .changed, object.fields.isEmpty {
          text += "      moved to \(VisibleText.line(object.path))\n"
        }
      }
    }
    if let stages, !stages.isEmpty {
      text += "\n" + paint("Stages", .title) + "\n"
      for (index, stage) in stages.enumerated() {
        text += "  \(index + 1). \(stage.name.rawValue): \(VisibleText.line(stage.summary))\n"
        let listing = stage.listing
        for step in listing.steps { text += "     " + paint(VisibleText.line(step), .faint) + "\n" }
        if listing.leftOut > 0 { text += "     " + paint("and \(listing.leftOut) more", .faint) + "\n" }
        for fault in stage.faults { text += "     " + paint("! ", .risk) + VisibleText.line(fault) + "\n" }
      }
    }
    if !review.limits.isEmpty {
      text += "\n" + paint("Not compared", .title) + "\n"
      for limit in review.limits { text += "  \(VisibleText.line(limit))\n" }
    }
    return text
  }

  private static func line(_ field: FieldChange, paint: (String, Role) -> String) -> String {
    let path = VisibleText.line(field.path)
    let before = field.before.map(VisibleText.line)
    let after = field.after.map(VisibleText.line)
    switch field.kind {
    case .added: return "      " + paint("+ \(path)\(after.map { ": " + $0 } ?? "")", .added) + "\n"
    case .removed: return "      " + paint("- \(path)\(before.map { ": " + $0 } ?? "")", .removed) + "\n"
    case .changed:
      let values = before.flatMap { before in after.map { ": \(before) → \($0)" } } ?? " (not shown)"
      return "      " + paint("~ \(path)\(values)", .changed) + "\n"
    case .reordered: return "      " + paint("~ \(path): in another order", .changed) + "\n"
    }
  }

  private static func mark(_ kind: String) -> (String, Role) {
    switch kind {
    case "added", "appeared": ("+", .added)
    case "removed", "vanished": ("-", .removed)
    default: ("~", .changed)
    }
  }

  private static func remark(_ path: PathChange) -> String {
    let details = path.details
    if !details.isEmpty {
      let reason = path.after?.verdict?.reason.map { ": \($0)" } ?? ""
      return ": " + details.joined(separator: "; ") + reason
    }
    let shown = path.after ?? path.before
    return shown?.verdict.map { ": \($0.word)\($0.reason.map { " (\($0))" } ?? "")" } ?? ""
  }
}
