extension Command {
  /// `linkwright observe`
  static let observe = Command(
    name: "observe", summary: "Record what a cluster answered", arguments: ["[DIR]"],
    example: "oc -n a1b2c3-dev get tscs,ts,svc,endpoints -o yaml | linkwright observe --cluster gold -f -"
  ) { _ throws(CommandFailure) in
    throw CommandFailure(message: "not yet")
  }

  /// `linkwright record`
  static let record = Command(
    name: "record", summary: "Record manifests that are rendered elsewhere", arguments: ["[DIR]"],
    example:
      "helm template . | linkwright record --cluster gold --source https://example.com/app@3f2a91c -f -"
  ) { _ throws(CommandFailure) in
    throw CommandFailure(message: "not yet")
  }
}
