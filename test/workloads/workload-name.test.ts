import { kinds, newChart, ubuntu } from './kinds';

const named = (kind: string, length: number) => () =>
  kinds[kind]?.make(newChart(), 'it', { ...ubuntu, metadata: { name: 'a'.repeat(length) } });

test.each(['SystemStatefulSet', 'SystemCronJob'])('%s refuses a name that no pod can be made from', (kind) => {
  expect(named(kind, 52)).not.toThrow();
  expect(named(kind, 53)).toThrow(
    `test/it: '${'a'.repeat(53)}' has 53 characters, and a ${kind.replace('System', '')} can have 52: the names of its pods ` +
      "are made from it. Give a shorter one as 'metadata.name'",
  );
});

test('a name that cdk8s made of a long path is refused as well', () => {
  const path = 'a-machine-of-a-person-of-some-team-of-the-company';

  expect(() => kinds.SystemStatefulSet?.make(newChart(), path, { containers: ubuntu.containers })).toThrow(
    'characters, and a StatefulSet can have 52',
  );
});
