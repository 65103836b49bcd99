import { Chart, Testing } from 'cdk8s';
import { PolicyAction, SystemPodPolicy, SystemPodPolicyProps } from '../../src/policy';
import { RuleSeverity, SystemPodRules } from '../../src/rules';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
function synth(props?: SystemPodPolicyProps): any {
  const chart = new Chart(Testing.app(), 'test', { namespace: 'stamped' });
  new SystemPodPolicy(chart, 'it', props);
  const objects = Testing.synth(chart);
  const named = (kind: string) =>
    Object.fromEntries(objects.filter((o) => o.kind === kind).map((o) => [o.metadata.name, o.spec]));
  return { objects, policies: named('ValidatingAdmissionPolicy'), bindings: named('ValidatingAdmissionPolicyBinding') };
}

test('has every rule that can be expressed in CEL: errors deny, warnings warn', () => {
  const { policies, bindings } = synth();

  const ids = (severity: RuleSeverity) =>
    SystemPodRules.all()
      .filter((rule) => rule.severity === severity && rule.cel !== undefined)
      .map((rule) => rule.id);
  const said = (name: string) =>
    policies[name].validations.map((v: { message: string }) => /^rule (\S+):/.exec(v.message)?.[1]);
  expect(Object.keys(policies)).toEqual(['sysbox-pods', 'sysbox-pods-warnings', 'sysbox-pods-namespaces']);
  expect(said('sysbox-pods')).toEqual(ids(RuleSeverity.ERROR));
  expect(said('sysbox-pods-warnings')).toEqual(ids(RuleSeverity.WARNING));
  expect(bindings['sysbox-pods']).toEqual({ policyName: 'sysbox-pods', validationActions: ['Deny'] });
  expect(bindings['sysbox-pods-warnings'].validationActions).toEqual(['Warn']);
});

test('renders one rule', () => {
  const { policies } = synth({
    excludedRules: SystemPodRules.all()
      .filter((r) => r.cel && r.id !== 'privileged')
      .map((r) => r.id),
  });

  expect(policies['sysbox-pods']).toMatchSnapshot();
});

test('keeps the RuntimeClass of the installer’s own pods in their namespace', () => {
  const { policies } = synth({ runtimeClassNames: ['a', 'b'] });
  const [validation] = policies['sysbox-pods-namespaces'].validations;
  expect(validation.expression).toMatch(
    /^!\(.*runtimeClassName.* in \['a-verification', 'b-verification'\]\) \|\| namespaceObject.metadata.name in \['sysbox-verification'\]$/,
  );
  expect(validation.message).toBe(
    "only the installer's pods in sysbox-verification may use the RuntimeClass a-verification, b-verification. Use 'a', 'b'",
  );
});

test('is cluster-scoped, also in a chart with a namespace', () => {
  for (const object of synth({ allowedIn: { names: ['a'] } }).objects)
    expect(object.metadata).not.toHaveProperty('namespace');
});

