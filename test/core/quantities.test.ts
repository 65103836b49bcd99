import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { toQuantities, toResources } from '../../src/core/quantities';

test('numbers, sizes and CPUs become quantities; what is not given is left out', () => {
  const given = { pods: 20, memory: Size.gibibytes(1), cpu: kplus.Cpu.millis(250), storage: '5Gi', claims: undefined };
  expect(toQuantities(given)).toEqual(
    Object.fromEntries(
      Object.entries({ pods: '20', memory: '1024Mi', cpu: '250m', storage: '5Gi' }).map(([resource, value]) => [
        resource,
        kplus.k8s.Quantity.fromString(value),
      ]),
    ),
  );
});

test('requests and limits of a container become quantities; a kind without any is absent', () => {
  const { Quantity } = kplus.k8s;
  expect(
    toResources({
      cpu: { request: kplus.Cpu.millis(50) },
      memory: { request: Size.mebibytes(32) },
      ephemeralStorage: { request: Size.gibibytes(1) },
    }),
  ).toEqual({
    requests: {
      cpu: Quantity.fromString('50m'),
      memory: Quantity.fromString('32Mi'),
      'ephemeral-storage': Quantity.fromString('1024Mi'),
    },
    limits: undefined,
  });
});
