import Kubernetes
import Linker
import Output
import Templates

extension Compilation {
  /// Which template made which file, a line each in the order of the files' paths: the file, the template's place
  /// and whose it is, with tabs between them.
  package var templateLines: [String] {
    guard let fleet, let workings else { return [] }
    let layout = OutputLayout(fleet)
    let written = Set(output.files.lazy.filter { $0.unit != nil }.map(\.path))
    var made: [(path: String, template: Template)] = []
    for unit in workings.units {
      for object in unit.objects {
        guard let template = object.template else { continue }
        made.append((layout.path(Placement(object.cluster, object.part, object.identity)), template))
      }
      for fragment in unit.fragments {
        guard let template = fragment.template else { continue }
        made.append(("\(layout.fragmentRoot(cluster: fragment.cluster))/\(fragment.name)", template))
      }
    }
    return made.filter { written.contains($0.path) }.sorted { $0.path < $1.path }.map { path, template in
      let (file, line) = template.location
      return "\(path)\t\(file):\(line)\t\(template.level.description)"
    }
  }
}
