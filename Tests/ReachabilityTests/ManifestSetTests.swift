import Diagnostics
import Kubernetes
import Reachability
import Testing
import YAMLTree

/// Whole sets of manifests with answers that follow from the Kubernetes API documentation, worked out by hand before any
/// evaluator saw them. Both evaluators must agree with the answers.
@Suite struct ManifestSetTests {
  struct Question: Sendable {
    let from: String
    let to: String
    let port: UInt16
    let transport: TransportProtocol
    let answer: Ternary

    /// `a/web > b/db 5432`, `… UDP 53`, then `yes`, `no` or `depends`.
    init(_ line: Substring) {
      let words = line.split(separator: " ")
      from = String(words[0])
      to = String(words[2])
      transport = words.count == 6 ? TransportProtocol(rawValue: String(words[3])) ?? .tcp : .tcp
      port = UInt16(words[words.count - 2]) ?? 0
      answer = words.last == "yes" ? .yes : words.last == "no" ? .no : .depends
    }
  }

  struct ManifestSet: Sendable, CustomTestStringConvertible {
    let name: String
    let profile: String
    let manifests: String
    let answers: String
    var testDescription: String { name }

    init(_ name: String, _ manifests: String, _ answers: String) {
      self.init(name, "kubernetes", manifests, answers)
    }

    init(_ name: String, _ profile: String, _ manifests: String, _ answers: String) {
      self.name = name
      self.profile = profile
      self.manifests = manifests
      self.answers = answers
    }
  }

