import Compiler
import Diagnostics
import Output
import Reachability
import Testing

/// What clusters answered and what people wrote already, against what is emitted: where they disagree the output would
/// tell clients of an address or a port that nobody answers.
@Suite struct PorterFactsTests {
  private func compile(_ files: String, paranoid: Bool = true) throws -> Compilation {
    var options = CompileOptions()
    options.isParanoid = paranoid
    return try FixtureFleet(base: "porter-pair").overlaid(by: files).compile(options)
  }

  private func connection(_ porter: String, more: String = "") -> String {
    """
    -- connections/yourservice.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: yourservice, namespace: a1b2c3-dev}
    spec:
      from: [{clusters: [golddr]}]
      to: {clusters: [gold], service: yourservice, ports: [8000]}
      exposure: {acknowledged: span-bc}
      porter: \(porter)
      \(more)

    """
  }

  private func claim(_ extra: String) -> String {
    """
    -- workloads/gold/claim.yaml --
    apiVersion: porter.devops.gov.bc.ca/v1alpha1
    kind: TransportServerClaim
    metadata: {name: yourservice-tsc, namespace: a1b2c3-dev}
    spec: {service: yourservice, servicePort: 8000, monitor: {type: tcp, interval: 20, timeout: 20}\(extra)}

    """
  }

  private func link(_ more: String = "") -> String {
    """
    -- links/gold-pair.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: gold-pair}
    spec: {porter: {primary: gold, secondary: golddr\(more)}}

    """
  }

  private func server(_ cluster: String, _ address: String, label: String? = nil, status: String = "")
    -> String
  {
    """
    -- observed/\(cluster)/a1b2c3-dev.yaml --
    apiVersion: cis.f5.com/v1
    kind: TransportServer
    metadata: {name: yourservice-tsc, namespace: a1b2c3-dev\(label.map { ", labels: {f5cr: \"\($0)\"}" } ?? "")}
    spec: {virtualServerAddress: \(address), virtualServerPort: 37650, pool: {service: yourservice, servicePort: 8000}}
    \(status)
    ---

    """
  }

  private func verdict(_ compilation: Compilation) -> ConnectionVerdict? {
    compilation.judgement?.crossings.first?.verdict
  }

  private func rules(_ compilation: Compilation) -> Set<String> { Set(compilation.findings.map(\.rule.id)) }

  private func text(_ compilation: Compilation, _ path: String) -> String? {
    compilation.output.files.first { $0.path == path }.map { String(decoding: $0.content, as: UTF8.self) }
  }

  // MARK: Whom policies see

  struct Guise: Sendable, CustomTestStringConvertible {
    let peer: String
    let verdict: ConnectionVerdict
    var testDescription: String { peer }
  }

  static let guises: [Guise] = [
    Guise(
      peer: "namespaceSelector: {matchLabels: {network.openshift.io/policy-group: ingress}}", verdict: .proved
    ),
    Guise(
      peer: "namespaceSelector: {matchLabels: {policy-group.network.openshift.io/ingress: \"\"}}",
      verdict: .proved),
    Guise(peer: "namespaceSelector: {}", verdict: .proved),
    Guise(
      peer: "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: openshift-ingress}}",
      verdict: .depends),
    Guise(
      peer: "namespaceSelector: {matchLabels: {policy-group.network.openshift.io/host-network: \"\"}}",
      verdict: .depends),
    Guise(peer: "ipBlock: {cidr: 142.34.11.0/24}", verdict: .depends),
    Guise(peer: "ipBlock: {cidr: 192.0.2.0/24}", verdict: .refuted),
    Guise(peer: "podSelector: {}", verdict: .refuted),
  ]

