package import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Traces for people and for programs.
extension CrossingTrace {
  /// The trace as lines: what passes, hop by hop, with the verdict of those that do not simply hold.
  ///
  /// - Parameters:
  ///   - showsPlaces: true to name the manifests that each hop rests on.
  ///   - showsSenders: true to say at each hop which source address the next one sees.
  package func text(showsPlaces: Bool = false, showsSenders: Bool = false) -> String {
    let title = crossing.description
    var text = title + String(repeating: " ", count: max(1, 88 - title.count)) + verdict.rawValue + "\n"
    for (index, hop) in hops.enumerated() {
      let kind = hop.kind.rawValue
      text += "  \(index + 1) \(kind)\(String(repeating: " ", count: max(1, 14 - kind.count)))\(hop.text)"
      text += "  [\(hop.stateWord)]\n"
      for line in hop.details { text += "      \(line)\n" }
      if showsSenders, index + 1 < hops.count { text += "      next hop sees \(hops[index + 1].source)\n" }
      guard showsPlaces || hop.isBroken else { continue }
      for place in hop.places where !place.range.file.path.isEmpty {
        let position = place.range.startPosition
        let words = place.text.isEmpty ? "" : ": \(place.text)"
        text += "      at \(place.range.file.path):\(position.line):\(position.column)\(words)\n"
      }
    }
    return text
  }

  /// The trace as one JSON object.
  package func write(to writer: inout JSONWriter) {
    let crossing = crossing
    let target = crossing.target
    writer.object { writer in
      writer.member("connection", crossing.connection.id.description)
      writer.member("from", crossing.clientPlace)
      writer.key("to")
      writer.object { writer in
        writer.member("cluster", target.cluster)
        writer.member("namespace", target.service.key.namespace)
        writer.member("service", target.service.key.name)
        writer.key("port")
        writer.integer(crossing.port.port.number)
        writer.member("protocol", crossing.port.port.transport.rawValue)
      }
      writer.member("verdict", verdict.rawValue)
      writer.key("hops")
      writer.array(of: Array(hops.enumerated())) { writer, entry in
        let next = entry.offset + 1 < hops.count ? hops[entry.offset + 1].source : nil
        entry.element.write(to: &writer, leavingAs: next)
      }
    }
  }
}

extension Hop {
  var isBroken: Bool { if case .broken = state { true } else { false } }

  var holds: Bool { if case .holds = state { true } else { false } }

  /// The evidence, or what keeps the hop from holding.
  var stateWord: String {
    switch state {
    case .holds(let evidence): evidence.rawValue
    case .depends: "depends"
    case .pending: "pending"
    case .broken(let fault): "broken, \(fault.rule.id)"
    }
  }

  /// What is to be said of a hop that does not hold.
  var details: [String] {
    switch state {
    case .holds: []
    case .depends(let questions): questions.map { "hangs on \($0.text)" }
    case .pending(let fact):
      ["missing: \(fact.fact), from \(fact.resources) of \(fact.namespace) in \(fact.cluster)"]
    case .broken(let fault): [fault.message] + fault.help.map { "help: \($0)" }
    }
  }

  func write(to writer: inout JSONWriter, leavingAs next: String?) {
    writer.object { writer in
      writer.member("hop", kind.rawValue)
      if let cluster { writer.member("cluster", cluster) }
      writer.member("text", text)
      switch state {
      case .holds(let evidence):
        writer.member("state", "holds")
        writer.member("evidence", evidence.rawValue)
      case .depends(let questions):
        writer.member("state", "depends")
        writer.key("questions")
        writer.array(of: questions) { $0.string($1.text) }
      case .pending(let fact):
        writer.member("state", "pending")
        writer.key("missing")
        writer.object { writer in
          writer.member("cluster", fact.cluster)
          writer.member("namespace", fact.namespace)
          writer.member("fact", fact.fact)
          writer.member("resources", fact.resources)
        }
      case .broken(let fault):
        writer.member("state", "broken")
        writer.member("rule", fault.rule.id)
        writer.member("message", fault.message)
        writer.key("help")
        writer.array(of: fault.help) { $0.string($1) }
      }
      writer.member("source", source)
      if let next { writer.member("nextSource", next) }
      writer.key("places")
      writer.array(of: places.filter { !$0.range.file.path.isEmpty }) { writer, place in
        let position = place.range.startPosition
        writer.object { writer in
          writer.member("path", place.range.file.path)
          writer.key("line")
          writer.integer(position.line)
          writer.key("column")
          writer.integer(position.column)
          if !place.text.isEmpty { writer.member("text", place.text) }
        }
      }
    }
  }
}
