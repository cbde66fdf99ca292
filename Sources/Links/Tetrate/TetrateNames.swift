import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// The names of a link's objects, from `tetrate/names.yaml`.
enum TetrateNames {
  /// A name from the template; nil after reporting what is wrong with it there.
  static func name(
    _ key: String, _ link: TetrateLink, service: NamespacedName = NamespacedName("", ""),
    cluster: String = "",
    in model: FleetModel, _ findings: inout [Diagnostic]
  ) -> String? {
    Naming(
      "tetrate/names.yaml", for: TemplateUse(link: link.name, connections: []), at: link.link.name.node,
      in: model
    ).name(
      key, for: "link \(link.name)",
      [
        "service": .map(["name": .string(service.name), "namespace": .string(service.namespace)]),
        "cluster": .string(cluster), "link": .string(link.name),
        "organization": .string(
          link.settings.organization?.value ?? "", from: link.settings.organization?.node),
        "workspace": .string(
          link.settings.workspace?.name.value ?? "", from: link.settings.workspace?.name.node),
      ], &findings)
  }
}

extension TetrateLink {
  /// The cluster whose output holds what TSB owns.
  var configCluster: String { settings.configCluster?.value ?? members.first ?? "" }

  /// An object that TSB owns, in the link's form: a Kubernetes object of the config cluster, or a file for tctl.
  func add(
    _ kind: String, template: String, name: String, tenant: Bool, workspace: Bool,
    _ variables: TemplateFields, to lowered: inout LoweredUnit
  ) {
    var object: TemplateFields = [
      "name": .string(name), "organization": .optional(settings.organization?.value),
    ]
    if tenant { object["tenant"] = .optional(settings.tenant?.value) }
    if workspace { object["workspace"] = .optional(settings.workspace?.name.value) }
    var all = variables
    if settings.form == .tctl {
      all["object"] = .map(object)
      lowered.fragments.append(
        Fragment(
          clusters: [configCluster], name: "tctl-\(kind.lowercased())-\(name.lowercased()).yaml",
          template: "tetrate/tctl-\(template).yaml", variables: all))
    } else {
      object["namespace"] = .string(settings.configNamespace)
      all["object"] = .map(object)
      lowered.emissions.append(
        Emission(
          cluster: configCluster, part: .manifests, template: "tetrate/\(template).yaml",
          identity: tsbIdentity(kind, name), variables: all))
    }
  }

  func tsbIdentity(_ kind: String, _ name: String) -> ObjectIdentity {
    ObjectIdentity(
      apiVersion: "tsb.tetrate.io/v2", kind: kind, namespace: settings.configNamespace, name: name)
  }
}

extension Labels {
  /// As a mapping in templates.
  var value: TemplateValue {
    var map: TemplateFields = [:]
    for item in items { map[item.key] = .string(item.value) }
    return .map(map)
  }
}
