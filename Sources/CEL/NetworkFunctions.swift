/// Kubernetes' IP and CIDR libraries.
extension FunctionTable {
  mutating func addNetwork() {
    function(
      "ip", [([.string], .ip)],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        guard case .string(let text) = value else { return nil }
        return .ip(try address(text))
      })
    function(
      "isIP", [([.string], .bool)],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        guard case .string(let text) = value else { return nil }
        return .bool(CELAddress(text) != nil)
      })
    function(
      "ip.isCanonical", [([.string], .bool)],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        guard case .string(let text) = value else { return nil }
        return .bool(try address(text).text == text)
      })
    function(
      "cidr", [([.string], .cidr)],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        guard case .string(let text) = value else { return nil }
        return .cidr(try network(text))
      })
    function(
      "isCIDR", [([.string], .bool)],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        guard case .string(let text) = value else { return nil }
        return .bool(CELNetwork(text) != nil)
      })
    addAddressTests()
    addNetworkMethods()
  }

  private mutating func addAddressTests() {
    let tests: [(String, @Sendable (CELAddress) -> Bool)] = [
      ("isUnspecified", { $0.isUnspecified }), ("isLoopback", { $0.isLoopback }),
      ("isLinkLocalMulticast", { $0.isLinkLocalMulticast }),
      ("isLinkLocalUnicast", { $0.isLinkLocalUnicast }),
      ("isGlobalUnicast", { $0.isGlobalUnicast }),
    ]
    for (name, test) in tests {
      method(
        name, [([.ip], .bool)],
        .unary { (value: CELValue, _: inout Frame) throws(Failure) in
          if case .ip(let address) = value { .bool(test(address)) } else { nil }
        })
    }
    method(
      "family", [([.ip], .int)],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        if case .ip(let address) = value { .int(address.isIPv4 ? 4 : 6) } else { nil }
      })
  }

  private mutating func addNetworkMethods() {
    let readers: [(String, CELType, @Sendable (CELNetwork) -> CELValue)] = [
      ("ip", .ip, { .ip($0.address) }), ("masked", .cidr, { .cidr($0.masked) }),
      ("prefixLength", .int, { .int(Int64($0.length)) }),
    ]
    for (name, type, read) in readers {
      sharedMethod(
        name, ([.cidr], type),
        .unary { (value: CELValue, _: inout Frame) throws(Failure) in
          if case .cidr(let network) = value { read(network) } else { nil }
        })
    }
    method(
      "containsIP", [([.cidr, .ip], .bool), ([.cidr, .string], .bool)],
      .binary { (network: CELValue, value: CELValue, _: inout Frame) throws(Failure) in
        guard case .cidr(let network) = network else { return nil }
        switch value {
        case .ip(let address): return .bool(network.contains(address))
        case .string(let text): return .bool(network.contains(try address(text)))
        default: return nil
        }
      })
    method(
      "containsCIDR", [([.cidr, .cidr], .bool), ([.cidr, .string], .bool)],
      .binary { (outer: CELValue, value: CELValue, _: inout Frame) throws(Failure) in
        guard case .cidr(let outer) = outer else { return nil }
        switch value {
        case .cidr(let inner): return .bool(outer.contains(inner))
        case .string(let text): return .bool(outer.contains(try network(text)))
        default: return nil
        }
      })
  }
}

private func address(_ text: String) throws(Failure) -> CELAddress {
  if let address = CELAddress(text) { return address }
  if text.utf8.contains(UInt8(ascii: "%")) {
    throw Failure("IP Address with zone value is not allowed: \(Evaluation.shown(.string(text)))")
  }
  if isMapped(text) {
    throw Failure("IPv4-mapped IPv6 address is not allowed: \(Evaluation.shown(.string(text)))")
  }
  throw Failure("IP Address \(Evaluation.shown(.string(text))) parse error during conversion from string")
}

private func network(_ text: String) throws(Failure) -> CELNetwork {
  if let network = CELNetwork(text) { return network }
  if text.utf8.contains(UInt8(ascii: "%")) {
    throw Failure("CIDR with zone value is not allowed: \(Evaluation.shown(.string(text)))")
  }
  if isMapped(text) {
    throw Failure("IPv4-mapped IPv6 address is not allowed: \(Evaluation.shown(.string(text)))")
  }
  throw Failure(
    "network address parse error during conversion from string: \(Evaluation.shown(.string(text)))")
}

private func isMapped(_ text: String) -> Bool {
  text.utf8.contains(UInt8(ascii: ".")) && text.lowercased().hasPrefix("::ffff:")
}