const everyProp: Required<SystemPodPolicyProps> = {
  name: 'mine',
  runtimeClassNames: ['a', 'b'],
  actions: [PolicyAction.WARN, PolicyAction.AUDIT],
  warnings: false,
  excludedRules: ['host-path'],
  idsPerPod: 131072,
  honorAcknowledgements: true,
  exemptNamespaces: ['kube-system'],
  allowedIn: { names: ['a', 'b'], labels: { x: '1', y: '2' } },
  requiredIn: { labels: { z: '3' } },
};
type Out = ReturnType<typeof synth>;
const shown: Record<keyof SystemPodPolicyProps, (out: Out) => void> = {
  name: ({ policies }) => expect(Object.keys(policies)).toEqual(['mine', 'mine-warnings', 'mine-namespaces']),
  runtimeClassNames: ({ policies }) =>
    expect(policies['sysbox-pods'].matchConditions[0].expression).toMatch(/runtimeClassName.*in \['a', 'b'\]$/),
  actions: ({ bindings }) => expect(bindings['sysbox-pods'].validationActions).toEqual(['Warn', 'Audit']),
  warnings: ({ policies }) => expect(Object.keys(policies)).not.toContain('sysbox-pods-warnings'),
  excludedRules: ({ policies }) => expect(JSON.stringify(policies)).not.toContain('rule host-path:'),
  honorAcknowledgements: ({ policies }) => {
    expect(JSON.stringify(policies)).toContain('cdk8s-sysbox.io/acknowledge.host-path');
    expect(JSON.stringify(policies)).not.toContain('cdk8s-sysbox.io/acknowledge.host-users');
  },
  idsPerPod: ({ policies }) =>
    expect(policies['sysbox-pods'].variables).toContainEqual({ name: 'idsPerPod', expression: '131072' }),
  exemptNamespaces: ({ bindings }) =>
    expect(bindings['sysbox-pods'].matchResources.namespaceSelector.matchExpressions).toEqual([
      { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] },
    ]),
  allowedIn: ({ policies }) =>
    expect(policies['sysbox-pods-namespaces'].validations[0].expression).toMatch(
      /\|\| namespaceObject.metadata.name in \['a', 'b'\] \|\| \(.*'x'.* == '1' && .*'y'.* == '2'\)$/,
    ),
  requiredIn: ({ policies }) =>
    expect(policies['sysbox-pods-namespaces'].validations[0].expression).toMatch(
      /^!\(\(namespaceObject.*'z'.* == '3'\)\) \|\| /,
    ),
};

test.each(Object.keys(everyProp) as (keyof SystemPodPolicyProps)[])('has the prop %s', (prop) => {
  shown[prop](synth({ [prop]: everyProp[prop] }));
  expect(() => shown[prop](synth())).toThrow();
});

test('exposes the names of its policies', () => {
  const policy = new SystemPodPolicy(Testing.chart(), 'it', { requiredIn: { names: ['a'] } });

  expect(policy.policyNames).toEqual(['sysbox-pods', 'sysbox-pods-warnings', 'sysbox-pods-namespaces']);
});

test.each<[string, SystemPodPolicyProps, string]>([
  ['a bad name', { name: 'A' }, "test/it: name 'A' is not a valid DNS subdomain name"],
  [
    'no RuntimeClass',
    { runtimeClassNames: [] },
    'test/it: runtimeClassNames is empty. Name a RuntimeClass, or omit it',
  ],
  ['a bad RuntimeClass', { runtimeClassNames: ['A'] }, "test/it: runtimeClassNames 'A' is"],
  ['ids that no kubelet gives', { idsPerPod: 70000 }, "test/it: idsPerPod is 70000. Give the kubelet's userNamespaces"],
  ['an empty list of actions', { actions: [] }, 'test/it: actions is empty. Give at least one, such as AUDIT'],
  [
    'two actions that exclude each other',
    { actions: [PolicyAction.DENY, PolicyAction.WARN] },
    'test/it: actions has both DENY and WARN, which the API server rejects. Omit one',
  ],
  ['allowedIn no namespace', { allowedIn: {} }, 'test/it: allowedIn selects no namespace. Give names or labels'],
  [
    'requiredIn no namespace',
    { requiredIn: { names: [] } },
    'test/it: requiredIn selects no namespace. Give names or labels',
  ],
  [
    'an invalid namespace',
    { requiredIn: { names: ['Team_A'] } },
    "test/it: requiredIn 'Team_A' is not a valid DNS label",
  ],
  [
    'an invalid label',
    { allowedIn: { labels: { a: 'b c' } } },
    "test/it: allowedIn: 'b c' (of 'a') is not a valid label",
  ],
  [
    'an invalid exempt namespace',
    { exemptNamespaces: ['A'] },
    "test/it: exemptNamespaces 'A' is not a valid DNS label",
  ],
  [
    'an unknown rule',
    { excludedRules: ['x'] },
    "test/it: excludedRules: the policy has no rule 'x'. Its rules are host-users,",
  ],
  [
    'a rule that cannot be expressed in CEL',
    { excludedRules: ['special-directory-pods'] },
    "test/it: excludedRules: the policy has no rule 'special-directory-pods'.",
  ],
])('refuses %s', (_, props, message) => {
  expect(() => synth(props)).toThrow(message);
});
