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
      guard !roles.isEmpty, !roles.contains(where: grants) else { continue }
      let role = roles.min { $0.name < $1.name }
      findings.append(
        Diagnostic(
          PorterRules.permissions,
          "\(account.value) may not manage claims in \(namespace) of \(primary.name)",
          at: account.node.range, "applies the output",
          also: role.map { [Label($0.nameNode.range, "its Role has no rule for transportserverclaims")] }
            ?? [],
          help: [
            "add a rule: apiGroups [porter.devops.gov.bc.ca], resources [transportserverclaims], verbs [\(verbs.joined(separator: ", "))]"
          ]))
    }
    return findings
  }

  private static func grants(_ role: Manifest) -> Bool {
    role.node["rules"]?.elements.contains { rule in
      has(rule["apiGroups"], ["porter.devops.gov.bc.ca"]) && has(rule["resources"], ["transportserverclaims"])
        && has(rule["verbs"], verbs)
    } ?? false
  }

  private static func has(_ list: Node?, _ wanted: [String]) -> Bool {
    let values = list?.elements.map(\.text) ?? []
    return values.contains("*") || wanted.allSatisfy(values.contains)
  }
}
