import Diagnostics

/// What CoreDNS refuses, or bears only in newer releases, in a Corefile that can be read.
enum CorefileChecks {
  /// `forward` takes no more upstreams (coredns/coredns, plugin/forward).
  static let maximumUpstreams = 15

  static func findings(_ blocks: [CorefileBlock], _ text: CorefileText) -> [Diagnostic] {
    var findings = duplicates(blocks, text)
    var seen: Set<Range<Int>> = []
    for plugin in blocks.flatMap(\.plugins)
    where plugin.name.text == "forward" || plugin.name.text == "reload" {
      // A snippet's line is reported once, however often it is imported.
      guard seen.insert(plugin.range).inserted else { continue }
      if plugin.name.text == "forward" {
        forward(plugin, text, &findings)
      } else {
        reload(plugin, text, &findings)
      }
    }
    for block in blocks {
      for name in ["forward", "reload"] {
        let plugins = block.plugins(named: name)
        guard plugins.count > 1, let again = plugins.last, let first = plugins.first else { continue }
        findings.append(
          Diagnostic(
            CorefileRules.pluginTwice,
            "'\(name)' stands \(plugins.count) times in the block of \(block.keys[0].text)",
            at: text.range(again.range), text.line(of: again.range.lowerBound) ?? "again",
            also: [Label(text.range(first.range), "first here")],
            help: [
              name == "forward"
                ? "older releases of CoreDNS take one per block: move the other to a block of its zone"
                : "keep one of them"
            ]))
      }
    }
    return findings
  }

  /// One zone and port in two blocks: CoreDNS does not start. A block with `view` answers some clients only.
  private static func duplicates(_ blocks: [CorefileBlock], _ text: CorefileText) -> [Diagnostic] {
    var findings: [Diagnostic] = []
    var first: [ZoneAddress: CorefileWord] = [:]
    for block in blocks where block.plugins(named: "view").isEmpty {
      for (address, key) in zip(block.addresses, block.keys) where !key.hasVariable {
        guard let other = first[address] else {
          first[address] = key
          continue
        }
        findings.append(
          Diagnostic(
            CorefileRules.zoneTwice,
            "two blocks serve \(address.zone.isEmpty ? "the root zone" : address.zone) at port \(address.port)",
            at: text.range(key.range), text.line(of: key.range.lowerBound) ?? "the second",
            also: [Label(text.range(other.range), text.line(of: other.range.lowerBound) ?? "the first")],
            help: ["CoreDNS does not start with both: remove one of them"]))
      }
    }
    return findings
  }

  private static func forward(
    _ plugin: CorefilePlugin, _ text: CorefileText, _ findings: inout [Diagnostic]
  ) {
    let upstreams = plugin.arguments.dropFirst()
    guard upstreams.isEmpty || upstreams.count > maximumUpstreams else { return }
    findings.append(
      Diagnostic(
        CorefileRules.upstreams,
        upstreams.isEmpty
          ? "'forward' names no server"
          : "'forward' names \(upstreams.count) servers; it takes at most \(maximumUpstreams)",
        at: text.range(plugin.range), text.line(of: plugin.range.lowerBound) ?? "refused by CoreDNS",
        help: [
          upstreams.isEmpty
            ? "write 'forward FROM TO…', with the addresses that answer" : "keep \(maximumUpstreams) of them"
        ]))
  }

  private static func reload(
    _ plugin: CorefilePlugin, _ text: CorefileText, _ findings: inout [Diagnostic]
  ) {
    let arguments = plugin.arguments
    guard !arguments.contains(where: \.hasVariable) else { return }
    func report(_ message: String, _ word: CorefileWord, _ help: String) {
      findings.append(
        Diagnostic(
          CorefileRules.reload, message, at: text.range(word.range),
          text.line(of: word.range.lowerBound) ?? "refused by CoreDNS", help: [help]))
    }
    if arguments.count > 2 {
      report("'reload' takes an interval and a jitter", arguments[2], "remove what follows")
      return
    }
    for (word, isInterval) in zip(arguments, [true, false]) {
      guard let seconds = GoDuration.seconds(word.text) else {
        report("'\(word.text)' is not a duration", word, "write it like 30s or 1m30s")
        continue
      }
      if isInterval, seconds < 2 {
        report("'reload' looks every \(word.text); CoreDNS asks for 2s or more", word, "write 2s or more")
      } else if !isInterval, seconds != 0, seconds < 1 {
        report(
          "the jitter of 'reload' is \(word.text); CoreDNS asks for 0 or 1s and more", word,
          "write 1s or more")
      }
    }
  }
}

/// A duration as Go writes it: `30s`, `1m30s`, `500ms`.
enum GoDuration {
  private static let units: [(name: String, seconds: Double)] = [
    ("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600),
  ]

  /// The seconds; nil for what Go's time.ParseDuration refuses.
  static func seconds(_ text: String) -> Double? {
    if text == "0" { return 0 }
    var rest = text[...]
    var total = 0.0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
      guard !number.isEmpty, let value = Double(number) else { return nil }
      rest = rest.dropFirst(number.count)
      let unit = rest.prefix { !($0.isASCII && $0.isNumber) && $0 != "." }
      guard let known = units.first(where: { $0.name == unit }) else { return nil }
      total += value * known.seconds
      rest = rest.dropFirst(unit.count)
    }
    return total
  }
}
