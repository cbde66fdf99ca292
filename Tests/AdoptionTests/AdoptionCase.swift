import Adoption
import Compiler
import Diagnostics
import Foundation
import Snapshot
import TestSupport
import Testing

/// `Cases/<name>`: manifests in `fleet/` (the directory that becomes the fleet) and `elsewhere/`, the `--cluster`
/// arguments in `arguments`; `expected/` holds what is written, `report.txt` what is said.
struct AdoptionCase: Sendable, CustomTestStringConvertible {
  static let folder = "Tests/AdoptionTests/Cases"
  static let all: [AdoptionCase] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: Repository.path(folder))) ?? []
    return names.sorted().map(AdoptionCase.init)
  }()
  static let compiler = Result { Compiler(resources: try Resources()) }

  let name: String
  var testDescription: String { name }
  var path: String { "\(Self.folder)/\(name)" }

  /// Every file below a directory of the case, by path from there.
  func files(_ directory: String) throws -> [String: [UInt8]] {
    let root = Repository.path("\(path)/\(directory)")
    guard let walk = FileManager.default.enumerator(atPath: root) else { return [:] }
    var files: [String: [UInt8]] = [:]
    for case let name as String in walk {
      if let data = FileManager.default.contents(atPath: "\(root)/\(name)") { files[name] = Array(data) }
    }
    return files
  }

  private func words(_ file: String) -> [String] {
    let text = FileManager.default.contents(atPath: Repository.path("\(path)/\(file)")).map {
      String(decoding: $0, as: UTF8.self)
    }
    return (text ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
  }

  func request() throws -> AdoptionRequest {
    let fleet = try files("fleet")
    let elsewhere = Dictionary(uniqueKeysWithValues: try files("elsewhere").map { ("elsewhere/\($0)", $1) })
    let clusters = words("arguments").map { argument in
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      let given = (parts[1].hasPrefix("elsewhere/") ? elsewhere : fleet).filter {
        $0.key == parts[1] || $0.key.hasPrefix(parts[1] + "/")
      }
      return AdoptionRequest.Cluster(
        name: parts[0],
        files: given.sorted { $0.key < $1.key }.map { SourceFile(path: $0.key, bytes: $0.value) },
        path: parts[1].hasPrefix("elsewhere/") ? nil : parts[1])
    }
    var request = AdoptionRequest(clusters: clusters, fleetName: "case")
    for option in words("options") {
      let parts = option.split(separator: "=", maxSplits: 1).map(String.init)
      switch parts[0] {
      case "chart": request.chartVersion = parts[1]
      case "owner": request.owner = parts[1]
      case "namespace": request.defaultNamespace = parts[1]
      default: break
      }
    }
    return request
  }

  func adopt(over written: [String: [UInt8]] = [:]) throws -> Adoption {
    let snapshot = MemorySnapshot(try files("fleet").merging(written) { $1 })
    return try Adoption(try request(), in: snapshot, compiler: try Self.compiler.get())
  }
}

extension Adoption {
  /// Findings and report as a golden file holds them.
  var goldenText: String {
    findings.map { finding in
      let place = finding.primary.map {
        "\($0.range.file.path):\($0.range.startPosition.line):\($0.range.startPosition.column)"
      }
      return "\(finding.severity.word)[\(finding.rule.id)] \(place ?? "-"): \(finding.message)\n"
        + finding.help.map { "  help: \($0)\n" }.joined()
    }.joined() + "\n" + text(isDryRun: false, isVerbose: true)
  }

  var writtenFiles: [String: [UInt8]] {
    Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0.content) })
  }
}
