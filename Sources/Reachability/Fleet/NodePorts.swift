import Diagnostics
import Kubernetes
import Linker
import YAMLTree

extension JudgedCluster {
  /// Why an API server may refuse the node port of a Service: another Service has it, or it lies outside the range that API
  /// servers take by default (kube-apiserver, --service-node-port-range).
  func questions(ofNodePort number: Int, _ key: NamespacedName, _ node: Node) -> [Question] {
    var found: [Question] = []
    if let others = nodePorts[number], others.count > 1, let other = others.first(where: { $0 != key }) {
      found.append(
        Question(
          "which of Services \(key.description) and \(other.description) of \(name) has node port \(number): its API server refuses the second",
          at: node.range, help: "give each a node port of its own, or leave nodePort out"))
    }
    if !(30000...32767 ~= number) {
      found.append(
        Question(
          "whether the API server of \(name) takes node port \(number), outside of the range 30000 to 32767 that it has by default",
          at: node.range, help: "use a port of the range, or leave nodePort out"))
    }
    return found
  }
}
