import Snapshot

/// The fields of a map among a template's variables, and the variables themselves, ordered by the bytes of their names.
///
/// Nearly all have fewer than ten fields, where looking at each is faster than hashing; larger ones are searched by
/// halves. Values come out in one order without sorting.
package struct TemplateFields: Sendable, Sequence, ExpressibleByDictionaryLiteral {
  package typealias Field = (key: String, value: TemplateValue)

  private var fields: [Field] = []

  package init() {}

  /// Of two fields of one name the later counts.
  package init(dictionaryLiteral elements: (String, TemplateValue)...) { self.init(elements) }

  /// Of two fields of one name the later counts. Sorts.
  package init(_ elements: some Sequence<(String, TemplateValue)>) {
    fields.reserveCapacity(elements.underestimatedCount)
    for (name, value) in elements { self[name] = value }
  }

  /// Makes room for that many fields.
  package mutating func reserveCapacity(_ count: Int) { fields.reserveCapacity(count) }

  package var isEmpty: Bool { fields.isEmpty }
  package var count: Int { fields.count }
  /// In order.
  package var keys: [String] { fields.map(\.key) }

  package func makeIterator() -> IndexingIterator<[Field]> { fields.makeIterator() }

  /// The value of a field. Reading is logarithmic in the fields, writing linear.
  package subscript(name: String) -> TemplateValue? {
    get {
      guard fields.count > 12 else {
        for field in fields where field.key == name { return field.value }
        return nil
      }
      let position = position(of: name)
      return position < fields.count && fields[position].key == name ? fields[position].value : nil
    }
    set {
      let position = position(of: name)
      let isPresent = position < fields.count && fields[position].key == name
      switch (newValue, isPresent) {
      case (let value?, true): fields[position].value = value
      case (let value?, false): fields.insert((name, value), at: position)
      case (nil, true): fields.remove(at: position)
      case (nil, false): break
      }
    }
  }

  /// These fields and those of `other`, which count where both have one.
  package func merging(_ other: TemplateFields) -> TemplateFields {
    var result = self
    for (name, value) in other { result[name] = value }
    return result
  }

  /// The position of the first field that does not precede a name. Fields mostly come in order.
  private func position(of name: String) -> Int {
    guard let last = fields.last, !utf8Precedes(last.key, name) else { return fields.count }
    var (low, high) = (0, fields.count)
    while low < high {
      let middle = (low + high) / 2
      if utf8Precedes(fields[middle].key, name) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
