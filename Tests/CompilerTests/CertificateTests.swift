import Compiler
import Diagnostics
import Kubernetes
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

  @Test(arguments: ["porter-pair", "porter-silver", "clustermesh"])
  func certificatesOfGoodFleetsHold(_ base: String) throws {
    let (certificates, checker) = try Self.certificates(base)
    for certificate in certificates {
      #expect(certificate.verdict == .proved)
      #expect(checker.objection(to: certificate) == nil)
    }
  }

  @Test(arguments: JudgementTests.porter + JudgementTests.fixed)
  func certificatesOfBrokenFleetsHold(_ planted: JudgementTests.Break) throws {
    let (certificates, checker) = try Self.certificates(planted.base, planted.files)
    for certificate in certificates { #expect(checker.objection(to: certificate) == nil) }
  }

  @Test(arguments: [
    "patroni", "porter-pair", "porter-pair-emit", "porter-silver", "clustermesh", "clustermesh-five",
  ])
  func examplesAreConfirmed(_ example: String) throws {
    var options = CompileOptions()
    options.isParanoid = true
    let findings = try FixtureFleet(directory: "examples/\(example)").compile(options).findings.filter {
      $0.rule.id == "LW7231"
    }
    #expect(findings.isEmpty, "\(findings.map(\.goldenText).joined())")
  }

  /// Every way of falsifying a proof is caught.
  @Test(arguments: ["porter-pair", "porter-silver", "clustermesh"])
  func falsifiedProofsAreCaught(_ base: String) throws {
    let (certificates, checker) = try Self.certificates(base)
    let good = try #require(certificates.first)
    #expect(checker.objection(to: good) == nil)
    // A claim is left out.
    for index in good.claims.indices {
      var bad = good
      bad.claims.remove(at: index)
      if case .field = good.claims[index].claim { continue }
      // The DNS question of an isolated client has a claim of its own beside the client's way out.
      if case .egress(_, _, .peer(let peer), _, _) = good.claims[index].claim, peer.id == "resolver" {
        continue
      }
      #expect(checker.objection(to: bad) != nil, "\(good.claims[index])")
    }
    // A claim says the opposite.
    for index in good.claims.indices {
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
