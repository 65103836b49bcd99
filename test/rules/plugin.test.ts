import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { Yaml } from 'cdk8s';
import { ValidationContext } from 'cdk8s-cli/plugins';
import { SysboxValidation, SysboxValidationProps, SystemPodRules } from '../../src/rules';
import { pod, table } from './table';

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'plugin-'));
let files = 0;

async function validate(manifests: object[], props?: SysboxValidationProps, metadata = {}) {
  const file = path.join(directory, `${files++}.k8s.yaml`);
  Yaml.save(file, manifests);
  const context = new ValidationContext([file], 'cdk8s-sysbox', '0.1.0', metadata, false);
  await new SysboxValidation(props).validate(context);
  return { file, report: context.report, json: context.report.toJson() };
}

test.each(table)('agrees with the library on $rule: $name', async ({ manifests }) => {
  const { json, report } = await validate(manifests);

  const findings = SystemPodRules.check(manifests);
  const names = findings.map((f) => `${f.rule} (${f.severity})`);
  expect(json.violations.map((v: { ruleName: string }) => v.ruleName).sort()).toEqual([...new Set(names)].sort());
  expect(report.success).toBe(findings.every((f) => f.severity !== 'error'));
});

test('reports the construct, the place, the reason and the remedy', async () => {
  const metadata = { it: { path: 'app/it/Resource' } };

  const { json, file } = await validate([pod({ hostPID: true })], {}, metadata);

  expect(json.violations).toEqual([
    {
      ruleName: 'host-namespaces (error)',
      recommendation: expect.stringContaining('the API server rejects'),
      fix: expect.stringContaining('Omit it'),
      violatingConstructs: [
        {
          constructPath: 'app/it/Resource',
          resourceName: 'it',
          manifestPath: file,
          locations: ["spec.hostPID: 'hostPID' is true"],
        },
      ],
    },
  ]);
  expect(json.summary).toMatchObject({
    status: 'failure',
    metadata: { errors: '1', warnings: '0', acknowledged: '0' },
  });
});

test('counts what is acknowledged and does not report it', async () => {
  const annotations = { 'cdk8s-sysbox.io/acknowledge.host-path': 'why' };

  const { json } = await validate([pod({ volumes: [{ name: 'a', hostPath: { path: '/' } }] }, { annotations })]);

  expect(json.violations).toEqual([]);
  expect(json.summary).toMatchObject({ status: 'success', metadata: { acknowledged: '1' } });
});

test.each<[keyof SysboxValidationProps, SysboxValidationProps, object]>([
  ['strict', { strict: true }, pod({ enableServiceLinks: true })],
  ['runtimeClassNames', { runtimeClassNames: ['vm'] }, pod({ runtimeClassName: 'vm', hostUsers: true })],
])('has the property %s', async (_, props: SysboxValidationProps, manifest) => {
  expect((await validate([manifest])).report.success).toBe(true);
  expect((await validate([manifest], props)).report.success).toBe(false);
});
