import Diagnostics
import Reachability

extension Chart {
  /// The chart as JSON, as `schemas/graph.json` describes it.
  ///
  /// - Parameter indentation: spaces per level; nil for one line.
  func json(indentation: Int?) -> String {
    var writer = JSONWriter(indentation: indentation)
    writer.object { writer in
      writer.member("version", 1)
      writer.member("fleet", fleet)
      writer.key("clusters")
      writer.array(of: clusters) { writer, cluster in
        writer.object { writer in
          writer.member("name", cluster.name)
          writer.object("labels") { writer in
            for label in cluster.labels { writer.member(label.key, label.value) }
          }
        }
      }
      writer.key("links")
      writer.array(of: links) { writer, link in
        writer.object { writer in
          writer.member("name", link.name)
          writer.member("type", link.type)
          writer.member("members", link.members)
        }
      }
      writer.key("places")
      writer.array(of: places) { writer, place in
        writer.object { writer in
          writer.member("kind", place.kind.rawValue)
          writer.member("cluster", orNull: place.cluster)
          writer.member("namespace", orNull: place.namespace)
          writer.member("name", place.name)
        }
      }
      writer.key("edges")
      writer.array(of: edges) { writer, edge in Self.write(edge, &writer) }
    }
    return writer.finish()
  }

  private static func write(_ edge: Edge, _ writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("connection", edge.connection)
      writer.member("link", edge.link)
      writer.member("owner", orNull: edge.owner)
      writer.member("from", edge.from)
      writer.member("to", edge.to)
      writer.member("port", edge.port)
      writer.member("verdict", edge.word)
      writer.key("hops")
      writer.array(of: edge.hops) { writer, hop in
        writer.object { writer in
          writer.member("kind", hop.kind.rawValue)
          writer.member("cluster", orNull: hop.cluster)
          writer.member("text", hop.text)
          let (state, reasons, rule) = Self.state(of: hop)
          writer.member("state", state)
          if let rule { writer.member("rule", rule) }
          if !reasons.isEmpty { writer.member("reasons", reasons) }
          if let place = hop.places.first?.range {
            let position = place.startPosition
            writer.member("place", "\(place.file.path):\(position.line):\(position.column)")
          }
        }
      }
    }
  }

  /// A hop's state in a word, what it hangs on or fails for, and the rule that it breaks.
  static func state(of hop: Hop) -> (word: String, reasons: [String], rule: String?) {
    switch hop.state {
    case .holds(let evidence): (evidence.rawValue, [], nil)
    case .depends(let questions): ("depends", questions.map(\.text), nil)
    case .pending(let fact): ("pending", ["\(fact.fact) in \(fact.cluster)"], nil)
    case .broken(let fault): ("broken", [fault.message] + fault.help, fault.rule.id)
    }
  }
}
