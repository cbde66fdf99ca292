import Snapshot

/// Texts of kustomization files: what lies in a directory, in order.
package enum Kustomization {
  package static let fileName = "kustomization.yaml"

  /// Names the files or directories beside it.
  package static func text(_ resources: [String]) -> String {
    var text = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n"
    for resource in resources.sorted(by: utf8Precedes) { text += "- \(resource)\n" }
    return text
  }

  /// A Component that patches an object of somebody else.
  package static func component(patch file: String) -> String {
    """
    apiVersion: kustomize.config.k8s.io/v1alpha1
    kind: Component
    patches:
    - path: \(file)

    """
  }
}
