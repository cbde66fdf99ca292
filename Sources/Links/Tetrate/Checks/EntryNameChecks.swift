import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Names that connections give to Istio's entries: each is the name of one object.
struct EntryNameChecks {
  let traffic: TetrateTraffic

  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    var named: [NamespacedName: Node] = [:]
    for connection in traffic.connections {
      guard let section = connection.section("tetrate"),
        let key = section.entries.first(where: { _ in true })?.key
      else { continue }
      let services = Set(connection.targets.map(\.service.key))
      if traffic.link.settings.form != .istio {
        findings.append(
          Diagnostic(
            TetrateRules.entryName, "TSB names its entries itself", at: key.range, "without effect",
            also: [Label(traffic.link.settings.formNode.range, "the link's form")],
            help: ["remove it, or use a link with 'form: istio'"]))
      } else if services.count > 1 {
        findings.append(
          Diagnostic(
            TetrateRules.entryName, "one name cannot serve \(services.count) Services", at: key.range,
            "the connection leads to \(listed(services.map(\.name).sorted()))",
            help: ["declare a connection for each Service whose entry has a name of its own"]))
      } else if let service = services.first {
        if let first = named[service] {
          findings.append(
            Diagnostic(
              TetrateRules.entryName, "two connections name the entry of Service \(service.description)",
              at: key.range, "named again", also: [Label(first.range, "named first")],
              help: ["name it in one of them"]))
        }
        named[service] = named[service] ?? section
      }
    }
    return findings
  }
}
