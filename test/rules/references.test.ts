import { parseAllDocuments } from 'yaml';
import { SystemPodRules } from '../../src/rules';

// Pods that are described in several objects: what runs under Sysbox names the container in another one.
const findings = (text: string) => {
  const manifests = parseAllDocuments(text).map((document) => document.toJS());
  return SystemPodRules.check(manifests)
    .filter(({ rule }) => rule === 'privileged' || rule === 'unrecognized-pod')
    .map(({ rule, objectKind, objectName, path }) => `${rule}: ${objectKind} ${objectName}: ${path}`);
};

const privileged = "{ name: a, image: 'a:1', securityContext: { privileged: true } }";
const task = (name: string, more = '') => `
apiVersion: tekton.dev/v1
kind: Task
metadata: { name: ${name}${more} }
spec: { steps: [${privileged}] }
`;
const taskRun = (spec: string) => `
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: { name: run, namespace: ci }
spec: { podTemplate: { runtimeClassName: sysbox-runc }, ${spec} }
`;

describe('Tekton', () => {
  test('a Task that a TaskRun names', () => {
    expect(findings(`${taskRun('taskRef: { name: build }')}---${task('build', ', namespace: ci')}`)).toEqual([
      'privileged: TaskRun run: spec.taskRef',
    ]);
  });

  test('a Task without a namespace is that of any run', () => {
    expect(findings(`${taskRun('taskRef: { name: build }')}---${task('build')}`)).toHaveLength(1);
  });

  test.each([
    ['of another name', taskRun('taskRef: { name: other }'), task('build')],
    ['of another namespace', taskRun('taskRef: { name: build }'), task('build', ', namespace: other')],
    ['of another kind', taskRun('taskRef: { name: build, kind: ClusterTask }'), task('build')],
    ['that a resolver fetches', taskRun('taskRef: { resolver: git, params: [] }'), task('build')],
  ])('no Task %s', (_, run, other) => {
    expect(findings(`${run}---${other}`)).toEqual([]);
  });

  test('a step that is a StepAction', () => {
    const action = `
apiVersion: tekton.dev/v1
kind: StepAction
metadata: { name: engine, namespace: ci }
spec: { image: 'a:1', securityContext: { privileged: true } }
`;
    expect(findings(`${taskRun('taskSpec: { steps: [{ name: a, ref: { name: engine } }] }')}---${action}`)).toEqual([
      'privileged: TaskRun run: spec.taskSpec.steps[0].securityContext.privileged',
    ]);
  });

  test('the tasks of a Pipeline that a PipelineRun names, and of one within it', () => {
    const run = (spec: string) => `
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: { name: run, namespace: ci }
spec: { taskRunTemplate: { podTemplate: { runtimeClassName: sysbox-runc } }, ${spec} }
`;
    const pipeline = `
apiVersion: tekton.dev/v1
kind: Pipeline
metadata: { name: all, namespace: ci }
spec:
  tasks: [{ name: b, taskRef: { name: build } }]
  finally: [{ name: c, taskSpec: { steps: [${privileged}] } }]
`;
    expect(findings(`${run('pipelineRef: { name: all }')}---${pipeline}---${task('build')}`)).toEqual([
      'privileged: PipelineRun run: spec.pipelineRef',
      'privileged: PipelineRun run: spec.pipelineRef',
    ]);
    expect(
      findings(`${run('pipelineSpec: { tasks: [{ name: b, taskRef: { name: build } }] }')}---${task('build')}`),
    ).toEqual(['privileged: PipelineRun run: spec.pipelineSpec.tasks[0].taskRef']);
  });
});

describe('Argo Workflows', () => {
  const workflow = (spec: string) => `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: { name: run, namespace: ci }
spec: { podSpecPatch: 'runtimeClassName: sysbox-runc', ${spec} }
`;
  const template = (name: string, templates: string, kind = 'WorkflowTemplate') => `
apiVersion: argoproj.io/v1alpha1
kind: ${kind}
metadata: { name: ${name} }
spec: { templates: [${templates}] }
`;
  const main = "{ name: main, container: { image: 'a:1', securityContext: { privileged: true } } }";

  test('a WorkflowTemplate that a Workflow runs', () => {
    expect(findings(`${workflow('workflowTemplateRef: { name: build }')}---${template('build', main)}`)).toEqual([
      'privileged: Workflow run: spec.workflowTemplateRef',
    ]);
  });

  test('a template of another object, and those that it runs in turn', () => {
    const call = 'templates: [{ name: all, dag: { tasks: [{ name: a, templateRef: { name: one, template: all } }] } }]';
    const one = template(
      'one',
      '{ name: all, steps: [[{ name: b, template: next }, { name: c, template: all }]] }, { name: next, steps: [[{ name: d, templateRef: { name: two, template: main, clusterScope: true } }]] }',
    );
    const two = template('two', main, 'ClusterWorkflowTemplate');
    expect(findings(`${workflow(call)}---${one}---${two}`)).toEqual([
      'privileged: Workflow run: spec.templates[0].dag.tasks[0].templateRef',
    ]);
  });

  test('a template that is there and not named does not run', () => {
    const call = 'templates: [{ name: all, steps: [[{ name: a, templateRef: { name: one, template: other } }]] }]';
    expect(findings(`${workflow(call)}---${template('one', main)}`)).toEqual([
      'unrecognized-pod: Workflow run: spec.podSpecPatch',
    ]);
  });
});

describe('the older runner controller of GitHub Actions', () => {
  const runner = (spec: string) => `
apiVersion: actions.summerwind.dev/v1alpha1
kind: Runner
metadata: { name: run }
spec: { repository: a/b, runtimeClassName: sysbox-runc, ${spec} }
`;

  test.each([
    ['adds a privileged Docker', '', ['spec.dockerEnabled']],
    [
      'makes a runner with Docker privileged',
      'dockerdWithinRunnerContainer: true',
      ['spec.securityContext.privileged'],
    ],
    ['leaves a Docker with a securityContext as it is', 'containers: [{ name: docker, securityContext: {} }]', []],
    ['adds no Docker where it is off', 'dockerEnabled: false', []],
    ['adds no Docker to the mode kubernetes', 'containerMode: kubernetes', []],
    ['makes nothing privileged with SELinux options', 'securityContext: { seLinuxOptions: { level: s0 } }', []],
  ])('%s', (_, spec, paths) => {
    expect(findings(runner(spec))).toEqual(paths.map((path) => `privileged: Runner run: ${path}`));
  });
});

test('a Secret is read as kubectl prints it', () => {
  const toml = Buffer.from('runtime_class_name = "sysbox-runc"').toString('base64');
  expect(
    findings(`apiVersion: v1\nkind: Secret\nmetadata: { name: run }\ndata: { config.toml: ${toml}, other: eA== }`),
  ).toEqual(["unrecognized-pod: Secret run: data['config.toml']"]);
});
