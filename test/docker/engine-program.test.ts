import { rmSync } from 'fs';
import { createServer, Server } from 'net';
import { join } from 'path';
import { Container, shells } from './programs';

const program = join(__dirname, '../../src/docker/engine.sh');
const TEMPLATE = 'opt/cdk8s-sysbox/docker/daemon.json';
const CONFIG = 'etc/docker/daemon.json';
const WITH_POD_MTU = '{ "mtu": "@POD_MTU_NUMBER@", "default-network-opts": { "bridge": { "mtu": "@POD_MTU@" } } }\n';
const ROUTES = 'Iface\tDestination\tGateway\neth1\t00002A0A\t0\nnet7\t00000000\t0102A8C0\n';

describe.each(shells)('under %s', (_, sh) => {
  let container: Container;
  beforeEach(() => {
    container = new Container().write('proc/net/route', ROUTES);
  });
  afterEach(() => container.remove());

  /** An engine that answers once it runs, and ends at SIGTERM. */
  const engine = () =>
    container
      .command(
        'dockerd',
        'sleep 60 & trap \'echo "dockerd ended" >>"$LOG"; kill $!; exit 0\' TERM\n' +
          'echo "dockerd $*" >>"$LOG"; : >"$ROOT/up"; wait',
      )
      .command('docker', '[ -f "$ROOT/up" ]');

  describe('configure', () => {
    const configure = () => container.run(sh, program, ['configure']);
    const link = (mtu: number) =>
      `[ "$*" = '-o link show dev net7' ] && echo '2: net7@if9: <UP> mtu ${mtu} qdisc noqueue state UP mode DEFAULT'`;

    test("takes the MTU of the pod's default interface, for the default network and for others", () => {
      container.write(TEMPLATE, WITH_POD_MTU).command('ip', link(1450));

      expect(configure()).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(container.read(CONFIG))).toEqual({
        mtu: 1450,
        'default-network-opts': { bridge: { mtu: '1450' } },
      });
    });

    test('in an IPv6-only pod, too', () => {
      const zero = '0'.repeat(32);
      const routes = [
        `${zero} 00 ${zero} 00 ${zero} ffffffff 1 0 00200200       lo`,
        `fd000000000000000000000000000000 40 ${zero} 00 ${zero} 100 1 0 1     eth1`,
        `${zero} 00 ${zero} 00 fe800000000000000000000000000001 400 1 0 3     net7`,
      ];
      container
        .write('proc/net/route', 'Iface\tDestination\n')
        .write('proc/net/ipv6_route', `${routes.join('\n')}\n`)
        .write(TEMPLATE, WITH_POD_MTU)
        .command('ip', link(1280));

      expect(configure().code).toBe(0);
      expect(JSON.parse(container.read(CONFIG)).mtu).toBe(1280);
    });

    test('leaves a file as it is when it has the number already', () => {
      container.write(TEMPLATE, '{ "mtu": 1400 }\n').command('ip', 'exit 1');

      expect(configure().code).toBe(0);
      expect(container.read(CONFIG)).toBe('{ "mtu": 1400 }\n');
    });

    test('says so when it cannot tell', () => {
      container.write(TEMPLATE, WITH_POD_MTU).command('ip', 'exit 1');

      expect(configure()).toMatchObject({
        code: 1,
        stderr: 'engine.sh: cannot tell the MTU of net7: put iproute2 into the image, or give the MTU as a number\n',
      });
      expect(container.has(CONFIG)).toBe(false);
    });

    test('does nothing when there is no file', () => {
      expect(configure()).toMatchObject({ code: 0, stderr: '' });
      expect(container.has(CONFIG)).toBe(false);
    });
  });

  describe('dockerd', () => {
    test('becomes the engine', () => {
      container.command('dockerd', 'echo "dockerd $*"; exit 7').command('docker-init', 'shift; "$@"');

      expect(container.run(sh, program, ['dockerd'])).toMatchObject({ code: 7, stdout: 'dockerd \n' });
    });

    test('runs it under docker-init, which reaps', () => {
      container.command('docker-init', 'echo "$*"');

      expect(container.run(sh, program, ['dockerd']).stdout).toBe('-- dockerd\n');
    });

    test.each([
      ["takes the image's legacy iptables where the other one fails", 'exit 1', 'legacy'],
      ['keeps the iptables that works', 'exit 0', 'as before'],
    ])('%s', (_, iptables, expected) => {
      container
        .write('usr/local/sbin/.iptables-legacy/iptables', '')
        .command('iptables', iptables)
        .command('docker-init', 'case $PATH in *iptables-legacy*) echo legacy ;; *) echo "as before" ;; esac');

      expect(container.run(sh, program, ['dockerd']).stdout).toBe(`${expected}\n`);
    });

    test.each([[['x']], [['dockerd', 'x']], [[]]])('refuses the words %j', (words) => {
      const { code, stderr } = container.run(sh, program, words);

      expect(code).toBe(1);
      expect(stderr).toContain('engine.sh: usage: engine.sh');
    });
  });

  describe('answers', () => {
    test('asks at its own socket, whatever variables of another setup are there', () => {
      container.command('docker', 'env | grep ^DOCKER_ | grep -v POLL >>"$LOG"; echo "$*" >>"$LOG"');
      const leftovers = ['HOST', 'CONTEXT', 'TLS', 'TLS_VERIFY', 'CERT_PATH', 'API_VERSION'];

      const environment = Object.fromEntries(leftovers.map((name) => [`DOCKER_${name}`, 'x']));

      expect(container.run(sh, program, ['answers'], environment)).toMatchObject({ code: 0, stderr: '' });
      expect(container.log).toBe('-H unix:///var/run/docker.sock version --format {{.Server.Version}}\n');
    });

    test('fails when the engine does not answer', () => {
      container.command('docker', 'echo "Cannot connect" >&2; exit 1');

      expect(container.run(sh, program, ['answers'])).toMatchObject({ code: 1, stderr: 'Cannot connect\n' });
    });
  });

  describe('runs', () => {
    let server: Server;
    beforeEach(async () => {
      container.write('var/run/docker.pid', `${process.pid}`); // without a newline, as dockerd writes it
      server = createServer();
      await new Promise<void>((resolve) => server.listen(join(container.root, 'var/run/docker.sock'), resolve));
    });
    afterEach(() => server.close());

    test('while there are the socket and the process, and starts no other process', () => {
      expect(container.run([`/bin/${sh[0]}`, ...sh.slice(1)], program, ['runs'], { PATH: '/nowhere' })).toMatchObject({
        code: 0,
        stderr: '',
      });
    });

    test.each([
      ['the process has ended', () => container.write('var/run/docker.pid', '999999'), 'dockerd has ended'],
      ['there is an empty file', () => container.write('var/run/docker.pid', ''), 'there is no pid in'],
      ['there is no pid', () => rmSync(join(container.root, 'var/run/docker.pid')), 'docker.pid'],
      ['there is no socket', () => server.close(), 'there is no socket at /var/run/docker.sock'],
    ])('not when %s', (_, breakIt, message) => {
      breakIt();

      const { code, stderr } = container.run(sh, program, ['runs']);

      expect(code).not.toBe(0);
      expect(stderr).toContain(message);
    });
  });

  describe('dockerd -- COMMAND', () => {
    const run = (...words: string[]) => container.run(sh, program, ['dockerd', '--', ...words], {}, 'typed\n');

    test('runs the command when the engine answers, and stops the engine after it', () => {
      engine().command('work', 'echo "work $*" >>"$LOG"; cat; exit 3');

      expect(run('work', 'a b', 'c')).toMatchObject({ code: 3, stdout: 'typed\n' });
      expect(container.log).toBe('dockerd \nwork a b c\ndockerd ended\n');
    });

    test("keeps the engine's words out of the command's", () => {
      engine().command('dockerd', 'echo noise; : >"$ROOT/up"; exec sleep 60').command('work', 'echo done');

      expect(run('work').stdout).toBe('done\n');
      expect(container.read('var/log/dockerd.log')).toBe('noise\n');
    });

    test('says why the engine did not start', () => {
      engine().command('dockerd', 'echo "no overlay"; exit 1').command('work', 'echo worked >>"$LOG"');

      expect(run('work')).toMatchObject({
        code: 1,
        stderr: 'no overlay\nengine.sh: dockerd ended before it answered\n',
      });
      expect(container.log).toBe('');
    });

    test('waits for the engine as long as it is asked to', () => {
      engine().command('docker', 'exit 1');

      const result = container.run(sh, program, ['dockerd', '--', 'true'], { DOCKER_START_SECONDS: '1' });

      expect(result).toMatchObject({ code: 1, stderr: 'engine.sh: dockerd does not answer after 1 seconds\n' });
      expect(container.log).toContain('dockerd ended');
    });

    test('does not wait for an answer that does not come', () => {
      // Stands for the time that passes.
      engine().command('docker', 'sleep 60').command('timeout', 'echo "$*" >>"$LOG"; exit 124');

      const result = container.run(sh, program, ['dockerd', '--', 'true'], { DOCKER_START_SECONDS: '1' });

      expect(result).toMatchObject({ code: 1, stderr: 'engine.sh: dockerd does not answer after 1 seconds\n' });
      expect(container.log).toContain('60 docker -H unix:///var/run/docker.sock version');
    });

    test('ends the command, and says why, when the engine ends before it', () => {
      engine()
        .command('dockerd', ': >"$ROOT/up"; sleep 1; echo "out of memory"; exit 137')
        .command('work', 'trap \'echo "work ended" >>"$LOG"; kill $!; exit 0\' TERM; sleep 60 & wait');

      expect(run('work')).toMatchObject({
        code: 1,
        stderr: 'out of memory\nengine.sh: dockerd ended before the command\n',
      });
      expect(container.log).toBe('work ended\n');
    });

    test('passes SIGTERM on, waits for the command, then stops the engine', async () => {
      engine().command(
        'work',
        'trap \'sleep 0.2; echo "work ended" >>"$LOG"; kill $!; exit 5\' TERM; : >"$ROOT/working"; sleep 60 & wait',
      );

      const { code } = await container.interrupt(sh, program, ['dockerd', '--', 'work'], 'working', 'SIGTERM');

      expect(code).toBe(5);
      expect(container.log).toBe('dockerd \nwork ended\ndockerd ended\n');
    });

    test('stops the engine at a SIGTERM before it answered', async () => {
      engine().command('docker', 'exit 1').command('work', 'echo worked >>"$LOG"');

      const { code } = await container.interrupt(sh, program, ['dockerd', '--', 'work'], 'up', 'SIGTERM');

      expect(code).toBe(143);
      expect(container.log).toBe('dockerd \ndockerd ended\n');
    });
  });
});
