/// Where everything stands in the drawn chart: a column for each cluster, a band for each namespace across all columns,
/// so that what belongs together lies on one line.
///
/// Beyond `detailLimit` edges a namespace is one box: five hundred lines between five hundred boxes show nothing.
struct ChartLayout {
  struct Box {
    let x: Int
    let y: Int
    let title: String
    let kind: Chart.Place.Kind
    /// True for a namespace as a whole.
    let isGroup: Bool
  }

  struct Band {
    let namespace: String
    let x: Int
    let y: Int
    let height: Int
  }

  struct Line {
    let from: Int
    let to: Int
    let verdict: String
    /// The connections that the line stands for.
    let connections: [String]
    let port: String
    /// Among lines between the same boxes.
    let lane: Int
  }

  static let detailLimit = 90
  static let boxWidth = 220
  static let boxHeight = 26
  static let columnGap = 150
  static let rowGap = 8
  static let bandPadding = 26
  static let headHeight = 40
  static let margin = 20

  private(set) var boxes: [Box] = []
  private(set) var bands: [Band] = []
  private(set) var lines: [Line] = []
  /// The columns' titles and left edges.
  private(set) var columns: [(title: String, x: Int)] = []
  private(set) var width = 0
  private(set) var height = 0

  /// Lays out a chart. Linear in places, bands and edges but for sorting.
  init(_ chart: Chart) {
    let isGrouped = chart.edges.count > Self.detailLimit
    let outside = "outside"
    let hasOutside = chart.places.contains { $0.cluster == nil }
    let titles = (hasOutside ? [outside] : []) + chart.clusters.map(\.name)
    for (index, title) in titles.enumerated() {
      columns.append((title, Self.margin + index * (Self.boxWidth + Self.columnGap)))
    }
    width = max(
      2 * Self.margin + titles.count * Self.boxWidth + max(0, titles.count - 1) * Self.columnGap, 320)
    // Boxes in bands: clients first, then Services, each by name.
    var rows: [String: [String: [Int]]] = [:]
    for (number, place) in chart.places.enumerated() {
      rows[place.namespace ?? "", default: [:]][place.cluster ?? outside, default: []].append(number)
    }
    var box: [Int: Int] = [:]
    var y = Self.margin + Self.headHeight
    for namespace in rows.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      let byColumn = rows[namespace] ?? [:]
      let count = isGrouped ? 1 : byColumn.values.map(\.count).max() ?? 0
      let bandHeight = Self.bandPadding + count * (Self.boxHeight + Self.rowGap)
      for column in columns {
        guard let numbers = byColumn[column.title] else { continue }
        if !namespace.isEmpty {
          bands.append(Band(namespace: namespace, x: column.x - 8, y: y, height: bandHeight))
        }
        if isGrouped {
          let places = numbers.map { chart.places[$0] }
          let services = places.count { $0.kind == .service }
          for number in numbers { box[number] = boxes.count }
          boxes.append(
            Box(
              x: column.x, y: y + Self.bandPadding - 4,
              title: namespace.isEmpty
                ? "\(numbers.count) networks" : "\(services) services, \(numbers.count - services) clients",
              kind: namespace.isEmpty ? .external : .service, isGroup: true))
          continue
        }
        let sorted = numbers.sorted {
          let (a, b) = (chart.places[$0], chart.places[$1])
          if a.kind != b.kind { return a.kind.rawValue < b.kind.rawValue }
          return a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
        }
        for (row, number) in sorted.enumerated() {
          box[number] = boxes.count
          boxes.append(
            Box(
              x: column.x, y: y + Self.bandPadding - 4 + row * (Self.boxHeight + Self.rowGap),
              title: chart.places[number].name, kind: chart.places[number].kind, isGroup: false))
        }
      }
      y += bandHeight + 2 * Self.rowGap
    }
    height = y + Self.margin
    addLines(chart, box, isGrouped)
  }

  private mutating func addLines(_ chart: Chart, _ box: [Int: Int], _ isGrouped: Bool) {
    var lanes: [String: Int] = [:]
    var groups: [String: (from: Int, to: Int, rank: Int, connections: [String])] = [:]
    var order: [String] = []
    for edge in chart.edges {
      guard let from = box[edge.from], let to = box[edge.to] else { continue }
      let key = "\(from) \(to)"
      if isGrouped {
        let rank = Chart.verdicts.firstIndex(of: edge.word) ?? 0
        if groups[key] == nil { order.append(key) }
        var group = groups[key] ?? (from, to, rank, [])
        group.rank = min(group.rank, rank)
        group.connections.append(edge.connection)
        groups[key] = group
        continue
      }
      let lane = lanes[key, default: 0]
      lanes[key] = lane + 1
      lines.append(
        Line(
          from: from, to: to, verdict: edge.word, connections: [edge.connection], port: edge.port, lane: lane)
      )
    }
    for key in order {
      guard let group = groups[key] else { continue }
      lines.append(
        Line(
          from: group.from, to: group.to, verdict: Chart.verdicts[group.rank],
          connections: Array(Set(group.connections)).sorted(), port: "\(group.connections.count)", lane: 0))
    }
  }
}
