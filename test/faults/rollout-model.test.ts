// The model of the host program with which test/rollout runs the coordinator (rollout/host/model.sh), against the host program itself.
// The model leaves out everything that lies on a node: files, units, daemons, and what can go wrong with them; of a check only `healthy` is
// compared.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeNode } from './world';

jest.setTimeout(180_000);

type Step = readonly [command: string, ...args: string[]];

/** What the coordinator acts upon: the report of a command, and where the journal stands. */
interface Answer {
  readonly stage: string;
  readonly action: string;
  readonly reason: string;
  readonly state: string;
  readonly unproven: string;
  readonly hasFailed: boolean;
  readonly healthy: boolean;
}

interface Host {
  run(release: string, step: Step): Answer;
  dispose(): void;
}

class RealHost implements Host {
  private readonly node = new FakeNode();

  run(release: string, [command, ...args]: Step): Answer {
    if (release !== this.node.release) this.node.publishRelease(release);
    this.node.run(command, args);
    this.node.settleTimers();
    const { stdout } = this.node.sh('dash "$SYSBOX_ROOT/var/lib/cdk8s-sysbox/programs/current/host.sh" check');
    const report = this.node.exists('/var/lib/cdk8s-sysbox/status.json') ? { ...this.node.status() } : {};
    return answer(report, (key) => this.node.journal(key), stdout);
  }

  dispose = () => this.node.dispose();
}

class ModelHost implements Host {
  private readonly root = mkdtempSync(join(tmpdir(), 'model-'));
  private readonly state = join(this.root, 'var/lib/cdk8s-sysbox');

  constructor() {
    for (const directory of ['model', 'var/lib/cdk8s-sysbox'])
      mkdirSync(join(this.root, directory), { recursive: true });
  }

  run(release: string, [command, ...args]: Step): Answer {
    this.sh(command, command, release, ...args);
    const journal = this.read('journal');
    const status = this.read('status.json');
    return answer(
      status === '' ? {} : JSON.parse(status),
      (key) => new RegExp(`^${key}=(.*)$`, 'm').exec(journal)?.[1] ?? '',
      this.sh('check'),
    );
  }

  private sh(...args: string[]): string {
    const env = { PATH: process.env.PATH, ROOT: this.root, MODEL: join(this.root, 'model') };
    const program = join(__dirname, '../rollout/host/model.sh');
    const { status, stdout, stderr } = spawnSync('dash', [program, ...args], { env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${args}: ${stderr}`);
    return stdout;
  }

  private read(file: string): string {
    const path = join(this.state, file);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  dispose = () => rmSync(this.root, { recursive: true, force: true });
}

function answer(report: Record<string, unknown>, journal: (key: string) => string, check: string): Answer {
  const { stage = '', action = '', reason = '' } = report as Partial<Answer>;
  const hasFailed = journal('failed_change') !== '';
  return {
    stage,
    action,
    reason,
    state: journal('state'),
    unproven: journal('unproven'),
    hasFailed,
    healthy: check.trim() === 'healthy',
  };
}

const install: Step[] = [['prepare'], ['commit'], ['confirm'], ['accept']];

test.each<[string, [release: string, ...steps: Step[]][]]>([
  ['an installation, and a second run', [['aaaa', ...install, ['prepare']]]],
  [
    'a change whose node is not healthy',
    [['aaaa', ['prepare'], ['commit'], ['abandon', 'NotHealthy', 'not Ready'], ['prepare'], ['retry'], ['prepare']]],
  ],
  [
    'a change after which no pod runs',
    [['aaaa', ...install.slice(0, 3), ['abandon', 'VerificationPodFailed', 'the pod ended with 1'], ['prepare']]],
  ],
  [
    'an upgrade',
    [
      ['aaaa', ...install],
      ['bbbb', ['prepare'], ['switch'], ['accept'], ['prepare']],
    ],
  ],
  [
    'an upgrade after which no pod runs',
    [
      ['aaaa', ...install],
      ['bbbb', ['prepare'], ['switch'], ['abandon', 'VerificationPodFailed', 'the pod ended with 1'], ['prepare']],
    ],
  ],
  ['an uninstall', [['aaaa', ...install, ['uninstall']]]],
])('%s: the model of the rollout suite answers as the host program does', (_, releases) => {
  const [real, model] = [new RealHost(), new ModelHost()];
  try {
    const all = releases.flatMap(([release, ...steps]) => steps.map((step) => [release, step] as const));
    const life = (host: Host) =>
      all.map(([release, step]) => ({ at: `${release} ${step[0]}`, ...host.run(release, step) }));
    expect(life(model)).toEqual(life(real));
  } finally {
    real.dispose();
    model.dispose();
  }
});
