// A process of its own that commits, for the tests that race several of them or kill one:
//   RepositoryProbe commit REPOSITORY REFERENCE NAME COUNT FILES
//   RepositoryProbe bench REPOSITORY FILES ZLIB-LEVEL
//   RepositoryProbe write REPOSITORY DIRECTORY
import Glibc
import Repository

let arguments = CommandLine.arguments

do {
  switch arguments.dropFirst().first {
  case "commit" where arguments.count == 7:
    try commitRepeatedly(
      repository: arguments[2], reference: arguments[3], name: arguments[4], count: Int(arguments[5]) ?? 0,
      files: Int(arguments[6]) ?? 0)
  case "bench" where arguments.count == 5:
    try benchmark(
      repository: arguments[2], files: Int(arguments[3]) ?? 0,
      level: Int32(arguments[4]) ?? ObjectBatch.defaultLevel)
  case "write" where arguments.count == 4:
    try writeDirectory(repository: arguments[2], directory: arguments[3])
  default:
    print("usage: RepositoryProbe commit|bench|write …")
    exit(2)
  }
} catch {
  print(error)
  exit(1)
}
