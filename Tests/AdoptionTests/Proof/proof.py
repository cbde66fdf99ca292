"""Compares what an adopted fleet builds with the manifests that it was adopted from, without Linkwright's help.

  proof.py handover DIR   remove from DIR/fleet what DIR/report.json says is taken over
  proof.py compare DIR    kubectl kustomize of DIR/fleet/rendered beside DIR/original, object by object
"""

import json
import os
import subprocess
import sys

import yaml

LIVE = {
    "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink", "finalizers",
    "ownerReferences", "deletionTimestamp", "deletionGracePeriodSeconds",
}
BOOKKEEPING = (
    "kubectl.kubernetes.io/", "deployment.kubernetes.io/", "meta.helm.sh/", "argocd.argoproj.io/tracking-id",
    "argocd.argoproj.io/instance", "endpoints.kubernetes.io/", "config.k8s.io/", "internal.config.kubernetes.io/",
    "openshift.io/", "kustomize.toolkit.fluxcd.io/",
)
MARKS = ("config.kubernetes.io/origin", "linkwright.dev/")


class Loader(yaml.SafeLoader):
    """YAML as the API server's clients read it: no dates, no YAML 1.1 words."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def objects(document):
    if not isinstance(document, dict):
        return
    if isinstance(document.get("items"), list) and str(document.get("kind", "")).endswith("List"):
        for item in document["items"]:
            yield from objects(item)
    elif "apiVersion" in document and "kind" in document and "name" in (document.get("metadata") or {}):
        yield document


def name(item):
    metadata = item["metadata"]
    place = metadata.get("namespace")
    return f"{item['kind']} {place + '/' if place else ''}{metadata['name']}"


def load(path):
    with open(path, encoding="utf-8") as file:
        return list(yaml.load_all(file, Loader))


def files(root):
    for folder, _, names in os.walk(root):
        for each in names:
            yield os.path.join(folder, each)


def read_report(root):
    with open(f"{root}/report.json", encoding="utf-8") as file:
        return json.load(file)


def handover(root):
    taken = {}
    for line in read_report(root)["objects"]:
        if line["place"] and line["output"] and line["outcome"] in ("identical", "equivalent", "different"):
            for place in [line["place"]] + line.get("copies", []):
                taken.setdefault(place.rsplit(":", 1)[0], set()).add(line["object"])

    def without(document, names, namespace):
        if isinstance(document, dict) and isinstance(document.get("items"), list):
            kept = [without(item, names, namespace) for item in document["items"]]
            return {**document, "items": [item for item in kept if item is not None]}
        for item in objects(document):
            if name(item) in names or name(placed(item, namespace)) in names:
                return None
        return document

    namespace = option(root, "namespace")
    for path, names in taken.items():
        file = f"{root}/fleet/{path}"
        if not os.path.exists(file):
            continue
        kept = [without(document, names, namespace) for document in load(file)]
        with open(file, "w", encoding="utf-8") as out:
            yaml.safe_dump_all([document for document in kept if document is not None], out)


def option(root, key):
    path = f"{root}/options"
    words = open(path, encoding="utf-8").read().split() if os.path.exists(path) else []
    return next((word.split("=", 1)[1] for word in words if word.startswith(key + "=")), None)


def placed(item, namespace):
    if namespace is None or item["metadata"].get("namespace") or item["kind"] in ("Namespace", "Node"):
        return item
    return {**item, "metadata": {**item["metadata"], "namespace": namespace}}


def cleaned(item):
    """The object as somebody would write it."""
    item = json.loads(json.dumps(item))
    item.pop("status", None)
    metadata = item["metadata"]
    for key in LIVE:
        metadata.pop(key, None)
    annotations = metadata.get("annotations") or {}
    kept = {k: v for k, v in annotations.items() if not k.startswith(BOOKKEEPING) and not k.startswith(MARKS)}
    if kept:
        metadata["annotations"] = kept
    else:
        metadata.pop("annotations", None)
    return item


def flat(value, path="", out=None):
    out = {} if out is None else out
    if isinstance(value, dict) and value:
        for key, each in value.items():
            flat(each, f"{path}.{key}" if path else key, out)
    elif isinstance(value, list) and value:
        for index, each in enumerate(value):
            flat(each, f"{path}[{index}]", out)
    else:
        out[path] = value
    return out


def order(items):
    return sorted(items, key=lambda each: json.dumps(each, sort_keys=True))


def equality(selector):
    """Expressions with one value are labels."""
    rest = []
    for each in (selector or {}).get("matchExpressions") or []:
        labels = selector.setdefault("matchLabels", {})
        if each["operator"] == "In" and len(each.get("values") or []) == 1 and each["key"] not in labels:
            labels[each["key"]] = each["values"][0]
        else:
            rest.append(each)
    if selector and "matchExpressions" in selector:
        selector["matchExpressions"] = rest
        if not rest:
            del selector["matchExpressions"]


def meant(item):
    """The object in the API's terms."""
    item = json.loads(json.dumps(item))
    kind, spec = item["kind"], item.get("spec") or {}
    if kind == "NetworkPolicy":
        spec.setdefault("policyTypes", ["Ingress"] + (["Egress"] if "egress" in spec else []))
        spec["policyTypes"] = order(spec["policyTypes"])
        equality(spec.get("podSelector"))
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            for rule in spec.get(direction) or []:
                for port in rule.get("ports") or []:
                    port.setdefault("protocol", "TCP")
                for peer in rule.get(peers) or []:
                    equality(peer.get("podSelector"))
                    equality(peer.get("namespaceSelector"))
                for key in ("ports", peers):
                    if rule.get(key):
                        rule[key] = order(rule[key])
            if spec.get(direction):
                spec[direction] = order(spec[direction])
    if kind == "TransportServerClaim":
        if spec.get("overrideServicePort") is False:
            del spec["overrideServicePort"]
        if str(spec.get("servicePort", "")).isdigit():
            spec["servicePort"] = int(spec["servicePort"])
    if kind == "Service":
        spec.setdefault("type", "ClusterIP")
        for key, usual in (
            ("sessionAffinity", "None"), ("internalTrafficPolicy", "Cluster"),
            ("externalTrafficPolicy", "Cluster"), ("ipFamilyPolicy", "SingleStack"),
        ):
            if spec.get(key) == usual:
                del spec[key]
        for key in ("clusterIPs", "ipFamilies") + (("clusterIP",) if spec.get("clusterIP") != "None" else ()):
            spec.pop(key, None)
        for port in spec.get("ports") or []:
            port.setdefault("protocol", "TCP")
            port.setdefault("targetPort", port["port"])
    if kind == "EndpointSlice":
        for port in item.get("ports") or []:
            port.setdefault("protocol", "TCP")
        for endpoint in item.get("endpoints") or []:
            conditions = endpoint.get("conditions") or {}
            for key, usual in (("ready", True), ("serving", True), ("terminating", False)):
                if conditions.get(key) is usual:
                    del conditions[key]
            if not conditions:
                endpoint.pop("conditions", None)
    if kind == "Endpoints":
        for subset in item.get("subsets") or []:
            subset["addresses"] = order(subset.get("addresses") or [])
            for port in subset.get("ports") or []:
                port.setdefault("protocol", "TCP")
    if kind == "OrganizationSetting":
        reach = (spec.get("networkSettings") or {}).get("networkReachability") or {}
        for key, text in reach.items():
            reach[key] = ",".join(sorted(part.strip() for part in text.split(",") if part.strip()))
    return item