  static func namespace(_ name: String, _ labels: String = "") -> String {
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: \(name), labels: {\(labels)}}\n---\n"
  }

  static func workload(
    _ path: String, _ labels: String, ports: String = "", kind: String = "Deployment", spec: String = ""
  ) -> String {
    let parts = path.split(separator: "/")
    return """
      apiVersion: apps/v1
      kind: \(kind)
      metadata: {name: \(parts[1]), namespace: \(parts[0])}
      spec:
        selector: {matchLabels: {\(labels)}}
        template:
          metadata: {labels: {\(labels)}}
          spec: {\(spec)containers: [{name: c, image: c, ports: [\(ports)]}]}
      ---

      """
  }

  static func policy(_ path: String, _ spec: String) -> String {
    let parts = path.split(separator: "/")
    return """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: \(parts[1]), namespace: \(parts[0])}
      spec: {\(spec)}
      ---

      """
  }

  static let sets: [ManifestSet] = [
    ManifestSet(
      "named ports are each pod's own",
      workload("a/one", "app: x, n: one", ports: "{name: http, containerPort: 8080}")
        + workload("a/two", "app: x, n: two", ports: "{name: http, containerPort: 9090}")
        + workload("a/udp", "app: x, n: udp", ports: "{name: http, containerPort: 7070, protocol: UDP}")
        + workload("a/none", "app: x, n: none") + workload("a/client", "app: client")
        + policy("a/http", "podSelector: {matchLabels: {app: x}}, ingress: [{ports: [{port: http}]}]"),
      """
      a/client > a/one 8080 yes
      a/client > a/one 9090 no
      a/client > a/two 9090 yes
      a/client > a/two 8080 no
      a/client > a/udp 7070 no
      a/client > a/udp UDP 7070 no
      a/client > a/none 8080 no
      192.0.2.1 > a/one 8080 yes
      """),
    ManifestSet(
      "ranges with exceptions, and an item that takes a part back",
      workload("a/web", "app: web")
        + policy(
          "a/in",
          "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.9.0.0/24]}}, {ipBlock: {cidr: 10.1.2.0/24}}], ports: [{port: 443}]}]"
        ),
      """
      10.0.0.1 > a/web 443 yes
      10.1.0.1 > a/web 443 no
      10.1.2.3 > a/web 443 yes
      10.9.0.255 > a/web 443 no
      10.9.1.0 > a/web 443 yes
      11.0.0.1 > a/web 443 no
      10.0.0.1 > a/web 80 no
      10.255.255.255 > a/web 443 yes
      """),
    ManifestSet(
      "ranges of ports, both ends included, by protocol",
      workload("a/web", "app: web") + workload("a/client", "app: client")
        + policy(
          "a/in",
          "podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 8000, endPort: 8010}, {protocol: UDP, port: 53}, {protocol: SCTP}]}]"
        ),
      """
      a/client > a/web 7999 no
      a/client > a/web 8000 yes
      a/client > a/web 8010 yes
      a/client > a/web 8011 no
      a/client > a/web UDP 8005 no
      a/client > a/web UDP 53 yes
      a/client > a/web SCTP 1 yes
      a/client > a/web SCTP 65535 yes
      """),
    ManifestSet(
      "a policy for SCTP closes TCP",
      workload("a/web", "app: web") + workload("a/client", "app: client")
        + policy(
          "a/in", "podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{protocol: SCTP, port: 80}]}]"),
      """
      a/client > a/web 80 no
      a/client > a/web SCTP 80 yes
      a/client > a/web SCTP 81 no
      a/web > a/client 80 yes
      """),
    ManifestSet(
      "empty selectors take pods, never addresses",
      namespace("a") + namespace("b") + workload("a/web", "app: web") + workload("a/db", "app: db")
        + workload("a/open", "app: open") + workload("b/client", "app: client")
        + policy("a/own", "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}]}]")
        + policy(
          "a/all", "podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector: {}}]}]")
        + policy("a/open", "podSelector: {matchLabels: {app: open}}, ingress: [{from: []}]"),
      """
      a/db > a/web 80 yes
      b/client > a/web 80 no
      192.0.2.1 > a/web 80 no
      b/client > a/db 80 yes
      a/web > a/db 80 yes
      192.0.2.1 > a/db 80 no
      192.0.2.1 > a/open 80 yes
      b/client > a/open 80 yes
      """),
    ManifestSet(
      "expressions on labels that are missing, empty or listed",
      namespace("a") + workload("a/web", "app: web") + workload("a/plain", "app: plain")
        + workload("a/dev", "app: dev, env: dev") + workload("a/blank", "app: blank, env: \"\"")
        + policy(
          "a/in",
          "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchExpressions: [{key: env, operator: NotIn, values: [dev]}]}}], ports: [{port: 1}]}, {from: [{podSelector: {matchExpressions: [{key: env, operator: Exists}]}}], ports: [{port: 2}]}, {from: [{podSelector: {matchExpressions: [{key: env, operator: DoesNotExist}]}}], ports: [{port: 3}]}, {from: [{podSelector: {matchExpressions: [{key: env, operator: In, values: [\"\", prod]}]}}], ports: [{port: 4}]}, {from: [{podSelector: {matchLabels: {app: dev}, matchExpressions: [{key: env, operator: In, values: [prod]}]}}], ports: [{port: 5}]}]"
        ),
      """
      a/plain > a/web 1 yes
      a/dev > a/web 1 no
      a/blank > a/web 1 yes
      a/plain > a/web 2 no
      a/dev > a/web 2 yes
      a/blank > a/web 2 yes
      a/plain > a/web 3 yes
      a/blank > a/web 3 no
      a/plain > a/web 4 no
      a/blank > a/web 4 yes
      a/dev > a/web 5 no
      """),
    ManifestSet(
      "one item with both selectors, and two items",
      namespace("a", "team: a") + namespace("b", "team: b") + workload("a/web", "app: web")
        + workload("a/and", "app: and") + workload("a/client", "role: client")
        + workload("b/client", "role: client")
        + workload("b/other", "role: other")
        + policy(
          "a/both",
          "podSelector: {matchLabels: {app: and}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: b}}, podSelector: {matchLabels: {role: client}}}]}]"
        )
        + policy(
          "a/either",
          "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: b}}}, {podSelector: {matchLabels: {role: client}}}]}]"
        ),
      """
      b/client > a/and 80 yes
      b/other > a/and 80 no
      a/client > a/and 80 no
      b/client > a/web 80 yes
      b/other > a/web 80 yes
      a/client > a/web 80 yes
      a/and > a/web 80 no
      """),
    ManifestSet(
      "which directions a policy is about",
      workload("a/default", "p: default") + workload("a/egress", "p: egress")
        + workload("a/empty", "p: empty")
        + workload("a/only", "p: only") + workload("b/x", "app: x")
        + policy("a/default", "podSelector: {matchLabels: {p: default}}")
        + policy("a/egress", "podSelector: {matchLabels: {p: egress}}, egress: [{to: [{podSelector: {}}]}]")
        + policy("a/empty", "podSelector: {matchLabels: {p: empty}}, egress: []")
        + policy(
          "a/only", "podSelector: {matchLabels: {p: only}}, policyTypes: [Egress], ingress: [], egress: [{}]"),
      """
      b/x > a/default 80 no
      a/default > b/x 80 yes
      b/x > a/egress 80 no
      a/egress > b/x 80 no
      a/egress > a/only 80 yes
      b/x > a/empty 80 no
      a/empty > b/x 80 yes
      b/x > a/only 80 yes
      a/only > b/x 80 yes
      a/only > 192.0.2.1 80 yes
      """),
    ManifestSet(
      "host-network pods where the plugin takes them for nodes", "ovn-kubernetes",
      namespace("a") + workload("a/web", "app: web")
        + workload("a/agent", "app: agent", spec: "hostNetwork: true, ")
        + policy("a/deny", "podSelector: {}, policyTypes: [Ingress, Egress]"),
      """
      a/agent > a/web 80 no
      a/web > a/agent 80 no
      192.0.2.1 > a/agent 80 yes
      a/agent > 192.0.2.1 80 yes
      192.0.2.1 > a/web 80 no
      """),
    ManifestSet(
      "host-network pods where nobody says", "kubernetes",
      namespace("a") + workload("a/web", "app: web")
        + workload("a/agent", "app: agent", spec: "hostNetwork: true, ")
        + policy("a/deny", "podSelector: {}, policyTypes: [Ingress]"),
      """
      192.0.2.1 > a/agent 80 depends
      192.0.2.1 > a/web 80 no
      """),
    ManifestSet(
      "workloads of every kind",
      namespace("a") + workload("a/stateful", "k: stateful", kind: "StatefulSet")
        + workload("a/daemon", "k: daemon", kind: "DaemonSet")
        + workload("a/replica", "k: replica", kind: "ReplicaSet")
          + """
          apiVersion: v1
          kind: ReplicationController
          metadata: {name: controller, namespace: a}
          spec: {selector: {k: controller}, template: {metadata: {labels: {k: controller}}, spec: {containers: []}}}
          ---
          apiVersion: batch/v1
          kind: Job
          metadata: {name: job, namespace: a}
          spec: {template: {metadata: {labels: {k: job}}, spec: {restartPolicy: Never, containers: []}}}
          ---
          apiVersion: batch/v1
          kind: CronJob
          metadata: {name: cron, namespace: a}
          spec: {schedule: "0 * * * *", jobTemplate: {spec: {template: {metadata: {labels: {k: cron}}, spec: {containers: []}}}}}
          ---

          """
        + policy(
          "a/in",
          "podSelector: {matchLabels: {k: stateful}}, ingress: [{from: [{podSelector: {matchExpressions: [{key: k, operator: In, values: [daemon, cron, controller]}]}}]}]"
        ),
      """
      a/daemon > a/stateful 80 yes
      a/cron > a/stateful 80 yes
      a/controller > a/stateful 80 yes
      a/replica > a/stateful 80 no
      a/job > a/stateful 80 no
      """),
    ManifestSet(
      "labels that controllers set decide nothing for sure",
      namespace("a") + workload("a/set", "app: set", kind: "StatefulSet")
        + workload("a/client", "app: client")
        + policy(
          "a/first",
          "podSelector: {matchLabels: {statefulset.kubernetes.io/pod-name: set-0}}, policyTypes: [Ingress]"),
      """
      a/client > a/set 80 depends
      """),
    ManifestSet(
      "policies add up, whatever their order",
      workload("a/web", "app: web") + workload("a/x", "app: x") + workload("a/y", "app: z")
        + policy("a/deny", "podSelector: {}, policyTypes: [Ingress]")
        + policy(
          "a/x",
          "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: x}}}], ports: [{port: 80}]}]"
        )
        + policy("a/y", "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: z}}}]}]"),
      """
      a/x > a/web 80 yes
      a/x > a/web 81 no
      a/y > a/web 81 yes
      a/y > a/x 1 yes
      a/web > a/x 80 no
      a/web > a/y 80 no
      """),
    ManifestSet(
      "both ends must let it pass; ports of a name are the destination's",
      namespace("a") + namespace("b")
        + workload("a/client", "app: client", ports: "{name: api, containerPort: 1}")
        + workload("b/server", "app: server", ports: "{name: api, containerPort: 8443}")
        + workload("b/closed", "app: closed", ports: "{name: api, containerPort: 8443}")
        + policy(
          "a/out",
          "podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}}], ports: [{port: api}]}, {to: [{ipBlock: {cidr: 198.51.100.0/24}}], ports: [{port: api}]}]"
        ) + policy("b/in", "podSelector: {matchLabels: {app: closed}}, policyTypes: [Ingress]"),
      """
      a/client > b/server 8443 yes
      a/client > b/server 1 no
      a/client > b/closed 8443 no
      a/client > 198.51.100.1 8443 no
      """),
    ManifestSet(
      "namespaces without a manifest have their name, and nobody knows what else",
      workload("a/web", "app: web") + workload("a/team", "app: team") + workload("b/client", "app: client")
        + policy(
          "a/name",
          "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}}]}]"
        )
        + policy(
          "a/team",
          "podSelector: {matchLabels: {app: team}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: x}}}]}]"
        ),
      """
      b/client > a/web 80 yes
      b/client > a/team 80 depends
      """),
    ManifestSet(
      "np-guard takes what is not said for absent", "np-guard",
      workload("a/team", "app: team") + workload("b/client", "app: client")
        + workload("a/agent", "app: agent", spec: "hostNetwork: true, ")
        + policy(
          "a/team", "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: x}}}]}]"),
      """
      b/client > a/team 80 no
      b/client > a/agent 80 no
      """),
    ManifestSet(
      "addresses of IPv6",
      workload("a/web", "app: web")
        + policy(
          "a/in",
          "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: \"2001:db8::/32\", except: [\"2001:db8:1::/48\"]}}]}]"
        ),
      """
      2001:db8::1 > a/web 80 yes
      2001:db8:1::1 > a/web 80 no
      2001:db8:2::1 > a/web 80 yes
      2001:db9::1 > a/web 80 no
      192.0.2.1 > a/web 80 no
      """),
    ManifestSet(
      "admin policies before, the baseline after", "ovn-kubernetes",
      namespace("a", "team: a") + namespace("b", "team: b") + workload("a/web", "app: web")
        + workload("a/own", "app: own")
        + workload("b/client", "app: client") + workload("b/monitor", "app: monitor")
        + policy(
          "a/own", "podSelector: {matchLabels: {app: own}}, ingress: [{from: [{namespaceSelector: {}}]}]")
          + """
          apiVersion: policy.networking.k8s.io/v1alpha1
          kind: AdminNetworkPolicy
          metadata: {name: first}
          spec:
            priority: 10
            subject: {namespaces: {matchLabels: {team: a}}}
            ingress:
            - action: Allow
              from: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: monitor}}}}]
              ports: [{portNumber: {port: 9100, protocol: TCP}}]
            - action: Pass
              from: [{namespaces: {matchLabels: {team: b}}}]
              ports: [{portRange: {start: 8000, end: 8010, protocol: TCP}}]
            - action: Deny
              from: [{namespaces: {matchLabels: {team: b}}}]
          ---
          apiVersion: policy.networking.k8s.io/v1alpha1
          kind: AdminNetworkPolicy
          metadata: {name: second}
          spec:
            priority: 20
            subject: {namespaces: {}}
            ingress: [{action: Allow, from: [{namespaces: {}}]}]
          ---
          apiVersion: policy.networking.k8s.io/v1alpha1
          kind: BaselineAdminNetworkPolicy
          metadata: {name: default}
          spec:
            subject: {namespaces: {matchLabels: {team: a}}}
            ingress: [{action: Deny, from: [{namespaces: {}}]}]
          ---

          """,
      """
      b/monitor > a/web 9100 yes
      b/client > a/web 9100 no
      b/monitor > a/web 80 no
      b/client > a/web 8005 no
      b/client > a/own 8005 yes
      b/client > a/own 8011 no
      a/own > a/web 80 yes
      a/web > b/client 80 yes
      192.0.2.1 > a/web 80 yes
      """),
    ManifestSet(
      "lists of objects, and objects without a namespace",
      """
      apiVersion: v1
      kind: List
      items:
      - apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec: {containers: []}
      - apiVersion: v1
        kind: Pod
        metadata: {name: client, labels: {app: client}}
        spec: {containers: []}
      - apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: in}
        spec: {podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 80}]}]}

      """,
      """
      default/client > default/web 80 yes
      default/client > default/web 81 no
      """),
    ManifestSet(
      "a rule that is empty, and lists that are", "kubernetes",
      workload("a/rule", "p: rule") + workload("a/ports", "p: ports") + workload("a/none", "p: none")
        + workload("b/x", "app: x")
        + policy("a/rule", "podSelector: {matchLabels: {p: rule}}, ingress: [{}]")
        + policy(
          "a/ports",
          "podSelector: {matchLabels: {p: ports}}, ingress: [{from: [{podSelector: {}}], ports: []}]")
        + policy("a/none", "podSelector: {matchLabels: {p: none}}, ingress: []"),
      """
      b/x > a/rule UDP 5 yes
      192.0.2.1 > a/rule 80 yes
      a/rule > a/ports SCTP 9 yes
      b/x > a/ports 80 no
      a/rule > a/none 80 no
      """),
  ]

  @Test(arguments: sets)
  func answersAreThoseOfTheDocumentation(_ set: ManifestSet) throws {
    let profile = try #require(NetworkProfile.named(set.profile))
    let manifests = RuleTests.network(set.manifests, profile)
    #expect(!manifests.findings.containErrors, "\(manifests.findings.map(\.message))")
    let network = manifests.network
    let engine = PolicyEngine(network)
    for line in set.answers.split(separator: "\n") where !line.isEmpty {
      let asked = Question(line)
      let (from, to) = (
        try RuleTests.endpoint(asked.from, network), try RuleTests.endpoint(asked.to, network)
      )
      let pair = engine.connections(from: from, to: to)
      let answer = Ternary(
        may: pair.may.contains(asked.port, asked.transport),
        must: pair.must.contains(asked.port, asked.transport))
      #expect(answer == asked.answer, "\(line)")
      let naive = NaiveEvaluator(network).passes(from: from, to: to, port: Int(asked.port), asked.transport)
      #expect(naive == asked.answer, "\(line), naively")
    }
  }
}
