import Compiler
import Diagnostics
import Kubernetes
import Linker
import Reachability
import Testing

/// Certificates hold for what the judge says, and for nothing else.
@Suite struct CertificateTests {
  private static func certificates(_ base: String, _ files: String = "") throws -> (
    [Certificate], CertificateChecker
  ) {
    let compilation = try FixtureFleet(base: base).overlaid(by: files).compile()
    let judgement = try #require(compilation.judgement)
    let certificates = judgement.crossings.compactMap { judgement.trace(of: $0.crossing)?.certificate }
    #expect(!certificates.isEmpty)
    return (certificates, judgement.checker)
  }

  private static let bases = ["porter-pair", "porter-silver", "clustermesh", "gateway-dns", "tetrate"]

  private static let breaks =
    JudgementTests.porter + JudgementTests.fixed + GatewayDNSJudgementTests.breaks
    + TetrateJudgementTests.control + TetrateJudgementTests.istio + MeshJudgementTests.breaks
    + MeshJudgementTests.hops + MeshJudgementTests.exports

  @Test(arguments: bases)
  func certificatesOfGoodFleetsHold(_ base: String) throws {
    let (certificates, checker) = try Self.certificates(base)
    for certificate in certificates {
      #expect(certificate.verdict == .proved)
      #expect(checker.objection(to: certificate) == nil)
    }
  }

  /// A refutation rests on a claim that breaks its hop, and the manifests confirm it.
  @Test(arguments: breaks)
  func certificatesOfBrokenFleetsHold(_ planted: JudgementTests.Break) throws {
    let (certificates, checker) = try Self.certificates(planted.base, planted.files)
    for certificate in certificates {
      #expect(checker.objection(to: certificate) == nil)
      guard certificate.verdict == .refuted else { continue }
      let last = try #require(certificate.claims.last)
      #expect(last.holds != last.wanted && !last.isMissing)
      // Small: what is said does not grow with the fleet.
      #expect(certificate.claims.count < 30)
      for verdict in ConnectionVerdict.allCases where verdict != .refuted {
        var bad = certificate
        bad.verdict = verdict
        #expect(checker.objection(to: bad) != nil, "called \(verdict)")
      }
      var bad = certificate
      bad.claims.removeLast()
      #expect(checker.objection(to: bad) != nil)
    }
  }

  /// A judge that does not see what breaks a connection, or sees a break that is not there, is noticed by
  /// `--paranoid`: its verdicts about one fleet are held against the manifests of the other.
  @Test(arguments: breaks)
  func judgeThatIsWrongIsNoticed(_ planted: JudgementTests.Break) throws {
    let base = try FixtureFleet(base: planted.base)
    // What lies over the base without being the break: another form of the link.
    let form = [TetrateJudgementTests.istioFleet, MeshJudgementTests.exporting].first {
      planted.files.hasPrefix($0)
    }
    let good = try #require(try base.overlaid(by: form ?? "").compile().judgement)
    let bad = try #require(try base.overlaid(by: planted.files).compile().judgement)
    #expect(good.crossings.first?.verdict == .proved)
    #expect(!good.disputes(mapping: AllCores(), reading: bad.fleet).isEmpty, "blind to the break")
    #expect(!bad.disputes(mapping: AllCores(), reading: good.fleet).isEmpty, "sees a break that is not there")
    #expect(good.disputes(mapping: AllCores()).isEmpty && bad.disputes(mapping: AllCores()).isEmpty)
  }

  private static let namedPort = """
    -- workloads/gold/yourservice.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: yourservice, namespace: a1b2c3-dev}
    spec: {type: NodePort, selector: {name: yourapp}, ports: [{port: 8000, targetPort: web}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: yourapp, namespace: a1b2c3-dev}
    spec:
      selector: {matchLabels: {name: yourapp}}
      template:
        metadata: {labels: {name: yourapp}}
        spec: {containers: [{name: app, image: app, ports: [{name: web, containerPort: 8080}]}]}

    """

