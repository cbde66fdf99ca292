import Patterns
package import YAMLTree

/// A schema ready to validate: flat, immutable, shared between tasks.
///
/// A class because it is many tables with one identity; values are checked through it without copying.
package final class CompiledSchema: Sendable {
  /// The first record is the root schema.
  let records: [SchemaRecord]
  /// The node that each record came from; none for schemas that the dialect supplies.
  let sources: [Node?]
  let instructions: [Instruction]
  /// Positions of schemas, for keywords that have several.
  let children: [Int32]
  let properties: [PropertyEntry]
  let patternProperties: [PatternProperty]
  let names: [NameReference]
  let nameBytes: [UInt8]
  let patterns: PatternTable
  let constants: [Node]
  let numbers: [ExactNumber]
  /// The rules of a record, for records with `hasValidationRules`.
  let rulesByRecord: [Int32: [ValidationRule]]

  init(_ compiler: consuming SchemaCompiler) {
    records = compiler.records
    sources = compiler.sources
    instructions = compiler.instructions
    children = compiler.children
    properties = compiler.properties
    patternProperties = compiler.patternProperties
    names = compiler.names
    nameBytes = compiler.nameBytes
    patterns = PatternTable(compiler.patterns)
    constants = compiler.constants
    numbers = compiler.numbers
    rulesByRecord = compiler.rules
  }

  /// Compiles a schema. `uri` is where it would be retrieved from, the base for its references.
  ///
  /// Linear in the schema and what it refers to. Throws every fault at once: references to what the
  /// registry does not have, patterns that cannot be, keywords with values of the wrong type, schemas that
  /// refer to themselves without end.
  package static func compile(
    root: Node, at uri: String = "", registry: SchemaRegistry = SchemaRegistry(),
    options: SchemaOptions = SchemaOptions()
  ) throws(SchemaCompilationError) -> CompiledSchema {
    var patterns: [String: Pattern] = [:]
    return try compile(root: root, at: uri, registry: registry, options: options, patterns: &patterns)
  }

  /// Compiles with the patterns of schemas compiled before, and adds this one's.
  static func compile(
    root: Node, at uri: String, registry: SchemaRegistry, options: SchemaOptions,
    patterns: inout [String: Pattern]
  ) throws(SchemaCompilationError) -> CompiledSchema {
    var compiler = SchemaCompiler(registry: registry, options: options, knownPatterns: patterns)
    compiler.compile(root: root, at: uri)
    patterns = compiler.knownPatterns
    guard compiler.faults.isEmpty else { throw SchemaCompilationError(faults: compiler.faults) }
    return CompiledSchema(compiler)
  }

  /// True when the value keeps to the schema. Does not allocate for ordinary keywords.
  package func isValid(_ node: Node) -> Bool {
    var walk = SchemaWalk(self, collects: false)
    return walk.check(node, 0)
  }

  /// Everything in which the value differs from the schema, in document order as far as keywords go.
  /// As fast as `isValid` for a valid value.
  ///
  /// - Parameter ignoringNulls: fields whose value is null are taken for missing, as API servers decode their own types.
  package func validate(_ node: Node, ignoringNulls: Bool = false) -> [Violation] {
    var probe = SchemaWalk(self, collects: false)
    probe.ignoresNulls = ignoringNulls
    if probe.check(node, 0) { return [] }
    var walk = SchemaWalk(self, collects: true)
    walk.ignoresNulls = ignoringNulls
    _ = walk.check(node, 0)
    if walk.budget <= 0 || walk.violations.isEmpty { _ = walk.fail(.tooComplex, node, 0) }
    return walk.violations
  }

  /// Every entry of `x-kubernetes-validations`, in no promised order.
  package var validationRules: [ValidationRule] { rulesByRecord.values.flatMap { $0 } }

  /// The rules of `x-kubernetes-validations` with the values they speak about, for whoever evaluates CEL.
  package func validationRuleSites(in node: Node) -> [ValidationRuleSite] {
    guard !rulesByRecord.isEmpty else { return [] }
    var walk = SchemaWalk(self, collects: true)
    _ = walk.check(node, 0)
    return walk.ruleSites
  }

  /// The text of a name.
  func text(_ name: NameReference) -> String {
    String(decoding: nameBytes[Int(name.start)..<Int(name.start + name.length)], as: UTF8.self)
  }

  /// True when a key's text is the name. One comparison of hashes for nearly every other key.
  @inline(__always)
  func isName(_ name: NameReference, _ key: Node) -> Bool {
    guard key.hash == name.hash else { return false }
    return key.withText { bytes in
      guard bytes.count == Int(name.length) else { return false }
      return nameBytes.withUnsafeBufferPointer { names in
        var offset = Int(name.start)
        for byte in bytes {
          if names[offset] != byte { return false }
          offset += 1
        }
        return true
      }
    }
  }

  /// The row of `properties` for a key, or -1. Logarithmic in the rows.
  @inline(__always)
  func property(_ key: Node, in rows: Range<Int32>) -> Int {
    let hash = key.hash
    var low = Int(rows.lowerBound)
    let end = Int(rows.upperBound)
    if end - low > 8 {
      var high = end
      while low < high {
        let middle = (low + high) / 2
        if properties[middle].name.hash < hash { low = middle + 1 } else { high = middle }
      }
    }
    while low < end {
      let name = properties[low].name
      if name.hash > hash { return -1 }
      if name.hash == hash, isName(name, key) { return low }
      low += 1
    }
    return -1
  }

  /// The entry of a mapping with this name. Linear in the entries.
  func entry(_ name: NameReference, of node: Node) -> (key: Node, value: Node)? {
    for (key, value) in node.entries where isName(name, key) { return (key, value) }
    return nil
  }
}
