import Corefile
import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Where a cluster's resolver sends a name, read once more: Corefiles by their grammar, where the walk goes by lines.
struct NaiveResolver {
  private let cluster: JudgedCluster

  init(_ cluster: JudgedCluster) { self.cluster = cluster }

  /// True where the longest zone that holds the name forwards to the server alone.
  func sends(_ name: String, to server: String) -> Bool {
    let all = cluster.model.cluster.distribution == .openshift ? operatorZones() : corefileZones(name)
    let holding = all.filter { !$0.zone.isEmpty && ($0.zone == name || name.hasSuffix(".\($0.zone)")) }
    guard let longest = holding.map(\.zone.utf8.count).max(),
      let entry = holding.first(where: { $0.zone.utf8.count == longest })
    else { return false }
    let hosts = entry.upstreams.map { upstream in
      var host = upstream
      if host.hasPrefix("dns://") { host.removeFirst(6) }
      if host.hasSuffix(":53") { host.removeLast(3) }
      return host
    }
    return !hosts.isEmpty && hosts.allSatisfy { $0 == server }
  }

  /// Whether the known Corefile serves imported Services; nil where none is known.
  var answersImports: Bool? {
    let identity = ObjectIdentity(group: "", kind: "ConfigMap", namespace: "kube-system", name: "coredns")
    let map =
      cluster.model.declared.objects[identity]?.node ?? cluster.emitted[identity]?.node
      ?? cluster.model.observed.objects[identity]?.node
    let text: CorefileText
    if let file = cluster.model.corefile {
      text = CorefileText(file)
    } else if let node = map?.at("data", "Corefile") {
      text = CorefileText(node)
    } else {
      return nil
    }
    let zones = ["clusterset.local", "clusterset.local."]
    return CorefileDocument(text).blocks.flatMap { $0.plugins(named: "kubernetes") }.contains { plugin in
      guard plugin.hasBody, plugin.arguments.contains(where: { zones.contains($0.text) }) else {
        return false
      }
      // The body's options stand in lines; comments end them.
      let body = String(decoding: text.bytes[plugin.range], as: UTF8.self)
      let words = body.split(separator: "\n").flatMap { line in
        line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
      }
      return zip(words, words.dropFirst()).contains { $0 == "multicluster" && zones.contains($1) }
    }
  }

  private typealias Zone = (zone: String, upstreams: [String])

  private func operatorZones() -> [Zone] {
    let identity = ObjectIdentity(
      group: "operator.openshift.io", kind: "DNS", namespace: nil, name: "default")
    let node =
      cluster.patch(of: identity)?.node ?? cluster.model.declared.objects[identity]?.node
      ?? cluster.emitted[identity]?.node ?? cluster.model.observed.objects[identity]?.node
    var zones: [Zone] = []
    for server in node?.at("spec", "servers")?.elements.map({ $0 }) ?? [] {
      let upstreams = server.at("forwardPlugin", "upstreams")?.elements.map(\.text) ?? []
      for zone in server["zones"]?.elements.map({ $0 }) ?? [] { zones.append((zone.text, upstreams)) }
    }
    return zones
  }

  private func corefileZones(_ name: String) -> [Zone] {
    var zones: [Zone] = []
    func add(_ text: CorefileText) {
      for block in CorefileDocument(text).blocks {
        let upstreams = block.plugins(named: "forward").first { plugin in
          let from = ZoneAddress(plugin.arguments.first?.text ?? "").zone
          return from.isEmpty || from == "." || name == from || name.hasSuffix(".\(from)")
        }?.arguments.dropFirst().map(\.text)
        for address in block.addresses { zones.append((address.zone, upstreams ?? [])) }
      }
    }
    func maps(_ name: String) -> [Node] {
      let identity = ObjectIdentity(group: "", kind: "ConfigMap", namespace: "kube-system", name: name)
      return [
        cluster.patch(of: identity)?.node,
        cluster.model.declared.objects[identity]?.node ?? cluster.emitted[identity]?.node,
        cluster.model.observed.objects[identity]?.node,
      ].compactMap { $0 }
    }
    var importsCustom = true
    func addMain(_ text: CorefileText) {
      add(text)
      // Only where a line of it says so are the blocks of coredns-custom read.
      importsCustom = String(decoding: text.bytes, as: UTF8.self).split(separator: "\n").contains { line in
        let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
        return words.first == "import" && words.dropFirst().contains { $0.contains(".server") }
      }
    }
    if let text = maps("coredns").lazy.compactMap({ $0.at("data", "Corefile") }).first {
      addMain(CorefileText(text))
    } else if let file = cluster.model.corefile {
      addMain(CorefileText(file))
    }
    guard importsCustom else { return zones }
    for map in maps("coredns-custom") {
      for (key, value) in map["data"]?.entries.map({ $0 }) ?? [] where key.text.hasSuffix(".server") {
        add(CorefileText(value))
      }
    }
    return zones
  }
}
