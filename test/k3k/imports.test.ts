import { Testing } from 'cdk8s';
import { Cluster } from '../../imports/k3k.io';
import { crd, mistakes } from './crd';

const clusters = crd('clusters.yaml');

test('a Cluster is what its CRD says', () => {
  const chart = Testing.chart();

  new Cluster(chart, 'cluster', {
    spec: { servers: 1, hostUsers: false, clusterCidr: '10.52.0.0/16', tlsSaNs: ['a'] },
  });

  const [cluster] = Testing.synth(chart);
  expect(mistakes(cluster, clusters)).toEqual([]);
  expect(cluster.spec).toEqual({ servers: 1, hostUsers: false, clusterCIDR: '10.52.0.0/16', tlsSANs: ['a'] });
});

test.each([
  ['an unknown field', { hostUser: false }, '.spec.hostUser: unknown'],
  ['a wrong type', { servers: '1' }, '.spec.servers: string instead of integer'],
  ['a value that is none', { mode: 'vm' }, ".spec.mode: 'vm' is none of shared,virtual,hcp"],
  ['a missing field', { addons: [{}], customCAs: { enabled: true } }, '.spec.customCAs.sources: missing'],
  ['something deep', { serverEnvs: [{ name: 'A', valu: 'b' }] }, '.spec.serverEnvs[0].valu: unknown'],
])('the check finds %s', (_, spec, message) => {
  expect(mistakes({ apiVersion: 'k3k.io/v1beta1', kind: 'Cluster', spec }, clusters)).toContain(message);
});
