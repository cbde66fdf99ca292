package import Diagnostics

/// Rules about Corefiles: what CoreDNS refuses, and where a block cannot be put in.
///
/// Source of the rules: coredns/coredns and coredns/caddy.
package enum CorefileRules {
  package static let all = [
    syntax, zoneTwice, upstreams, reload, pluginTwice, withoutBraces, marks, editedBlock, zoneServed,
    zoneShadowed,
    unknownZone, clusterUnserved,
  ]

  /// The Corefile of cluster-b in the example fleet.
  private static func corefile(_ text: String) -> RuleExample {
    RuleExample(over: "gateway-dns", "-- dns/cluster-b/Corefile --\n\(text)\n")
  }

  private static let passing = corefile(".:53 {\n    forward . /etc/resolv.conf\n    reload 30s\n}")

  package static let syntax = Rule(
    "LW4101", "corefile-syntax", .error, "a Corefile cannot be read",
    explanation: """
      CoreDNS would not start with it, or keeps its old configuration without saying so until the pod restarts. \
      Linkwright rewrites nothing that it cannot read.
      """,
    failing: corefile(".:53 {\n    errors\n    forward . /etc/resolv.conf"), passing: passing
  ).breaking(.name)

  package static let zoneTwice = Rule(
    "LW4102", "corefile-zone-twice", .error, "two blocks of a Corefile serve one zone",
    explanation:
      "CoreDNS refuses a zone that stands in two server blocks with the same port ('already defined').",
    failing: corefile(
      ".:53 {\n    errors\n}\nexample.test {\n    whoami\n}\nEXAMPLE.test.:53 {\n    whoami\n}"),
    passing: passing
  ).breaking(.name)

  package static let upstreams = Rule(
    "LW4103", "corefile-upstreams", .error, "'forward' names no server or too many",
    explanation: "The forward plugin of CoreDNS takes 1 to 15 servers after the zone.",
    failing: corefile(".:53 {\n    forward .\n}"), passing: passing
  ).breaking(.name)

  package static let reload = Rule(
    "LW4104", "corefile-reload", .error, "'reload' has times that CoreDNS refuses",
    explanation:
      "The interval is at least 2s; the jitter is 0 or at least 1s, and at most half of the interval is used.",
    failing: corefile(".:53 {\n    reload 1s\n}"), passing: passing
  ).breaking(.name)

  package static let pluginTwice = Rule(
    "LW4105", "corefile-plugin-twice", .warning, "a plugin stands twice in one block",
    explanation:
      "Older releases of CoreDNS take 'forward' once per server block, and 'reload' is meant once.",
    failing: corefile(".:53 {\n    forward a.test 192.0.2.1\n    forward . /etc/resolv.conf\n}"),
    passing: passing)

  package static let withoutBraces = Rule(
    "LW4106", "corefile-without-braces", .error, "a Corefile has one block without braces",
    explanation: """
      CoreDNS reads a file of one zone without braces; every later line belongs to that zone, so that no second \
      block can be added.
      """,
    failing: corefile(".:53\nerrors\nforward . /etc/resolv.conf"), passing: passing
  ).breaking(.name)

  package static let marks = Rule(
    "LW4107", "corefile-marks", .error,
    "the marks around the connectivity block are not a pair around one block",
    explanation: """
      The block stands between '### BEGIN CROSS CLUSTER CONNECTIVITY' and '### END CROSS CLUSTER CONNECTIVITY'. The \
      project's own job removes everything from the first mark to the last; Linkwright replaces one block and \
      refuses where something else would go with it.
      """,
    failing: corefile(
      ".:53 {\n    errors\n}\n### BEGIN CROSS CLUSTER CONNECTIVITY\nxcc.test {\n    forward . 192.0.2.1\n}"),
    passing: corefile(
      ".:53 {\n    errors\n}\n### BEGIN CROSS CLUSTER CONNECTIVITY\nxcc.test {\n    forward . 192.0.2.1\n    reload\n}\n### END CROSS CLUSTER CONNECTIVITY"
    )
  ).breaking(.name)

  package static let editedBlock = Rule(
    "LW4108", "corefile-edited-block", .warning, "the marked block was changed by hand",
    explanation: "What stands between the marks is written anew each time: a plugin added there goes.",
    failing: corefile(
      ".:53 {\n    errors\n}\n### BEGIN CROSS CLUSTER CONNECTIVITY\nxcc.test {\n    cache 5\n    forward . 192.0.2.1\n}\n### END CROSS CLUSTER CONNECTIVITY"
    ), passing: passing)

  package static let zoneServed = Rule(
    "LW4109", "corefile-zone-served", .error, "the link's zone is served by another block",
    explanation: """
      A second block for the zone would keep CoreDNS from starting. A block that only forwards the zone, to the \
      link's DNS server or to another cluster IP of the cluster, is taken for an earlier form of the link's own and \
      replaced. This one is somebody else's: without it the names that it serves would go to a server that does not \
      know them.
      """,
    failing: corefile(".:53 {\n    errors\n}\nxcc.test {\n    forward . 192.0.2.1\n}"),
    passing: corefile(".:53 {\n    errors\n}\nxcc.test {\n    forward . 10.96.0.61\n}")
  ).breaking(.name)

  package static let zoneShadowed = Rule(
    "LW4110", "corefile-zone-shadowed", .warning, "a block serves a part of the link's zone",
    explanation: "The longest zone wins: names below it are not forwarded to the link's DNS server.",
    failing: corefile(".:53 {\n    errors\n}\nclusters.xcc.test {\n    whoami\n}"), passing: passing)

  package static let unknownZone = Rule(
    "LW4111", "corefile-unknown-zone", .warning, "a zone of a Corefile is an environment variable",
    explanation: """
      The value stands in the pod's environment, not in the repository. Were it the link's zone, CoreDNS would not \
      start with the merged file.
      """,
    failing: corefile(".:53 {\n    errors\n}\n{$ZONE} {\n    whoami\n}"), passing: passing)

  package static let clusterUnserved = Rule(
    "LW4112", "corefile-cluster-unserved", .error, "a Corefile serves nothing of its own cluster",
    explanation: """
      Linkwright writes the whole file back. One that is empty, or has neither the root zone nor the cluster's \
      domain, is not what the cluster runs: applied, it would end the cluster's DNS.
      """,
    failing: corefile("# later"), passing: passing)
}
