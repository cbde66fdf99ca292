import CEL
import YAMLTree

/// What rules for admission find under `request`: everything is judged as if it were created.
///
/// The type is that of an API server (`BuildRequestType` of k8s.io/apiserver, `admission/plugin/cel`), the values those
/// of `AdmissionRequest`: texts that are empty are absent there, `subResource` for one. Who asks is not known, so that
/// `userInfo` is declared and absent.
enum AdmissionRequest {
  static let type: CELType = {
    func record(_ name: String, _ fields: [String]) -> CELType {
      .record(CELRecordType(name: name, fields: fields.map { ($0, .string) }))
    }
    let kind = record("request.kind", ["group", "version", "kind"])
    let resource = record("request.resource", ["group", "version", "resource"])
    let user = CELType.record(
      CELRecordType(
        name: "request.userInfo",
        fields: [
          ("username", .string), ("uid", .string), ("groups", .list(.string)),
          ("extra", .map(key: .string, value: .list(.string))),
        ]))
    return .record(
      CELRecordType(
        name: "request",
        fields: [
          ("kind", kind), ("resource", resource), ("subResource", .string), ("requestKind", kind),
          ("requestResource", resource), ("requestSubResource", .string), ("name", .string),
          ("namespace", .string), ("operation", .string), ("userInfo", user), ("dryRun", .bool),
          ("options", .dyn),
        ]))
  }()

  /// What is the same for all objects of a kind.
  static func known(_ kind: String, group: String?) -> [[String]: CELValue] {
    var known: [[String]: CELValue] = [:]
    for name in ["kind", "requestKind"] {
      known[["request", name, "kind"]] = .string(kind)
      known[["request", name, "group"]] = group.map { .string($0) }
    }
    for name in ["resource", "requestResource"] {
      known[["request", name, "resource"]] = .string(plural(of: kind))
      known[["request", name, "group"]] = group.map { .string($0) }
    }
    return known
  }

  /// The request that creates an object.
  static func value(_ document: Node, name: String, namespace: String?) -> CELValue {
    let version = document["apiVersion"]?.text ?? ""
    let slash = version.lastIndex(of: "/")
    let kind = document["kind"]?.text ?? ""
    let common: [(String, CELValue)] = [
      ("group", .string(slash.map { String(version[..<$0]) } ?? "")),
      ("version", .string(slash.map { String(version[version.index(after: $0)...]) } ?? version)),
    ]
    let kinds = CELValue.object(common + [("kind", .string(kind))])
    let resource = CELValue.object(common + [("resource", .string(plural(of: kind)))])
    let options = CELValue.object([
      ("kind", .string("CreateOptions")), ("apiVersion", .string("meta.k8s.io/v1")),
    ])
    return .object(
      [
        ("kind", kinds), ("resource", resource), ("requestKind", kinds), ("requestResource", resource),
        ("name", .string(name)), ("operation", .string("CREATE")), ("dryRun", .bool(false)),
        ("options", options),
      ] + (namespace.map { [("namespace", .string($0))] } ?? []))
  }

  /// The name of a kind in paths of the API. The convention of Kubernetes (`meta.UnsafeGuessKindToResource`) holds for
  /// all kinds that are emitted but the exceptions here.
  static func plural(of kind: String) -> String {
    let singular = kind.lowercased()
    if ["endpoints", "gatewaydns"].contains(singular) { return singular }
    if singular.hasSuffix("s") { return singular + "es" }
    if singular.hasSuffix("y") { return singular.dropLast() + "ies" }
    return singular + "s"
  }
}
