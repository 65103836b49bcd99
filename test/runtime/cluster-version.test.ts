import { ClusterFeatures, ClusterVersion } from '../../src/runtime/cluster-version';

const { stopSignal, restrictedAsRoot } = ClusterFeatures;

test('a feature that no release has by default is refused until its gate is named', () => {
  expect(new ClusterVersion('1.36').refusal(stopSignal)).toBe(
    'lifecycle.stopSignal works in no release without a feature gate yet, and the cluster is 1.36 (KEP-4960). Turn on the ' +
      "feature gate ContainerStopSignals (known since 1.33) in the cluster and name it in the runtime's featureGates",
  );
  expect(new ClusterVersion(undefined).refusal(stopSignal)).toContain('in no release without a feature gate yet (KEP');
  expect(new ClusterVersion('1.36', ['ContainerStopSignals']).refusal(stopSignal)).toBeUndefined();
  expect(new ClusterVersion(undefined, ['ContainerStopSignals']).refusal(stopSignal)).toBeUndefined();
});

test('a gate does not help a release that does not know it', () => {
  expect(new ClusterVersion('1.32', ['ContainerStopSignals']).refusal(stopSignal)).toContain('the cluster is 1.32');
});

test('a feature that a release has by default needs no gate, and an unknown cluster is taken to have it', () => {
  expect(new ClusterVersion('1.35').refusal(restrictedAsRoot)).toBeUndefined();
  expect(new ClusterVersion(undefined).refusal(restrictedAsRoot)).toBeUndefined();
  expect(new ClusterVersion('1.34').refusal(restrictedAsRoot)).toMatch(/, or upgrade the cluster$/);
});
