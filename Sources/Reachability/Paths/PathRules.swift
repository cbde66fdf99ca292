package import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Rules about the paths that Policy documents forbid or require.
package enum PathRules {
  package static let all = [forbidden, missing]

  private static func policy(_ paths: String) -> RuleExample {
    RuleExample(
      over: "porter-pair",
      """
      -- policies/paths.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: paths}
      spec: {paths: [\(paths)]}
      """)
  }

  package static let forbidden = Rule(
    "LW7301", "forbidden-path", .error, "a path exists that a policy forbids",
    explanation: """
      spec.paths of a Policy forbids what may pass between two ends, whoever opened it: a declared connection, or the \
      network policies of one cluster. Every doubt counts as open. The finding shows one path.
      """,
    failing: policy("{deny: {from: {clusters: [golddr]}, to: {clusters: [gold]}}}"),
    passing: policy("{deny: {from: {clusters: [gold]}, to: {clusters: [golddr]}}}"))

  package static let missing = Rule(
    "LW7302", "required-path-missing", .error, "a path is missing that a policy requires",
    explanation: """
      spec.paths of a Policy requires what must pass between two ends: every pair inside a cluster, and every declared \
      connection between them, under every reading of what is left open.
      """,
    failing: policy("{require: {from: {clusters: [gold]}, to: {clusters: [golddr]}}}"),
    passing: policy("{require: {from: {clusters: [golddr]}, to: {clusters: [gold]}}}"))
}
