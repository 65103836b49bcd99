import { Chart, Testing } from 'cdk8s';
import { Construct } from 'constructs';
import {
  K3sCluster,
  SandboxNamespace,
  SysboxRuntime,
  SysboxRuntimeClass,
  SystemDeployment,
  SystemPodPolicy,
} from '../../src';

type Make = (scope: Construct, id: string) => Construct;

const kinds: Record<string, [make: Make, message: string]> = {
  SysboxRuntime: [
    (scope, id) => new SysboxRuntime(scope, id),
    "b/RuntimeClass/Resource: RuntimeClass 'sysbox-runc' is made by app/a/RuntimeClass/Resource as well",
  ],
  K3sCluster: [
    (scope, id) => new K3sCluster(scope, id, { clusterName: 'dev', version: 'v1.36.2+k3s1' }),
    ' is made by app/a/',
  ],
  SystemPodPolicy: [
    (scope, id) => new SystemPodPolicy(scope, id),
    "ValidatingAdmissionPolicy 'sysbox-pods' is made by app/a/sysbox-pods as well",
  ],
  SandboxNamespace: [
    (scope, id) => new SandboxNamespace(scope, id, { name: 'team' }),
    "b/Resource: Namespace 'team' is made by app/a/Resource as well",
  ],
  SystemDeployment: [
    (scope, id) => new SystemDeployment(scope, id, { metadata: { name: 'web', namespace: 'team' } }),
    "b/Resource: Deployment 'team/web' is made by app/a/Resource as well",
  ],
};

const newApp = () => {
  const app = Testing.app();
  return { app, chart: new Chart(app, 'app', { namespace: 'apps' }) };
};

let warnings: string[];
beforeEach(() => {
  warnings = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => warnings.push(String(text)) > 0);
});
afterEach(() => jest.restoreAllMocks());

describe.each(Object.entries(kinds))('%s', (_, [make, message]) => {
  test('twice in a chart is an error that names both', () => {
    const { chart } = newApp();
    make(chart, 'a');
    expect(() => make(chart, 'b')).toThrow(message);
    expect(() => make(chart, 'c')).toThrow('Make it once, or give one of them another name or namespace');
  });

  test('in a nested chart too, also of another namespace for objects that have none', () => {
    const { chart } = newApp();
    make(chart, 'a');
    expect(() => make(new Chart(chart, 'nested', { namespace: 'apps' }), 'b')).toThrow(message);
  });

  test('removed and made again is none', () => {
    const { chart } = newApp();
    make(chart, 'a');
    chart.node.tryRemoveChild('a');
    expect(() => make(chart, 'a')).not.toThrow();
  });
});

test('a runtime and a runtime class of one name are an error', () => {
  const { chart } = newApp();
  new SysboxRuntimeClass(chart, 'a');
  expect(() => new SysboxRuntime(chart, 'b')).toThrow(
    "app/b/RuntimeClass/Resource: RuntimeClass 'sysbox-runc' is made by app/a/Resource as well, and one overwrites the other",
  );
});

test('the same names in another namespace are no conflict, unless the object has no namespace', () => {
  const { chart } = newApp();
  kinds.K3sCluster![0](chart, 'a');
  kinds.SystemPodPolicy![0](chart, 'p');
  const other = new Chart(chart, 'other', { namespace: 'other' });
  expect(() => kinds.K3sCluster![0](other, 'b')).not.toThrow();
  expect(() => kinds.SystemPodPolicy![0](other, 'q')).toThrow('sysbox-pods');
  expect(warnings).toEqual([]);
});

test('in another chart of the app, for another cluster perhaps, they are a warning, printed once', () => {
  const { app, chart } = newApp();
  new SysboxRuntimeClass(chart, 'a');
  new SysboxRuntimeClass(new Chart(app, 'second'), 'a');
  expect(warnings).toEqual([
    "cdk8s-sysbox: warning: second/a/Resource: RuntimeClass 'sysbox-runc' is made by app/a/Resource as well. In one cluster, one chart overwrites the other's\n",
  ]);
});

test('another app has names of its own', () => {
  const [first, second] = [newApp(), newApp()];
  kinds.SandboxNamespace![0](first.chart, 'a');
  kinds.SandboxNamespace![0](second.chart, 'a');
  expect(warnings).toEqual([]);
});

describe('CDK8S_SYSBOX_WARNINGS', () => {
  const warn = () => {
    const { app, chart } = newApp();
    new SysboxRuntimeClass(chart, 'x');
    new SysboxRuntimeClass(new Chart(app, 'third'), 'y');
  };
  afterEach(() => delete process.env.CDK8S_SYSBOX_WARNINGS);

  test('off silences warnings', () => {
    process.env.CDK8S_SYSBOX_WARNINGS = 'off';
    warn();
    expect(warnings).toEqual([]);
  });

  test('error makes them errors', () => {
    process.env.CDK8S_SYSBOX_WARNINGS = 'error';
    expect(warn).toThrow("third/y/Resource: RuntimeClass 'sysbox-runc' is made by app/x/Resource as well");
  });
});