  /// Whatever is said the wrong way round in any certificate is caught, for every kind of claim.
  @Test func everyKindOfClaimIsChecked() throws {
    var kinds: Set<String> = []
    for planted in Self.bases.map({ ($0, "") }) + Self.breaks.map({ ($0.base, $0.files) })
      + [
        ("porter-pair", JudgementTests.unobserved), ("gateway-dns", GatewayDNSJudgementTests.unspecified),
        ("porter-pair", Self.namedPort),
      ]
    {
      let (certificates, checker) = try Self.certificates(planted.0, planted.1)
      for certificate in certificates {
        for index in certificate.claims.indices {
          var bad = certificate
          let claim = certificate.claims[index]
          bad.claims[index].holds = claim.holds == .yes ? .no : .yes
          let objection = checker.objection(to: bad)
          #expect(objection != nil, "\(claim)")
          kinds.insert(
            String(String(describing: claim.claim).prefix { $0 != "(" })
              + (claim.isMissing ? ", missing" : ""))
        }
      }
    }
    #expect(
      kinds == [
        "egress", "ingress", "service", "found", "found, missing", "leads", "pods", "targetPort", "forwards",
        "resolvesImports",
      ])
  }

  @Test func pendingRestsOnWhatIsMissing() throws {
    for (base, files) in [
      ("porter-pair", JudgementTests.unobserved), ("gateway-dns", GatewayDNSJudgementTests.unspecified),
      ("tetrate", TetrateJudgementTests.unknownAddress),
    ] {
      let (certificates, checker) = try Self.certificates(base, files)
      let pending = try #require(certificates.first { $0.verdict == .pending }, "\(base)")
      #expect(checker.objection(to: pending) == nil)
      var bad = pending
      bad.claims.removeAll(where: \.isMissing)
      #expect(checker.objection(to: bad) != nil)
      // Somebody has observed it meanwhile.
      let good = try #require(try FixtureFleet(base: base).compile().judgement)
      if base == "porter-pair" { #expect(good.checker.objection(to: pending) != nil) }
    }
  }

  @Test(arguments: FixtureFleet.directories(in: "examples"))
  func examplesAreConfirmed(_ example: String) throws {
    var options = CompileOptions()
    options.isParanoid = true
    let fleet = try FixtureFleet(directory: "examples/\(example)")
    // The others are manifests to be adopted, and files of other programs.
    guard fleet.files["linkwright.yaml"] != nil else { return }
    let compilation = try fleet.compile(options)
    let findings = compilation.findings.filter { $0.rule.id == "LW7231" }
    #expect(findings.isEmpty, "\(findings.map(\.goldenText).joined())")
    #expect(compilation.judgement != nil)
  }

  /// Every way of falsifying a proof is caught.
  @Test(arguments: bases)
  func falsifiedProofsAreCaught(_ base: String) throws {
    let (certificates, checker) = try Self.certificates(base)
    let good = try #require(certificates.first)
    #expect(checker.objection(to: good) == nil)
    // A claim is left out without which the proof says nothing of one of its ends.
    for index in good.claims.indices {
      var bad = good
      bad.claims.remove(at: index)
      switch good.claims[index].claim {
      // A gateway's own pods are no end of the connection.
      case .ingress(let key, _, .outside, _, _)
      where ["istio-system", "projectcontour", "kube-system"].contains(key.namespace):
        continue
      // Nor is what answers the client's questions for names.
      case .ingress(let key, _, _, _, _) where key.cluster != good.crossing.target.cluster: continue
      // A gateway on the way sends to the target, whose own policies are asked.
      case .egress(let key, _, _, _, _) where key.cluster != good.crossing.client.cluster: continue
      case .ingress(_, _, .outside, let port, _) where port == 15443: continue
      case .ingress, .service: break
      // The DNS question of an isolated client has a claim of its own beside the client's way out.
      case .egress(_, _, .peer(let peer), _, _) where peer.id == "resolver": continue
      case .egress: break
      default: continue
      }
      #expect(checker.objection(to: bad) != nil, "\(good.claims[index])")
    }
    // A claim says the opposite.
    for index in good.claims.indices where good.claims[index].holds == .yes {
      var bad = good
      bad.claims[index].holds = .no
      #expect(checker.objection(to: bad) != nil, "\(good.claims[index])")
    }
    var empty = good
    empty.claims = []
    #expect(checker.objection(to: empty) != nil)
  }

  /// What is closed cannot be called proved, whatever the claims say.
  @Test func refutationCannotBeCalledProof() throws {
    for planted in JudgementTests.porter + JudgementTests.fixed
    where planted.hop == .ingress || planted.hop == .egress {
      let (certificates, checker) = try Self.certificates(planted.base, planted.files)
      var bad = try #require(certificates.first)
      bad.verdict = .proved
      #expect(checker.objection(to: bad) != nil, "\(planted)")
      for index in bad.claims.indices { bad.claims[index].holds = .yes }
      #expect(checker.objection(to: bad) != nil, "\(planted)")
    }
  }

  /// A port that the policy does not open.
  @Test func changedPortIsCaught() throws {
    let (certificates, checker) = try Self.certificates("porter-pair")
    var bad = try #require(certificates.first)
    for index in bad.claims.indices {
      if case .ingress(let key, let subject, let sender, let port, let transport) = bad.claims[index].claim {
        bad.claims[index].claim = .ingress(key, subject, sender, port: port + 1, transport)
      }
    }
    #expect(checker.objection(to: bad) != nil)
  }
}