  /// NodePorts are reached through nodes: the router's namespace by its name alone is not all of them. What is told and the
  /// verdict agree.
  @Test(arguments: guises)
  func loadBalancerArrivesFromNodes(_ guise: Guise) throws {
    let cluster = """
      -- clusters/gold.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: gold}
      spec: {distribution: openshift, network: {podCIDRs: [10.97.0.0/16], nodeCIDRs: [142.34.11.0/24], baseline: [baseline/deny.yaml]}}

      """
    let own =
      cluster
      + JudgementTests.policy(
        "gold", "a1b2c3-dev",
        "{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{\(guise.peer)}]}]}")
    let compilation = try compile(
      own + connection("{overrideServicePort: true, networkPolicy: {emit: false}}"))
    #expect(verdict(compilation) == guise.verdict, "\(compilation.findingsText)")
    #expect(
      rules(compilation).contains("LW2106") == (guise.verdict == .refuted), "\(compilation.findingsText)")
    #expect(!rules(compilation).contains("LW7231"), "\(compilation.findingsText)")
    // Where Linkwright may emit a policy, it does not rest on half of one.
    let helped = try compile(own + connection("{overrideServicePort: true}"))
    #expect(verdict(helped) == .proved, "\(helped.findingsText)")
    #expect(!rules(helped).contains("LW7231"), "\(helped.findingsText)")
  }

  /// The right port by the wrong protocol, by its number where the Service leads to a name; and no promise of a policy that
  /// nobody emits.
  @Test func protocolIsTold() throws {
    let service = """
      -- workloads/gold/yourservice.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: yourservice, namespace: a1b2c3-dev}
      spec: {type: NodePort, selector: {name: yourapp}, ports: [{port: 8000, targetPort: api}]}
      ---
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: yourapp, namespace: a1b2c3-dev}
      spec:
        selector: {matchLabels: {name: yourapp}}
        template:
          metadata: {labels: {name: yourapp}}
          spec: {containers: [{name: app, image: app, ports: [{name: api, containerPort: 8001}]}]}

      """
    func own(_ port: String) -> String {
      service
        + JudgementTests.policy(
          "gold", "a1b2c3-dev",
          "{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: "
            + "{network.openshift.io/policy-group: ingress}}}], ports: [\(port)]}]}")
        + connection("{overrideServicePort: true, networkPolicy: {emit: false}}")
    }
    func help(_ port: String) throws -> [String] {
      try compile(own(port)).findings.first { $0.rule.id == "LW2119" }?.help ?? []
    }
    #expect(try help("{port: 8001, protocol: UDP}") == ["write 'protocol: TCP', or leave it out"])
    #expect(try help("{port: 9000}") == ["add port api"])
    // The port is right; the router's namespace by its name alone is not all of the load balancer.
    let byName = own("{port: 8001}").replacing(
      "network.openshift.io/policy-group: ingress", with: "kubernetes.io/metadata.name: openshift-ingress")
    #expect(!rules(try compile(byName)).contains("LW2119"))
  }

  // MARK: A claim that stands

  @Test func standingClaimIsHeldAgainstTheConnection() throws {
    let override = try compile(claim("") + connection("{overrideServicePort: true}"))
    #expect(rules(override).contains("LW2147"), "\(override.findingsText)")
    let monitor = try compile(claim("") + connection("{monitor: {interval: 30, timeout: 91}}"))
    #expect(monitor.findings.count { $0.rule.id == "LW2147" } == 2, "\(monitor.findingsText)")
    let requested = try compile(claim("") + connection("{requestedPort: 30000}"))
    #expect(rules(requested).contains("LW2147"), "\(requested.findingsText)")
  }

  /// The connection says nothing of it: ports of clients follow from the claim.
  @Test func standingClaimDecides() throws {
    let compilation = try compile(
      claim(", overrideServicePort: true") + connection("{}", more: "publish: {configMap: peer}"))
    #expect(!compilation.failed, "\(compilation.findingsText)")
    let configMap = text(compilation, "rendered/golddr/manifests/a1b2c3-dev/configmap-peer.yaml")
    #expect(configMap?.contains("port: \"8000\"") == true, "\(configMap ?? "none")")
    let service = text(compilation, "rendered/golddr/expected/a1b2c3-dev/service-yourservice-gold.yaml")
    #expect(service?.contains("- port: 8000") == true, "\(service ?? "none")")
    let expected = text(
      compilation, "rendered/gold/expected/a1b2c3-dev/transportserver-yourservice-tsc.yaml")
    #expect(expected?.contains("interval: 20") == true, "\(expected ?? "none")")
  }

  /// A template that asks for another port of clients than the connection does.
  @Test func templateCannotChangeWhatPortsRestOn() throws {
    let template = """
      -- templates/porter/transport-server-claim.yaml --
      apiVersion: porter.devops.gov.bc.ca/v1alpha1
      kind: TransportServerClaim
      metadata: {name: "${claim.name}", namespace: "${service.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
      spec: {service: "${service.name}", servicePort: "${service.port}", overrideServicePort: true, monitor: {type: tcp, interval: 10, timeout: 10}}

      """
    let wrong = try compile(template + connection("{}"))
    let finding = wrong.findings.first { $0.rule.id == "LW1604" }
    #expect(finding?.message.contains("overrideServicePort 'true'") == true, "\(wrong.findingsText)")
    let right = try compile(template + connection("{overrideServicePort: true}"))
    #expect(!right.failed, "\(right.findingsText)")
  }

  // MARK: Observations of another state

  /// The virtual server gets another address with the Service's type; what was observed before is none of it.
  @Test func addressOfTheFormerTypeIsNotUsed() throws {
    let files =
      link() + connection("{overrideServicePort: true}") + server("gold", "142.34.229.62", label: "true")
        + """
        -- observed/golddr/a1b2c3-dev.yaml --
        apiVersion: v1
        kind: Endpoints
        metadata: {name: yourservice-gold, namespace: a1b2c3-dev}
        subsets: [{addresses: [{ip: 142.34.229.62}], ports: [{port: 37650}]}]

        """
    let compilation = try compile(files)
    #expect(rules(compilation).isSuperset(of: ["LW1401", "LW2130"]), "\(compilation.findingsText)")
    #expect(verdict(compilation) == .pending)
    #expect(
      !compilation.output.files.contains {
        String(decoding: $0.content, as: UTF8.self).contains("142.34.229.62")
      })
    let same = try compile(files.replacing("f5cr: \"true\"", with: "f5cr: \"nodeport\""))
    #expect(verdict(same) == .proved, "\(same.findingsText)")
  }

  /// The link knows the address of the new type: that counts, and the former one is no contradiction. Whether the virtual
  /// server is there by now hangs on the operator, which looks at the Service only when its claim is touched.
  @Test func declaredAddressReplacesTheFormer() throws {
    let compilation = try compile(
      connection("{overrideServicePort: true}") + server("gold", "142.34.229.62", label: "true"))
    #expect(!compilation.failed, "\(compilation.findingsText)")
    #expect(rules(compilation).contains("LW2130"))
    #expect(verdict(compilation) == .depends)
  }

  private func operatorService(_ port: Int) -> String {
    """
    -- observed/golddr/service.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: yourservice-gold, namespace: a1b2c3-dev}
    spec: {ports: [{port: \(port), targetPort: 37650}]}

    """
  }

  /// The operator's Service has a port that it can never have.
  @Test func strangePortOfTheOperatorsServiceIsRefuted() throws {
    let compilation = try compile(connection("{overrideServicePort: true}") + operatorService(40000))
    #expect(rules(compilation).contains("LW7202"), "\(compilation.findingsText)")
    #expect(verdict(compilation) == .refuted)
  }

  /// The port of before the switch: it changes once the operator has seen the claim.
  @Test(arguments: [("{overrideServicePort: true}", 37650), ("{}", 8000)])
  func formerPortOfTheOperatorsServiceWaits(porter: String, port: Int) throws {
    let compilation = try compile(connection(porter) + operatorService(port))
    #expect(!compilation.failed, "\(compilation.findingsText)")
    #expect(rules(compilation).contains("LW7211"), "\(compilation.findingsText)")
    #expect(verdict(compilation) == .pending)
  }

  @Test func rightPortOfTheOperatorsServiceIsProved() throws {
    let compilation = try compile(connection("{overrideServicePort: true}") + operatorService(8000))
    #expect(verdict(compilation) == .proved, "\(compilation.findingsText)")
  }

  @Test func virtualServerThatIsNotTakenUpWaits() throws {
    let compilation = try compile(
      server("gold", "142.34.229.70", status: "status: {status: Pending, vsAddress: None}"))
    #expect(rules(compilation).contains("LW7211"))
    #expect(verdict(compilation) == .pending)
  }

  /// One address has several spellings.
  @Test func addressesAreComparedAsAddresses() throws {
    let compilation = try compile(
      link(", addresses: {gold: {NodePort: \"2001:db8::1\"}}") + server("gold", "2001:0DB8:0::0001") + """
        -- observed/golddr/a1b2c3-dev.yaml --
        apiVersion: v1
        kind: Endpoints
        metadata: {name: yourservice-gold, namespace: a1b2c3-dev}
        subsets: [{addresses: [{ip: "2001:DB8::1"}], ports: [{port: 37650}]}]

        """)
    #expect(!compilation.failed, "\(compilation.findingsText)")
    #expect(verdict(compilation) == .proved)
  }

  // MARK: Isolated clients

  /// Nothing is observed yet: the policy that lets clients out, DNS included, comes with the address.
  @Test func isolatedClientsWaitForTheAddress() throws {
    let deny = """
      -- workloads/golddr/deny.yaml --
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: deny, namespace: a1b2c3-dev}
      spec: {podSelector: {}, policyTypes: [Egress]}

      """
    let nothing = "-- observed/gold/a1b2c3-dev.yaml --\n-- observed/golddr/a1b2c3-dev.yaml --\n"
    let first = try compile(link() + connection("{overrideServicePort: true}") + deny + nothing)
    #expect(!first.failed, "\(first.findingsText)")
    #expect(verdict(first) == .pending)
    let then = try compile(
      link() + connection("{overrideServicePort: true}") + deny + server("gold", "142.34.229.70"))
    #expect(!then.failed, "\(then.findingsText)")
    #expect(verdict(then) == .proved)
  }

  // MARK: Observations against each other

  @Test func twoVirtualServersAtOnePlace() throws {
    let files = server("gold", "142.34.229.70")
    let second = files.replacing("yourservice-tsc", with: "other-tsc").replacing(
      "service: yourservice", with: "service: other"
    )
    .replacing("-- observed/gold/a1b2c3-dev.yaml --", with: "")
    #expect(rules(try compile(files + second)).contains("LW2150"))
  }

  @Test func oneAddressForBothClusters() throws {
    let compilation = try compile(
      link() + server("gold", "142.34.229.70") + server("golddr", "142.34.229.70"))
    #expect(rules(compilation).contains("LW2149"), "\(compilation.findingsText)")
  }

  @Test func claimAndServerWithTwoPorts() throws {
    let claim = """
      -- observed/gold/claim.yaml --
      apiVersion: porter.devops.gov.bc.ca/v1alpha1
      kind: TransportServerClaim
      metadata: {name: yourservice-tsc, namespace: a1b2c3-dev}
      status: {port: "37655"}

      """
    #expect(rules(try compile(server("gold", "142.34.229.70") + claim)).contains("LW2155"))
  }

  // MARK: Clients

  /// Addresses that were observed are as good as declared ones, and arguments as good as variables.
  @Test(arguments: ["env: [{name: P, value: \"142.34.229.62:37650\"}]", "args: [\"--host=142.34.229.62\"]"])
  func observedAddressIsWrittenOut(field: String) throws {
    let client = """
      -- workloads/golddr/client.yaml --
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: client, namespace: a1b2c3-dev}
      spec:
        selector: {matchLabels: {name: client}}
        template:
          metadata: {labels: {name: client}}
          spec: {initContainers: [{name: c, image: i, \(field)}], containers: [{name: d, image: i}]}

      """
    let compilation = try compile(link() + server("gold", "142.34.229.62") + client)
    #expect(rules(compilation).contains("LW2123"), "\(compilation.findingsText)")
  }

  /// The name of the own side in another namespace is somebody else's.
  @Test func namesOfOtherNamespacesAreTheirs() throws {
    func client(_ host: String) -> String {
      """
      -- workloads/golddr/client.yaml --
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: client, namespace: a1b2c3-dev}
      data: {host: \(host)}

      """
    }
    #expect(rules(try compile(client("yourservice-golddr.a1b2c3-dev.svc"))).contains("LW2124"))
    #expect(!rules(try compile(client("yourservice-golddr.other-dev.svc"))).contains("LW2124"))
  }
}
