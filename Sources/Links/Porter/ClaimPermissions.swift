import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Whether the account that applies the output may create claims, as far as the repository has its Roles.
enum ClaimPermissions {
  private static let verbs = ["create", "delete", "get", "list", "patch", "update"]

  static func findings(_ namespaces: [String], _ primary: ClusterModel, _ model: FleetModel) -> [Diagnostic] {
    guard let account = model.fleet.consumer?.serviceAccount else { return [] }
    let parts = account.value.split(separator: "/").map(String.init)
    guard parts.count == 2 else { return [] }
    var findings: [Diagnostic] = []
    for namespace in namespaces {
      let objects = primary.declared.objects.values
      let bindings = objects.filter { binding in
        binding.kind == "RoleBinding" && binding.namespace == namespace
          && binding.node["subjects"]?.elements.contains { subject in
            subject["kind"]?.text == "ServiceAccount" && subject["name"]?.text == parts[1]
              && (subject["namespace"]?.text ?? namespace) == parts[0]
          } == true
      }
      let names = bindings.compactMap { $0.node.at("roleRef", "name")?.text }
      let roles = objects.filter { $0.kind == "Role" && $0.namespace == namespace && names.contains($0.name) }
      guard !roles.isEmpty, !missingVerbs(about(claims: roles)).isEmpty else { continue }
      let role = roles.min { $0.name < $1.name }
      findings.append(
        Diagnostic(
          PorterRules.permissions,
          "\(account.value) may not manage claims in \(namespace) of \(primary.name)",
          at: account.node.range, "applies the output",
          also: role.map { [shortfall(roles, first: $0)] } ?? [],
          help: [
            "add a rule: apiGroups [porter.devops.gov.bc.ca], resources [transportserverclaims], verbs [\(verbs.joined(separator: ", "))]"
          ]))
    }
    return findings
  }

  /// What the Roles lack: the verbs, where they have a rule for claims.
  private static func shortfall(_ roles: [Manifest], first: Manifest) -> Label {
    let rules = about(claims: roles)
    guard let rule = rules.first else {
      return Label(first.nameNode.range, "its Role has no rule for transportserverclaims")
    }
    return Label((rule["verbs"] ?? rule).range, "its Role lacks \(listed(missingVerbs(rules)))")
  }

  /// The rules that speak of claims; together they grant what each of them does.
  private static func about(claims roles: [Manifest]) -> [Node] {
    roles.sorted { $0.name < $1.name }.flatMap { $0.node["rules"]?.elements.map { $0 } ?? [] }.filter {
      has($0["apiGroups"], "porter.devops.gov.bc.ca") && has($0["resources"], "transportserverclaims")
    }
  }

  private static func missingVerbs(_ rules: [Node]) -> [String] {
    verbs.filter { verb in !rules.contains { has($0["verbs"], verb) } }
  }

  private static func has(_ list: Node?, _ wanted: String) -> Bool {
    list?.elements.contains { $0.text == "*" || $0.text == wanted } ?? false
  }
}
