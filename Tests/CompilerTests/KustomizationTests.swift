import Compiler
import Diagnostics
import Reachability
import Testing

/// What stands in kustomizations beside manifests, which nothing builds; and policies that no API server takes.
@Suite struct KustomizationTests {
  private typealias Break = SurroundingBreakTests.Break

  private static func kustomization(_ text: String, in directory: String = "silver", more: String = "")
    -> String
  {
    """
    -- workloads/\(directory)/kustomization.yaml --
    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    \(text)
    \(more)
    """
  }

  static let cases: [SurroundingBreakTests.Break] = {
    func depends(_ name: String, at hop: Hop.Kind, _ files: String) -> Break {
      Break(name, over: "porter-silver", .depends, at: hop, files)
    }
    func proved(_ name: String, _ files: String) -> Break {
      Break(name, over: "porter-silver", .proved, at: nil, files)
    }
    let clamav = "resources: [clamav.yaml]\n"
    return [
      proved("resources alone", kustomization(clamav)),
      proved("no replicas of another", kustomization(clamav + "replicas: [{name: other, count: 0}]")),
      proved("more replicas", kustomization(clamav + "replicas: [{name: clamav, count: 3}]")),
      depends("no replicas", at: .pod, kustomization(clamav + "replicas: [{name: clamav, count: 0}]")),
      proved("its own namespace", kustomization(clamav + "namespace: a1b2c3-prod")),
      depends("another namespace", at: .service, kustomization(clamav + "namespace: other")),
      depends("another name", at: .service, kustomization(clamav + "nameSuffix: -v2")),
      proved(
        "a patch of another kind",
        kustomization(clamav + "patches: [{path: p.yaml, target: {kind: Ingress}}]")),
      proved(
        "a patch of another name",
        kustomization(clamav + "patches: [{path: p.yaml, target: {kind: Service, name: other}}]")),
      depends(
        "a patch with a target", at: .service,
        kustomization(clamav + "patches: [{path: p.yaml, target: {kind: Service, name: clamav}}]")),
      depends(
        "a patch whose target is a pattern", at: .service,
        kustomization(clamav + "patches: [{path: p.yaml, target: {kind: Service, name: 'cl.*'}}]")),
      depends(
        "a patch in place", at: .pod,
        kustomization(
          clamav
            + "patches: [{patch: '{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: clamav}, spec: {replicas: 0}}'}]"
        )),
      depends(
        "a directory that is built elsewhere", at: .pod,
        kustomization("resources: [../silver]\nreplicas: [{name: clamav, count: 0}]", in: "overlay-silver")
          .replacing("workloads/overlay-silver", with: "workloads/silver/overlay")
          .replacing("../silver", with: "..")),
      depends("a list that leaves the file out", at: .service, kustomization("resources: [other.yaml]")),
      depends(
        "the clients' side", at: .client,
        kustomization("resources: [scanner.yaml]\nnamePrefix: my-", in: "emerald")),
      Break(
        "an admin policy of no known version", over: "tetrate", .proved, at: nil,
        """
        -- workloads/cluster-1/deny.yaml --
        apiVersion: security.istio.io/v1alpha1
        kind: AuthorizationPolicy
        metadata: {name: deny, namespace: bookinfo}
        spec: {}

        """),
      Break(
        "an action in small letters", over: "tetrate", .proved, at: nil,
        """
        -- workloads/cluster-1/deny.yaml --
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: deny, namespace: bookinfo}
        spec: {action: deny, rules: [{}]}

        """),
      Break(
        "a CiliumNetworkPolicy of no known version", over: "clustermesh", .proved, at: nil,
        """
        -- workloads/cluster02/deny.yaml --
        apiVersion: cilium.io/v1
        kind: CiliumNetworkPolicy
        metadata: {name: deny, namespace: default}
        spec: {endpointSelector: {}, ingressDeny: [{fromEntities: [all]}]}

        """),
    ]
  }()

  /// Manifests that stand nowhere yet, and that nobody would take.
  static let unplaced: [SurroundingBreakTests.Break] = [
    Break(
      "the only client names no namespace", over: "porter-silver", .depends, at: .client,
      """
      -- workloads/emerald/scanner.yaml --
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: scanner}
      spec:
        selector: {matchLabels: {app: scanner}}
        template: {metadata: {labels: {app: scanner}}, spec: {containers: [{name: scanner, image: a}]}}

      """),
    Break(
      "a gateway's workload that is refused", over: "tetrate", .depends, at: .gateway,
      TetrateJudgementTests.istioFleet.replacing(
        "ports: [{name: tls, port: 15443}]}\n",
        with: """
          ports: [{name: tls, port: 15443}]}
          ---
          apiVersion: apps/v1
          kind: Deployment
          metadata: {name: gateway, namespace: istio-system}
          spec:
            selector: {matchLabels: {istio: other}}
            template:
              metadata: {labels: {istio: eastwestgateway}}
              spec: {containers: [{name: proxy, image: auto, ports: [{containerPort: 15443}]}]}

          """)),
  ]

  @Test(arguments: cases + unplaced) func isFoundAtItsHop(_ planted: SurroundingBreakTests.Break) throws {
    try SurroundingBreakTests().breakIsFoundAtItsHop(planted)
  }

  /// What the cluster refuses is told, and is nobody's policy.
  @Test(arguments: [
    ("AuthorizationPolicy", "security.istio.io/v1", "{action: deny}", "says 'deny'"),
    ("PeerAuthentication", "security.istio.io/v1", "{mtls: {mode: Strict}}", "says 'Strict'"),
    ("Networkpolicy", "networking.k8s.io/v1", "{podSelector: {}}", "is written 'Networkpolicy'"),
    ("HTTPProxy", "projectcontour.io/v1alpha1", "{}", "has apiVersion 'projectcontour.io/v1alpha1'"),
    ("Ingress", "extensions/v1beta1", "{}", "has apiVersion 'extensions/v1beta1'"),
    ("AdminNetworkPolicy", "policy.networking.k8s.io/v1", "{}", "has apiVersion"),
  ])
  func whatIsRefusedIsTold(_ kind: String, _ version: String, _ spec: String, _ text: String) throws {
    try ManifestCheckTests.expect(
      "warning[LW1306]", text,
      in: [
        "workloads/gold/refused.yaml":
          "apiVersion: \(version)\nkind: \(kind)\nmetadata: {name: x, namespace: a1b2c3-dev}\nspec: \(spec)\n"
      ])
  }
}
