import YAMLTree

/// The files that `init` writes.
enum StarterFleet {
  /// A fleet's name from its directory's.
  static func name(for directory: String) -> String {
    let last = directory.split(separator: "/").last.map(String.init) ?? "fleet"
    let cleaned = last.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
    let name = String(cleaned).split(separator: "-").joined(separator: "-").prefix(63)
    let trimmed = name.hasSuffix("-") ? name.dropLast() : name
    return trimmed.isEmpty ? "fleet" : String(trimmed)
  }

  /// The name as it is written: in quotes where a reader would take it for something else (`2026`, `null`).
  private static func quoted(_ name: String) -> String {
    let root = Tree.parse(text: name, path: "").tree.root
    return root?.kind == .string && root?.isAmbiguous == false ? name : "\"\(name)\""
  }

  static func files(link: String, name: String) -> [(path: String, text: String)] {
    if link == "cluster-mesh" { return [("linkwright.yaml", fleet(name))] + clusterMesh }
    if link == "gateway-dns" { return [("linkwright.yaml", fleet(name))] + gatewayDNS }
    if link == "tetrate" { return [("linkwright.yaml", fleet(name))] + tetrate }
    let clusters = link == "porter" ? ["gold", "golddr"] : ["silver", "emerald"]
    return [
      ("linkwright.yaml", fleet(name)),
      ("clusters/\(clusters[0]).yaml", cluster(clusters[0])),
      ("clusters/\(clusters[1]).yaml", cluster(clusters[1])),
      link == "porter" ? ("links/gold-pair.yaml", porterLink) : ("links/silver.yaml", staticLink),
      ("connections/example.yaml.sample", link == "porter" ? porterConnection : staticConnection),
    ]
  }

  private static func fleet(_ name: String) -> String {
    """
    apiVersion: linkwright.dev/v1alpha1
    kind: Fleet
    metadata:
      name: \(quoted(name))
    spec:
      output:
        path: rendered

    """
  }

  private static func cluster(_ name: String) -> String {
    """
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata:
      name: \(name)
    spec:
      distribution: openshift
      # network:
      #   baseline: [baseline/deny.yaml]   # the policies that the platform puts into every namespace

    """
  }

  private static let porterLink = """
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata:
      name: gold-pair
    spec:
      porter:
        primary: gold
        secondary: golddr

    """

  private static let staticLink = """
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata:
      name: silver
    spec:
      static:
        addresses:
          silver: 142.34.194.68

    """

  private static let porterConnection = """
    # Rename this file to example.yaml once its Service is among workloads/gold and workloads/golddr.
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata:
      name: example
      namespace: a1b2c3-dev
    spec:
      from:
      - clusters: [golddr]
      to:
        clusters: [gold]
        service: example
        ports: [5432]
      exposure:
        acknowledged: span-bc      # everybody in the data-centre network can reach the address
      porter:
        overrideServicePort: true

    """

  private static let staticConnection = """
    # Rename this file to example.yaml once its Service is among workloads/silver.
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata:
      name: example
      namespace: a1b2c3-prod
    spec:
      from:
      - clusters: [emerald]
      to:
        clusters: [silver]
        service: example
        ports: [3310]

    """
}
