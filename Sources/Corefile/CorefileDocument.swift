package import Diagnostics

/// A word of a Corefile with its place.
package struct CorefileWord: Sendable {
  package let text: String
  /// Bytes in the Corefile.
  package let range: Range<Int>

  /// True when an environment variable stands in it: its value is known only in the pod.
  package var hasVariable: Bool {
    let bytes = Array(text.utf8)
    return bytes.indices.dropLast().contains {
      bytes[$0] == UInt8(ascii: "{")
        && (bytes[$0 + 1] == UInt8(ascii: "$") || bytes[$0 + 1] == UInt8(ascii: "%"))
    }
  }
}

/// A plugin in a server block: its name, what stands on its line, and its own block.
package struct CorefilePlugin: Sendable {
  package let name: CorefileWord
  package let arguments: [CorefileWord]
  /// True when `{ … }` follows.
  package let hasBody: Bool
  /// From the name to the last word or brace.
  package let range: Range<Int>
}

/// Where a server block stands.
package enum CorefileOrigin: Sendable {
  case text
  /// A snippet holds it, and this import puts it here.
  case snippet
}

/// The zones of a server block and what serves them.
package struct CorefileBlock: Sendable {
  package let keys: [CorefileWord]
  package let addresses: [ZoneAddress]
  package let plugins: [CorefilePlugin]
  /// From the first zone to the closing brace.
  package let range: Range<Int>
  package let hasBraces: Bool
  package let origin: CorefileOrigin

  /// The plugins of a name. Linear in the plugins.
  package func plugins(named name: String) -> [CorefilePlugin] { plugins.filter { $0.name.text == name } }
}

/// An `import` of files, which lie in the pod and are not seen here.
package struct CorefileImport: Sendable {
  package let pattern: CorefileWord
  /// True outside every server block: the files may hold server blocks.
  package let isTopLevel: Bool
}

/// A Corefile, read as CoreDNS reads it: its server blocks with snippets put in, and what is wrong.
package struct CorefileDocument: Sendable {
  package let text: CorefileText
  package let blocks: [CorefileBlock]
  package let imports: [CorefileImport]
  /// Comments that start with `###`: the marks of the connectivity block are such.
  let comments: [Range<Int>]
  /// What keeps CoreDNS from starting, and what surprises; without errors the document is whole.
  package let findings: [Diagnostic]

  /// Reads a Corefile. Never throws: what cannot be read is a finding, and then there are no blocks. Linear in the
  /// text and in what its snippets come to, which is bounded.
  package init(_ text: CorefileText) {
    self.text = text
    let lexer = CorefileLexer(text.bytes)
    var parser = CorefileParser(text.bytes, lexer.tokens)
    var fault = lexer.fault
    if fault == nil {
      parser.run()
      fault = parser.fault
    }
    comments = lexer.comments.map(\.range).filter { text.bytes[$0].starts(with: "###".utf8) }
    if let fault {
      blocks = []
      imports = []
      findings = [
        Diagnostic(
          CorefileRules.syntax, "the Corefile cannot be read: \(fault.message)",
          at: text.range(fault.range), text.line(of: fault.range.lowerBound) ?? "here", help: [fault.help])
      ]
      return
    }
    blocks = parser.blocks
    imports = parser.imports
    findings = CorefileChecks.findings(parser.blocks, text)
  }

  /// The zones that the `kubernetes` plugin answers for: the cluster's own domain first. Reverse zones are left out.
  package var clusterDomains: [CorefileWord] {
    blocks.flatMap { $0.plugins(named: "kubernetes") }.flatMap(\.arguments).filter {
      !$0.text.hasSuffix(".arpa") && !$0.text.hasSuffix(".arpa.") && !$0.hasVariable
    }
  }

  /// The port at which the cluster's own names are served: 53 unless the Corefile says otherwise for the root zone.
  package var servingPort: Int {
    let roots = blocks.flatMap(\.addresses).filter { $0.zone.isEmpty && $0.scheme == "dns" }
    return roots.contains { $0.port == 53 } ? 53 : roots.first?.port ?? 53
  }

  /// The key that serves exactly this zone where the cluster's own names are served; nil where none does.
  package func key(serving zone: String) -> CorefileWord? {
    let wanted = ZoneAddress(zone: zone, port: servingPort)
    for block in blocks {
      for (address, key) in zip(block.addresses, block.keys) where address == wanted && !key.hasVariable {
        return key
      }
    }
    return nil
  }

  /// True where some block answers for a name, or could: an import or a variable may bring one.
  package func covers(_ name: String) -> Bool {
    if imports.contains(where: \.isTopLevel) { return true }
    let wanted = ZoneAddress(zone: name, port: servingPort)
    return blocks.contains { block in
      block.keys.contains(where: \.hasVariable)
        || block.addresses.contains {
          $0.zone.isEmpty || $0.zone == wanted.zone || wanted.isBelow($0.zone)
        }
    }
  }
}
