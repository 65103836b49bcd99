import { mkdirSync, statSync } from 'fs';
import { join } from 'path';
import { Container, shells } from '../docker/programs';

const program = (name: string) => join(__dirname, '../../src/systemd', name);

describe.each(shells)('under %s', (_, sh) => {
  let container: Container;
  beforeEach(() => {
    container = new Container();
  });
  afterEach(() => container.remove());

  describe('ready.sh', () => {
    const CONSOLE = 'dev/console';
    /** systemctl as systemd 257 has it: not zero for anything but running, failed units without a bullet. */
    const machine = (state: string, failed: string[] = [], active: string[] = []) =>
      container.write(CONSOLE, '').command(
        'systemctl',
        `case "$1 $2" in
          is-system-running*) ${state === '' ? 'echo "no bus" >&2; exit 1' : `echo ${state}; [ ${state} = running ]`} ;;
          'list-units --state=failed') ${failed.map((unit) => `echo "${unit} loaded failed failed A unit"`).join('; ') || ':'} ;;
          is-active*) unit=$2; [ "$unit" = --quiet ] && unit=$3
            case " ${active.join(' ')} " in *" $unit "*) state=active ;; *) state=inactive ;; esac
            [ "$2" = --quiet ] || echo $state; [ $state = active ] ;;
        esac`,
      );
    const ready = (...words: string[]) => container.run(sh, program('ready.sh'), words);

    test('running is ready', () => {
      machine('running');

      expect(ready()).toEqual({ code: 0, stdout: '', stderr: '' });
    });

    test('degraded is ready, and says which units failed', () => {
      machine('degraded', ['a.service', 'b.mount']);

      expect(ready()).toMatchObject({ code: 0, stdout: 'degraded, failed units: a.service b.mount\n' });
      expect(container.read(CONSOLE)).toBe('systemd is degraded, failed units: a.service b.mount\n');
    });

    test('says it in the log only when it changes', () => {
      machine('degraded', ['a.service']);
      ready();
      container.write(CONSOLE, '');

      ready();
      expect(container.read(CONSOLE)).toBe('');

      machine('running');
      ready();
      expect(container.read(CONSOLE)).toBe('systemd is running\n');
    });

    test('strictly, degraded is not ready', () => {
      machine('degraded', ['a.service']);

      expect(ready('--strict')).toMatchObject({ code: 1, stdout: 'not ready: failed units: a.service\n' });
    });

    test.each(['starting', 'initializing', 'maintenance', 'stopping', 'offline'])('%s is not ready', (state) => {
      machine(state);

      expect(ready()).toMatchObject({ code: 1, stdout: `not ready: systemd is ${state}\n`, stderr: '' });
    });

    test('before systemd has a bus it is not ready', () => {
      machine('');

      expect(ready()).toMatchObject({ code: 1, stdout: 'not ready: systemd is not there yet\n', stderr: '' });
    });

    test('units that are named must be active', () => {
      machine('running', [], ['ssh.service']);

      expect(ready('ssh.service')).toMatchObject({ code: 0, stdout: '' });
      expect(ready('ssh.service', 'docker.service')).toMatchObject({
        code: 1,
        stdout: 'not ready: docker.service is inactive\n',
      });
    });

    describe('ports that are named must be listened on', () => {
      const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
      const socket = (local: string, remote: string, state: string) =>
        `${head}   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n`;
      const anywhere6 = '0'.repeat(32);

      test.each([
        ['on IPv4', 'tcp', socket('00000000:0016', '00000000:0000', '0A')],
        ['on IPv6', 'tcp6', socket(`${anywhere6}:0016`, `${anywhere6}:0000`, '0A')],
      ])('%s', (_, file, content) => {
        machine('running');
        container.write(`proc/net/${file}`, content);

        expect(ready('--port=22')).toEqual({ code: 0, stdout: '', stderr: '' });
      });

      test.each([
        ['nothing', head],
        ['another port', socket('00000000:1600', '00000000:0000', '0A')],
        ['a connection from it', socket('0200000A:0016', '0100000A:8F3C', '01')],
        ['a connection to it', socket('0200000A:8F3C', '0100000A:0016', '01')],
      ])('%s is not enough', (_, content) => {
        machine('running');
        container.write('proc/net/tcp', content);

        expect(ready('--strict', '--port=22')).toMatchObject({
          code: 1,
          stdout: 'not ready: nothing listens on port 22\n',
        });
      });
    });
  });

  describe('environment.sh', () => {
    const environ = (variables: Record<string, string>) =>
      container.write(
        'proc/1/environ',
        Object.entries(variables)
          .map(([name, value]) => `${name}=${value}\0`)
          .join(''),
      );
    const FILE = 'run/cdk8s-sysbox/environment';

    test('gives units the variables of the container', () => {
      environ({ GREETING: 'hello', KUBERNETES_SERVICE_HOST: '10.43.0.1', EMPTY: '' });

      const expected = 'GREETING="hello"\nKUBERNETES_SERVICE_HOST="10.43.0.1"\nEMPTY=""\n';
      expect(container.run(sh, program('environment.sh'), [])).toEqual({ code: 0, stdout: expected, stderr: '' });
      expect(container.read(FILE)).toBe(expected);
      expect(statSync(join(container.root, FILE)).mode & 0o777).toBe(0o600);
    });

    test('quotes as environment files want it', () => {
      environ({ TRICKY: 'a "b" $c `d` \\e = f#g', LINES: 'one\ntwo=2\n', LAST: 'x' });

      expect(container.run(sh, program('environment.sh'), []).stdout).toBe(
        'TRICKY="a \\"b\\" \\$c \\`d\\` \\\\e = f#g"\nLINES="one\ntwo=2\n"\nLAST="x"\n',
      );
    });

    test("leaves out what is systemd's own or no name", () => {
      environ({
        PATH: '/x',
        HOME: '/root',
        container: 'private-users',
        container_uuid: 'u',
        container_host_id: 'h',
        TERM: 'x',
        'a.b': '1',
      });

      expect(container.run(sh, program('environment.sh'), [])).toEqual({ code: 0, stdout: '', stderr: '' });
    });

    test('does not fail where it cannot write the file', () => {
      environ({ A: '1' }).write('run', 'no directory');

      expect(container.run(sh, program('environment.sh'), [])).toMatchObject({ code: 0, stdout: 'A="1"\n' });
    });
  });

  describe('seed.sh', () => {
    const seed = () => container.run(sh, program('seed.sh'), ['/home', '/srv']);
    const volumes = () =>
      [0, 1].forEach((n) => mkdirSync(join(container.root, 'seed', String(n)), { recursive: true }));

    test('fills new volumes from the image', () => {
      volumes();
      container.write('home/dev/.profile', 'profile').write('srv/x', 'x');

      expect(seed()).toMatchObject({ code: 0, stdout: 'seeded /home\nseeded /srv\n', stderr: '' });
      expect(container.read('seed/0/dev/.profile')).toBe('profile');
      expect(container.read('seed/1/x')).toBe('x');
      expect(container.has('seed/0/.cdk8s-sysbox-seeding')).toBe(false);
    });

    test('leaves alone what has content', () => {
      volumes();
      container.write('home/dev/.profile', 'new').write('seed/0/dev/.profile', 'mine');

      expect(seed().stdout).toBe('seeded /srv\n');
      expect(container.read('seed/0/dev/.profile')).toBe('mine');
    });

    test('counts a fresh filesystem as new', () => {
      volumes();
      container.write('home/a', 'a');
      mkdirSync(join(container.root, 'seed/0/lost+found'));

      seed();

      expect(container.read('seed/0/a')).toBe('a');
    });

    test('does an interrupted copy again', () => {
      volumes();
      container.write('home/a', 'whole').write('seed/0/a', 'ha').write('seed/0/.cdk8s-sysbox-seeding', '');

      seed();

      expect(container.read('seed/0/a')).toBe('whole');
    });

    test('does nothing for a directory that the image does not have', () => {
      volumes();

      expect(seed()).toMatchObject({ code: 0, stderr: '' });
    });
  });

  describe('ssh-host-keys.sh', () => {
    const directory = () => join(container.root, 'keys');
    const keys = () => container.run(sh, program('ssh-host-keys.sh'), [directory()]);
    const keygen = () =>
      container.command(
        'ssh-keygen',
        'while [ "$1" != -f ]; do shift; done; echo made >>"$LOG"; echo private >"$2"; echo public >"$2.pub"',
      );
    beforeEach(() => {
      mkdirSync(directory());
      keygen();
    });

    test('makes a key that only root can read', () => {
      expect(keys()).toMatchObject({ code: 0, stderr: '' });
      expect(container.read('keys/ssh_host_ed25519_key')).toBe('private\n');
      expect(container.read('keys/ssh_host_ed25519_key.pub')).toBe('public\n');
      expect(statSync(join(directory(), 'ssh_host_ed25519_key')).mode & 0o777).toBe(0o600);
    });

    test('keeps the key that is there', () => {
      keys();
      keys();

      expect(container.log).toBe('made\n');
    });

    test('takes nothing half made for a key', () => {
      container.write('keys/ssh_host_ed25519_key', '').write('keys/ssh_host_ed25519_key.new', 'half');

      expect(keys().code).toBe(0);
      expect(container.read('keys/ssh_host_ed25519_key')).toBe('private\n');
    });

    test('makes the key private again', () => {
      keys();
      container.command('ssh-keygen', 'exit 1');
      const path = join(directory(), 'ssh_host_ed25519_key');
      container.run(['chmod'], '0664', [path]);

      expect(keys().code).toBe(0);
      expect(statSync(path).mode & 0o777).toBe(0o600);
    });
  });
});
