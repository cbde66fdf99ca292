import Diagnostics
import Kubernetes
import Output

/// A review for programs: one JSON object, described by `schemas/diff.json`.
enum ReviewJSON {
  /// The version of the shape; a change that breaks readers raises it.
  static let version = 1

  static func render(_ review: Review, stages: [StagePlan.Stage]?, options: ReviewFormat.Options) -> String {
    var json = JSONWriter()
    json.object { json in
      json.member("diffVersion", version)
      json.object("tool") { json in
        json.member("name", "linkwright")
        json.member("version", options.version)
      }
      json.member("fleet", review.fleet)
      side("base", review.base, to: &json)
      side("head", review.head, to: &json)
      json.member("judged", review.isJudged)
      json.array("risks", of: review.risks) { json, risk in
        json.object { json in
          json.member("kind", risk.kind.rawValue)
          json.member("cluster", orNull: risk.cluster)
          json.member("subject", risk.subject)
          json.member("text", risk.text)
        }
      }
      json.array("paths", of: review.paths) { path($1, to: &$0) }
      json.array("objects", of: review.objects) { object($1, to: &$0) }
      json.member("provenanceOnly", review.provenanceOnly)
      json.member("unchanged", review.unchanged)
      json.member("notCompared", review.limits)
      if let stages { json.array("stages", of: stages) { stage($1, to: &$0) } }
    }
    return json.finish()
  }

  private static func side(_ name: String, _ side: Review.Side, to json: inout JSONWriter) {
    json.object(name) { json in
      json.member("name", side.name)
      json.member("commit", orNull: side.commit)
    }
  }

  private static func path(_ change: PathChange, to json: inout JSONWriter) {
    json.object { json in
      json.member("change", change.kind.rawValue)
      json.member("effect", change.effect.rawValue)
      json.member("connection", change.key.connection)
      json.object("client") { json in
        json.member(change.key.isExternal ? "external" : "cluster", change.key.client)
        json.member("namespace", change.key.clientNamespace)
      }
      json.object("target") { json in
        json.member("cluster", change.key.target)
        json.member("service", change.key.service)
        json.member("port", change.key.port)
        json.member("protocol", change.key.transport)
      }
      state("before", change.before, to: &json)
      state("after", change.after, to: &json)
    }
  }

  private static func state(_ name: String, _ path: ReviewedPath?, to json: inout JSONWriter) {
    json.key(name)
    guard let path else { return json.null() }
    json.object { json in
      json.member("clients", path.clients)
      json.member("link", path.link)
      json.member("verdict", orNull: path.verdict?.word)
      json.member("reason", orNull: path.verdict?.reason)
    }
  }

  private static func object(_ change: ObjectChange, to json: inout JSONWriter) {
    json.object { json in
      json.member("change", change.kind.rawValue)
      json.member("cluster", change.key.cluster)
      json.member("part", change.key.part.rawValue)
      switch change.key.subject {
      case .object(let identity):
        json.member("group", identity.group)
        json.member("kind", identity.kind)
        json.member("namespace", orNull: identity.namespace)
        json.member("name", identity.name)
      case .file(let name): json.member("file", name)
      }
      json.member("path", change.path)
      json.member("connections", change.connections)
      json.array("fields", of: change.fields) { json, field in
        json.object { json in
          json.member("path", field.path)
          json.member("change", field.kind.rawValue)
          json.member("before", orNull: field.before)
          json.member("after", orNull: field.after)
        }
      }
    }
  }

  private static func stage(_ stage: StagePlan.Stage, to json: inout JSONWriter) {
    json.object { json in
      json.member("name", stage.name.rawValue)
      json.array("steps", of: stage.steps) { json, step in
        json.object { json in
          json.member("action", step.action.rawValue)
          json.member("cluster", step.key.cluster)
          json.member("part", step.key.part.rawValue)
          json.member("object", step.key.name)
          json.member("path", step.path)
        }
      }
      json.member("faults", stage.faults)
    }
  }
}
