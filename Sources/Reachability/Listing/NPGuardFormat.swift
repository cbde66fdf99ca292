/// What np-guard's `list` writes otherwise than the formats here: sections for each network that pods are on, and a graph in
/// its colours. Its texts have no newline at the end of json and dot; files here end in one.
struct NPGuardFormat {
  private let lines: [ConnectivityList.Line]
  private let list: ConnectivityList

  init(_ list: ConnectivityList) {
    self.list = list
    // Peers of a UserDefinedNetwork are marked; the mark changes the order.
    lines = list.lines.map(\.markedAsNPGuardDoes).sorted(by: ConnectivityList.isBefore)
  }

  /// True where a workload is on another network than the cluster's own.
  var hasNetworks: Bool {
    list.networksOfWorkloads.contains { $0.primary != .cluster || !$0.others.isEmpty }
  }

  /// The list with its peers' names as np-guard writes them.
  var marked: [ConnectivityList.Line] { lines }

  // MARK: Text

  var text: String {
    guard hasNetworks else { return ConnectivityFormat.text(lines) }
    let sections = Dictionary(grouping: lines, by: \.network)
    let others = sections.keys.filter { $0 != .cluster }.sorted()
    let heading = "Permitted connectivity analyzed in"
    var text = ""
    if !others.isEmpty {
      text += "\(heading) Pod network:\n"
      if sections[.cluster] == nil {
        text +=
          list.networksOfWorkloads.allSatisfy { $0.primary != .cluster }
          ? "all input workloads are configured with (C)UDN as their primary network interface\n"
          : "All connections are not allowed for the workloads in the pod-network\n"
      }
    }
    text += ConnectivityFormat.text(sections[.cluster] ?? [])
    for network in others {
      text += "\n\(heading) \(network.title):\n" + ConnectivityFormat.text(sections[network] ?? [])
    }
    text += "\nWorkload-to-Networks Mapping:\n"
    for workload in list.networksOfWorkloads {
      text += "\(workload.name): \n\tPrimary Network: \(workload.primary.label)\n"
      guard !workload.others.isEmpty else { continue }
      text += "\tSecondary Networks: \(workload.others.map { "\($0)[NAD]" }.joined(separator: ","))\n"
    }
    return text
  }

  // MARK: Graph

  /// One box per namespace; whoever is in none stands outside of them.
  var dot: String {
    var names = Set(
      list.networksOfWorkloads.map { ConnectivityList.Network.marked($0.name, $0.primary) })
    for line in lines { names.formUnion([line.source, line.destination]) }
    var groups: [String: [String]] = [:]
    for name in names {
      let isOutside = name.hasSuffix(AddressText.mark) || !name.contains("/")
      let namespace = isOutside ? "" : String(name[..<(name.lastIndex(of: "/") ?? name.endIndex)])
      groups[namespace, default: []].append(name)
    }
    var text = "digraph {\n"
    for (namespace, members) in groups.sorted(by: { $0.key < $1.key }) where !namespace.isEmpty {
      let identifier = String(namespace.map { $0.isLetter || $0.isNumber ? $0 : "_" })
      text += "\tsubgraph \"cluster_\(identifier)\" {\n\t\tcolor=\"black\"\n\t\tfontcolor=\"black\"\n"
      for name in members.sorted() { text += "\t\t" + Self.node(name, "blue") }
      text += "\t\tlabel=\"\(namespace)\"\n\t}\n"
    }
    for name in (groups[""] ?? []).sorted() {
      text += "\t" + Self.node(name, name.hasSuffix(AddressText.mark) ? "red2" : "blue")
    }
    let edges = lines.map { line in
      let weight = line.source < line.destination ? "0.5" : "1"
      return
        "\t\"\(line.source)\" -> \"\(line.destination)\" [label=\"\(line.must.description)\" color=\"gold2\" fontcolor=\"darkgreen\" weight=\(weight)]\n"
    }
    return text + edges.sorted().joined() + "}\n"
  }

  private static func node(_ name: String, _ colour: String) -> String {
    let label =
      name.hasSuffix(AddressText.mark) ? name : name.split(separator: "/").last.map(String.init) ?? name
    return "\"\(name)\" [label=\"\(label)\" color=\"\(colour)\" fontcolor=\"\(colour)\"]\n"
  }
}

extension ConnectivityList {
  /// The network that a line is about.
  package enum Network: Sendable, Hashable, Comparable {
    /// The cluster's own.
    case cluster
    /// A UserDefinedNetwork: of a namespace, which gives it its name here.
    case userDefined(String)
    case clusterUserDefined(String)
    /// A NetworkAttachmentDefinition's, beside the primary one.
    case attached(String)

    /// The primary network of a namespace's pods.
    init(primaryOf namespace: NamespaceFacts) {
      guard let name = namespace.primaryNetwork else {
        self = .cluster
        return
      }
      self = name.contains("/") ? .userDefined(namespace.name) : .clusterUserDefined(name)
    }

    /// As np-guard's sections are headed.
    fileprivate var title: String {
      switch self {
      case .cluster: "Pod network"
      case .userDefined(let name): "primary UDN \(name)"
      case .clusterUserDefined(let name): "primary CUDN \(name)"
      case .attached(let name): "secondary NAD \(name)"
      }
    }

    fileprivate var label: String {
      switch self {
      case .cluster: "pod-network"
      case .userDefined(let name): "\(name)[UDN]"
      case .clusterUserDefined(let name): "\(name)[CUDN]"
      case .attached(let name): "\(name)[NAD]"
      }
    }

    /// A peer's name, marked where np-guard marks those of a UserDefinedNetwork.
    fileprivate static func marked(_ name: String, _ network: Network) -> String {
      guard case .userDefined = network, !name.hasSuffix(AddressText.mark),
        let slash = name.firstIndex(of: "/")
      else { return name }
      return name[..<slash] + "[udn]" + name[slash...]
    }

    /// The network's name alone.
    package var name: String {
      switch self {
      case .cluster: "pod-network"
      case .userDefined(let name), .clusterUserDefined(let name), .attached(let name): name
      }
    }
  }
}

extension ConnectivityList.Line {
  /// `blue[udn]/web[Pod]` for peers of a UserDefinedNetwork.
  fileprivate var markedAsNPGuardDoes: Self {
    var line = self
    (line.source, line.destination) = (
      ConnectivityList.Network.marked(source, network), ConnectivityList.Network.marked(destination, network)
    )
    return line
  }
}
