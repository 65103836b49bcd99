// The programs of the node with a real CRI-O: what `crio config` makes of our drop-in, which they read back.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crioDropIn } from '../../src/containerd/crio';
import { Bench } from '../shell/bench';
import { PACKAGED_CRIO } from '../support/crio';
import { needGo } from './containerd';

const VERSION = 'v1.36.3';
const CACHE = join(process.env.CDK8S_SYSBOX_CACHE ?? '/var/cache/cdk8s-sysbox', 'crio', VERSION);
const CRIO = join(CACHE, 'crio');

beforeAll(
  () => {
    if (existsSync(CRIO)) return;
    needGo();
    execFileSync(join(__dirname, 'crio', 'build.sh'), [VERSION, CACHE], { stdio: 'inherit' });
  },
  60 * 60 * 1000,
);
jest.setTimeout(60_000);

let bench: Bench;
beforeEach(() => void (bench = new Bench('dash')));
afterEach(() => bench.dispose());

const PROGRAMS = ['paths', 'durable', 'journal', 'node', 'configuration'];

/** Runs the programs' functions on a node with these files. */
function on(files: Record<string, string>, snippet: string, handler = 'sysbox-runc') {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(bench.root, path)), { recursive: true });
    writeFileSync(join(bench.root, path), text);
  }
  const dropIn = crioDropIn({ handler, binaryPath: '/opt/sysbox/current/sysbox-runc' });
  return bench.run(
    PROGRAMS,
    `TAKEOVER='' HANDLER=${handler} BINARY_DIR=/opt/sysbox/current DRY_RUN=false
    load_engine crio
    BIN=/usr/bin CONFIG_PATH=/etc/crio/crio.conf DROP_INS=/etc/crio/crio.conf.d
    locate
    DAEMON=${CRIO}
    HERE=$ROOT/programs; mkdir -p "$HERE"; cat >"$HERE/drop-in-crio.toml" <<'EOF'
${dropIn}EOF
    ${snippet}`,
  );
}

const VALIDATE = 'choose_path; fill; validate; echo "taken as $TARGET"';

test.each<[string, Record<string, string>]>([
  ['what its packages bring', { '/etc/crio/crio.conf.d/10-crio.conf': PACKAGED_CRIO }],
  ['no file at all', {}],
  [
    'a file of its own',
    { '/etc/crio/crio.conf': '[crio.runtime]\ncgroup_manager = "cgroupfs"\nconmon_cgroup = "pod"\n' },
  ],
  [
    'files in directories, and without a suffix',
    {
      '/etc/crio/crio.conf.d/a/b': '[crio.runtime]\nlog_level = "debug"\n',
      '/etc/crio/crio.conf.d/zz': PACKAGED_CRIO,
    },
  ],
])('with %s, our table is read, and nothing else changes', (_, files) => {
  const { stdout, stderr } = on(files, VALIDATE);
  expect(stderr).toBe('');
  expect(stdout.trim()).toBe(`taken as ${bench.root}/etc/crio/crio.conf.d/cdk8s-sysbox.toml`);
});

test.each<[string, string, string]>([
  ['that CRI-O does not read', '[crio.runtime\n', 'BrokenConfiguration'],
  ['with our handler', '[crio.runtime.runtimes.sysbox-runc]\nruntime_path = "/usr/bin/x"\n', 'ForeignHandler'],
])('a foreign file %s is refused', (_, text, reason) => {
  const { status, stderr } = on({ '/etc/crio/crio.conf.d/theirs.conf': text }, VALIDATE);
  expect(status).toBe(1);
  expect(stderr).toContain(`failed ${reason}: `);
});

test.each<[string, string, string]>([
  ['a value of another type', 's|runtime_root = .*|runtime_root = 5|', 'Rejected'],
  ['a misspelt key', 's|runtime_root|runtime_rot|', 'WrongValue'],
  ['another runtime', 's|sysbox-runc\\]|crun]|', 'WrongValue'],
])('an entry with %s is not committed', (_, edit, reason) => {
  const { status, stderr } = on(
    { '/etc/crio/crio.conf.d/10-crio.conf': PACKAGED_CRIO },
    `sed -i '${edit}' "$HERE/drop-in-crio.toml"; ${VALIDATE}`,
  );
  expect(status).toBe(1);
  expect(stderr).toContain(`failed ${reason}: `);
});

test('a drop-in that changes another runtime as well is not committed', () => {
  const { status, stderr } = on(
    { '/etc/crio/crio.conf.d/10-crio.conf': PACKAGED_CRIO },
    `printf '[crio.runtime.runtimes.crun]\\nruntime_path = "/x"\\n' >>"$HERE/drop-in-crio.toml"; ${VALIDATE}`,
  );
  expect(status).toBe(1);
  expect(stderr).toContain('failed OthersChanged: ');
});

test('the cgroup driver is read from what CRI-O says', () => {
  const driver = (text: string) =>
    on(
      { '/etc/crio/crio.conf': text },
      'make_work; engine_dump "$CONFIG" >"$WORK/d" 2>/dev/null; engine_systemd_cgroup "$WORK/d"',
    ).stdout.trim();
  expect(driver('')).toBe('true');
  expect(driver('[crio.runtime]\ncgroup_manager = "cgroupfs"\nconmon_cgroup = "pod"\n')).toBe('false');
});

// A message that is only printed when a CNI plugin fails.
test('CRI-O says that it was the network in the words that the node programs look for', () => {
  const { stdout } = on({}, 'printf %s "$ENGINE_NETWORK_ERROR"');
  expect(stdout).not.toBe('');
  expect(readFileSync(CRIO).includes(stdout)).toBe(true);
});
