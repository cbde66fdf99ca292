package import Diagnostics

/// Rules about CustomResourceDefinitions in `schemas/crds/`.
package enum CustomResourceRules {
  package static let all = [unusableDefinition, brokenValidation]

  private static func definition(_ rule: String) -> String {
    """
    -- schemas/crds/claims.yaml --
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: transportserverclaims.porter.devops.gov.bc.ca}
    spec:
      group: porter.devops.gov.bc.ca
      names: {kind: TransportServerClaim, plural: transportserverclaims}
      scope: Namespaced
      versions:
      - name: v1alpha1
        served: true
        storage: true
        schema:
          openAPIV3Schema:
            type: object
            properties:
              spec:
                type: object
                x-kubernetes-preserve-unknown-fields: true
                properties:
                  service: {type: string}
                  servicePort: {x-kubernetes-int-or-string: true}
                x-kubernetes-validations:
                - rule: \(rule)
                  message: services of this kind are not published

    """
  }

  package static let unusableDefinition = Rule(
    "LW6016", "custom-resource-definition", .error, "a CustomResourceDefinition cannot be used",
    explanation: """
      Files in schemas/crds/ are CustomResourceDefinitions as they are applied to a cluster. Their schemas and the \
      rules of x-kubernetes-validations in them judge what is emitted.
      """,
    failing: RuleExample(over: "porter-pair", definition("self.service > 3")),
    passing: RuleExample(over: "porter-pair", definition("self.service != 'x'")))

  package static let brokenValidation = Rule(
    "LW6017", "custom-resource-validation", .error, "an object breaks a rule of its CustomResourceDefinition",
    explanation: """
      The API server refuses an object for which a rule in x-kubernetes-validations does not hold. Rules about an \
      object's former state (oldSelf) are not judged here.
      """,
    failing: RuleExample(over: "porter-pair", definition("self.service != 'yourservice'")),
    passing: RuleExample(over: "porter-pair", definition("self.service != 'x'")))
}