def differing(a, b):
    a, b = flat(a), flat(b)
    return sorted(path for path in a.keys() | b.keys() if a.get(path, KeyError) != b.get(path, KeyError))


def built(root, cluster):
    folder = f"{root}/fleet/rendered/{cluster}"
    found = []
    if os.path.exists(f"{folder}/manifests"):
        output = subprocess.run(
            ["kubectl", "kustomize", f"{folder}/manifests"], capture_output=True, text=True, check=True).stdout
        found += [item for document in yaml.load_all(output, Loader) for item in objects(document)]
    if os.path.exists(f"{folder}/fragments"):
        for path in files(f"{folder}/fragments"):
            if os.path.basename(path).startswith("tctl-"):
                found += [item for document in load(path) for item in objects(document)]
    return {(name(item), item["apiVersion"].split("/")[0] if "/" in item["apiVersion"] else ""): item
            for item in found}


def compare(root):
    report = read_report(root)
    faults = []
    namespace = option(root, "namespace")
    originals = {}
    with open(f"{root}/clusters.json", encoding="utf-8") as file:
        clusters = json.load(file)
    for cluster, paths in clusters.items():
        for path in paths:
            for document in load(f"{root}/original/{path}"):
                for item in objects(document):
                    if {"helm.sh/hook", "argocd.argoproj.io/hook"} & set(item["metadata"].get("annotations") or {}):
                        continue
                    item = placed(item, namespace)
                    group = item["apiVersion"].split("/")[0] if "/" in item["apiVersion"] else ""
                    originals.setdefault((cluster, name(item), group), item)
    emitted = {
        (cluster, *key): item for cluster in clusters for key, item in built(root, cluster).items()
    }
    proved = 0
    reported = {}
    for line in report["objects"]:
        reported.setdefault((line["cluster"], line["object"]), []).append(line)
    for key, item in emitted.items():
        lines = [line for line in reported.get(key[:2], []) if line["output"]]
        if not lines:
            faults.append(f"{key} is emitted, and the report says nothing of it")
            continue
        line = lines[0]
        original = originals.get(key)
        if line["outcome"] == "added":
            if original is not None:
                faults.append(f"{key} is called added, and it is there already")
            continue
        if original is None:
            faults.append(f"{key} is called {line['outcome']}, and no manifest has it")
            continue
        written = differing(cleaned(original), cleaned(item))
        means = differing(meant(cleaned(original)), meant(cleaned(item)))
        named = {each["path"] for each in line["differences"]}
        matters = [each["path"] for each in line["differences"] if each["reason"] is None]
        proved += 1
        if line["outcome"] == "identical" and written:
            faults.append(f"{key} is called identical: {written}")
        if line["outcome"] in ("equivalent", "different"):
            # Normal forms may move an item of a list: then its list must be named.
            lost = [path for path in means if path not in named and path.split("[")[0] not in
                    {each.split("[")[0] for each in named}]
            if lost:
                faults.append(f"{key} differs, and the report does not say so: {lost}")
            if line["outcome"] == "equivalent" and matters:
                faults.append(f"{key} is called equivalent: {matters}")
            if line["outcome"] == "different" and not matters:
                faults.append(f"{key} is called different without a field that matters")
    for line in report["objects"]:
        if line["outcome"] not in ("identical", "equivalent") or line["object"].startswith("Helm values"):
            continue
        if not any(key[:2] == (line["cluster"], line["object"]) for key in emitted):
            faults.append(f"{line['cluster']} {line['object']} is called {line['outcome']}, and nothing is emitted")
    for fault in faults:
        print(fault)
    print(f"{proved} objects compared")
    return 1 if faults else 0


if __name__ == "__main__":
    command, folder = sys.argv[1:]
    sys.exit({"handover": handover, "compare": compare}[command](folder) or 0)
