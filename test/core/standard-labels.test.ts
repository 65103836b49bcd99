import * as kplus from 'cdk8s-plus-30';
import { addStandardLabels, standardLabels } from '../../src/core/standard-labels';
import { version } from '../../package.json';
import { synth } from '../support/synth';

test('objects carry the recommended labels, with the version of this package', () => {
  expect(standardLabels('sysbox-installer')).toEqual({
    'app.kubernetes.io/name': 'sysbox-installer',
    'app.kubernetes.io/part-of': 'cdk8s-sysbox',
    'app.kubernetes.io/managed-by': 'cdk8s-sysbox',
    'app.kubernetes.io/version': version,
  });
});

test('a label that an object has already stays', () => {
  const [object] = synth((chart) => {
    new kplus.ConfigMap(chart, 'c', { metadata: { labels: { 'app.kubernetes.io/name': 'mine' } } });
    addStandardLabels(chart, 'sysbox-runtime');
  });
  expect(object?.metadata.labels).toEqual({ ...standardLabels('x'), 'app.kubernetes.io/name': 'mine' });
});
