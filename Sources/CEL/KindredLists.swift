/// Sets, and lists of entries with keys: what Kubernetes makes of `==` and `+` where a schema says that a list is one
/// (k8s.io/apiserver `pkg/cel/common/values.go`). The left operand's kind counts.

/// A list of a kind other than a plain sequence.
struct KindredList: CELList {
  let values: [CELValue]
  let kind: CELListKind

  var count: Int { values.count }

  func element(at index: Int) -> CELValue { values[index] }
}

/// True when each element of one list equals one of the other, for lists of one length: elements of sets, and entries of
/// keyed lists, are unlike each other. A step for each comparison.
func unorderedEqual(
  _ a: any CELList, _ b: any CELList, _ frame: inout Frame, _ depth: Int
) throws(Failure) -> Bool {
  var rest = b.elements
  for index in 0..<a.count {
    let element = a.element(at: index)
    var found: Int?
    for (position, candidate) in rest.enumerated() where found == nil {
      try frame.charge(1)
      if try element.equals(candidate, &frame, depth: depth) { found = position }
    }
    guard let found else { return false }
    rest.remove(at: found)
  }
  return true
}

/// The left list's elements, those with a key of the right one replaced, and then what is new.
func union(of a: any CELList, _ b: any CELList, _ frame: inout Frame) throws(Failure) -> any CELList {
  var values = a.elements
  for element in b.elements {
    var found: Int?
    for (position, known) in values.enumerated() where found == nil {
      try frame.charge(1)
      if try isSame(known, element, a.kind, &frame) { found = position }
    }
    if let found { values[found] = element } else { values.append(element) }
  }
  return KindredList(values: values, kind: a.kind)
}

private func isSame(
  _ a: CELValue, _ b: CELValue, _ kind: CELListKind, _ frame: inout Frame
) throws(Failure) -> Bool {
  guard case .map(let keys) = kind, case .map(let first) = a, case .map(let second) = b else {
    return try a.equals(b, &frame)
  }
  for key in keys {
    switch (first.field(named: key), second.field(named: key)) {
    case (nil, nil): continue
    case (let mine?, let theirs?): if try !mine.equals(theirs, &frame) { return false }
    default: return false
    }
  }
  return true
}
