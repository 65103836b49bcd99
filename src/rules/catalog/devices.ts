import { celString, everyContainer } from '../cel';
import { listOf, mapOf } from '../../core/json';
import { Problem, Rule, RuleSeverity } from '../rule';

const NATIVE = '^[^/]*$|^([^/]*\\.)?kubernetes\\.io/';
const isNative = new RegExp(NATIVE);

/** @internal */
export const devices: Rule = {
  id: 'devices',
  severity: RuleSeverity.WARNING,
  reason:
    'devices of the node belong to nobody in a user namespace, and the hooks that inject GPU drivers fail there, so a device plugin or a resource claim gives no usable device',
  remedy:
    'Run the container that needs the device under the default RuntimeClass, and the engine next to it under Sysbox',
  source: 'sysbox docs/user-guide/limitations.md; nestybox/sysbox#50, #1039; nestybox/sysbox-runc#120',
  cel: [
    everyContainer(
      `c.?resources.?limits.orValue({}).all(r, r.matches(${celString(NATIVE)})) && ` +
        `c.?resources.?requests.orValue({}).all(r, r.matches(${celString(NATIVE)}))`,
    ),
    'variables.spec.?resourceClaims.orValue([]).size() == 0',
  ].join(' && '),
  about: ['resources', 'resourceClaims'],
  check: (pod) => [
    ...pod.containers.flatMap((c): Problem[] => {
      const { limits, requests } = mapOf(c.json.resources);
      const lists = { limits, requests };
      return (['limits', 'requests'] as const)
        .flatMap((list) => Object.keys(mapOf(lists[list])).map((name) => ({ list, name })))
        .filter(({ name }) => !isNative.test(name))
        .slice(0, 1)
        .map(({ list, name }) => ({
          at: [...c.at, 'resources', list, name],
          what: `container '${c.name}' requests the device ${name}`,
        }));
    }),
    ...listOf(pod.spec.resourceClaims)
      .slice(0, 1)
      .map(() => ({ at: ['resourceClaims', 0], what: 'the pod claims devices' })),
  ],
};
