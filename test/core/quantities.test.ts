import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { assertResources, toQuantities, toResources } from '../../src/core/quantities';

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

test.each(['1', '250m', '64Mi', '1.5G', '1e3', '.5'])('takes %s', (cpu) => {
  expect(() => assertResources({ cpu }, 'it')).not.toThrow();
});

test('refuses what is not a quantity, and what is not a resource of a pod', () => {
  expect(() => assertResources({ cpu: 'much' }, 'app: overhead')).toThrow(
    "app: overhead: 'much' (of 'cpu') is not a valid quantity. Write '64Mi', '250m' or '1'",
  );
  expect(() => assertResources({ disk: '1' }, 'app: overhead')).toThrow(
    "app: overhead: 'disk' is not a resource of a pod. Write 'cpu', 'memory' or 'ephemeral-storage'",
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
