// The objects of `linkwright-bench generate DIR n` as one jsonnet program makes them, by path: what a fleet
// costs in a template language, without any reading, binding or checking. Texts are joined with '+', since
// jsonnet's '%' is much slower.
//   jsonnet --tla-code n=1000 .ci/bench.jsonnet
local addresses = { gold: '142.34.229.4', golddr: '142.34.64.4' };
local opposite = { gold: 'golddr', golddr: 'gold' };

local namespaces(n) = [
  '%06x-test' % ((number * 10368889) & 16777215)
  for number in std.range(1, std.ceil(n / 20))
];

local connection(i, namespace) = {
  local name = 'db-' + i,
  local isBothWays = i % 3 == 0,
  local port(cluster) = 1024 + (i * 2 + (if cluster == 'gold' then 0 else 1)) % 64000,
  local metadata(objectName, labels={}, annotations={}) = {
    name: objectName,
    namespace: namespace,
    annotations: annotations {
      'config.kubernetes.io/origin': 'path: connections/' + namespace + '/' + name + '.yaml\n',
      'linkwright.dev/connection': namespace + '/' + name,
    },
    [if labels != {} then 'labels']: labels,
  },
  local managed = { 'app.kubernetes.io/managed-by': 'linkwright' },
  local monitor = { interval: 10, timeout: 10, type: 'tcp' },
  local path(cluster, part, file) = cluster + '/' + part + '/' + namespace + '/' + file + '.yaml',

  local claim = {
    [path('gold', 'manifests', 'transportserverclaim-' + name + '-tsc')]: {
      apiVersion: 'porter.devops.gov.bc.ca/v1alpha1',
      kind: 'TransportServerClaim',
      metadata: metadata(name + '-tsc', managed, { 'argocd.argoproj.io/sync-wave': '1' }),
      spec: { monitor: monitor, overrideServicePort: true, service: name, servicePort: 5432 },
    },
  },
  local policy(cluster) = {
    [path(cluster, 'manifests', 'networkpolicy-allow-from-f5-ingress-' + name)]: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: metadata('allow-from-f5-ingress-' + name, managed),
      spec: {
        ingress: [{
          from: [
            { namespaceSelector: { matchLabels: { 'network.openshift.io/policy-group': 'ingress' } } },
            { namespaceSelector: { matchLabels: { 'policy-group.network.openshift.io/ingress': '' } } },
          ],
          ports: [{ port: 5432, protocol: 'TCP' }],
        }],
        podSelector: { matchLabels: { 'app.kubernetes.io/name': name } },
        policyTypes: ['Ingress'],
      },
    },
  },
  local server(cluster) = {
    [path(cluster, 'expected', 'transportserver-' + name + '-tsc')]: {
      apiVersion: 'cis.f5.com/v1',
      kind: 'TransportServer',
      metadata: metadata(name + '-tsc', { f5cr: 'nodeport' }),
      spec: {
        mode: 'performance',
        pool: { monitor: monitor, service: name, servicePort: 5432 },
        snat: 'auto',
        virtualServerAddress: addresses[cluster],
        virtualServerPort: port(cluster),
      },
    },
  },
  local consumer(cluster) = local consumerName = name + '-' + cluster; {
    [path(opposite[cluster], 'expected', 'service-' + consumerName)]: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(consumerName),
      spec: { ports: [{ port: 5432, protocol: 'TCP', targetPort: port(cluster) }] },
    },
    [path(opposite[cluster], 'expected', 'endpoints-' + consumerName)]: {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: metadata(consumerName),
      subsets: [{ addresses: [{ ip: addresses[cluster] }], ports: [{ port: port(cluster) }] }],
    },
  },

  objects:
    claim + policy('gold') + (if isBothWays then policy('golddr') else {})
    + server('gold') + server('golddr') + consumer('gold') + consumer('golddr'),
}.objects;

function(n=1000)
  local names = namespaces(n);
  [connection(i, names[std.floor(i / 20)]) for i in std.range(0, n - 1)]
