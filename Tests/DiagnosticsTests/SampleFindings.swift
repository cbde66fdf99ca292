import Diagnostics
import TestSupport

/// Findings as a fleet gives them, and odd ones.
enum Sample {
  static let port = Rule(
    "LW1203", "unknown-service-port", .error, "a connection names a port that its Service does not have",
    explanation: "Claims name a Service port. With a port that the Service lacks, nothing is forwarded.",
    unexampled: "a rule of the tests")
  static let firewall = Rule(
    "LW2104", "firewall-request", .warning, "a connection needs a firewall change",
    explanation: "Traffic between the zones passes a firewall.", unexampled: "a rule of the tests")
  static let pending = Rule(
    "LW3001", "pending", .note, "an address is not observed yet", explanation: "Run 'linkwright observe'.",
    unexampled: "a rule of the tests")
  static let rules = [pending, firewall, port]

  static let options: ReportFormat.Options = {
    var options = ReportFormat.Options(version: "0.1.0")
    options.pathPrefix = ""
    return options
  }()

  static let connection = MarkedSource(
    """
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata:
      name: yourservice
      namespace: c6af30-prod
    spec:
      from:
      - clusters: [golddr]
      # the other side
      to:
        clusters: [gold, golddr]
        service: yourservice
        # its port
        ports: [1️⃣80002️⃣, 3️⃣90004️⃣]
      owner: 5️⃣sso-team6️⃣

    """, path: "connections/yourservice.yaml")

  static let service = MarkedSource(
    """
    apiVersion: v1
    kind: Service
    metadata:
      name: yourservice
      namespace: c6af30-prod
    spec:
      selector: {app: web}
      ports:
      - 1️⃣port: 80802️⃣
        name: http

    """, path: "workloads/golddr/yourservice.yaml")

  static func range(_ source: MarkedSource, _ from: Int, _ to: Int) -> SourceRange {
    let range = source.range(from, to)
    return SourceRange(file: source.file, start: range.lowerBound, end: range.upperBound)
  }

  /// The finding of design §6.
  static let unknownPort = Diagnostic(
    port, "Service \"yourservice\" has no port 8000", at: range(connection, 1, 2),
    "not a port of c6af30-prod/yourservice in golddr",
    also: [Label(range(service, 1, 2), "its only port")],
    help: ["claims name a Service port, not a target port; use 8080, or add port 8000 in golddr"],
    notes: ["gold has port 8000: the two clusters of link gold-pair differ"],
    suggestion: Suggestion(replace: range(connection, 1, 2), with: "8080"))

  static let ordinary: [Diagnostic] = {
    var suppressed = Diagnostic(
      firewall, "zone A to zone B needs a firewall change", at: range(connection, 5, 6))
    suppressed.suppression = "firewall change is \"booked\""
    suppressed.owner = "network-team"
    var owned = Diagnostic(
      firewall, "ports 8000 and 9000 need one firewall change", at: range(connection, 3, 4), "second",
      also: [Label(range(connection, 1, 2), "first"), Label(range(connection, 5, 6), "who asks")],
      help: ["request it with\nlinkwright explain"])
    owned.owner = "sso-team"
    return [
      unknownPort, suppressed, owned,
      Diagnostic(
        pending, "the address of gold is not observed yet", at: nil,
        help: ["linkwright observe --cluster gold"]),
    ]
  }()

  /// One finding in a text of its own, between the marks 1️⃣ and 2️⃣.
  static func odd(_ text: String, _ label: String = "here", path: String = "odd.yaml") -> Diagnostic {
    let source = MarkedSource(text, path: path)
    return Diagnostic(port, "odd", at: range(source, 1, 2), label)
  }

  static let oddities: [Diagnostic] = [
    odd("a: 日本1️⃣語x2️⃣: y\n"), odd("a: e\u{301}e\u{301} 1️⃣b2️⃣\n"), odd("a:\t1️⃣b2️⃣\tc\n"), odd("🎉👩‍👩‍👧 1️⃣b2️⃣\n"),
    odd("a: \u{1B}[31m1️⃣red2️⃣\u{7}\u{7F}\u{9B}\n"), odd("a: \u{202E}1️⃣b2️⃣\u{2028}\u{FEFF}c\n"), odd("a: b1️⃣2️⃣\n"),
    odd("1️⃣a2️⃣: b\r\nc: d\r\n"), odd("a: b\r1️⃣c2️⃣: d\r"), odd("a: 1️⃣|\n  b\n  c2️⃣\nd: e\n"), odd("a: b1️⃣\nc2️⃣: d\n"),
    odd("\u{FEFF}1️⃣a2️⃣: b\n"), odd("a: 1️⃣b2️⃣"), odd("a: b\n1️⃣2️⃣"), odd("\n\n1️⃣2️⃣\n\n"), odd("1️⃣2️⃣"),
    odd(String(repeating: "x", count: 200) + "1️⃣yyy2️⃣" + String(repeating: "z", count: 200) + "\n"),
    odd("a: 1️⃣" + String(repeating: "long ", count: 60) + "2️⃣\n"),
    odd(String(repeating: "日", count: 2000) + "1️⃣語2️⃣" + String(repeating: "日", count: 2000) + "\n"),
    odd("short: 1️⃣b2️⃣ " + String(repeating: "tail ", count: 40) + "\n"),
    odd("a: 1️⃣b2️⃣\n", "a label\nin \u{1B}[0m lines"), odd("a: 1️⃣b2️⃣\n", "", path: "päth/\u{1B}a:b,%.yaml"),
  ]
}
