import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { dirname, join } from 'node:path';
import { shells, Stage } from './programs';

const env = {
  NODE_NAME: 'dev-server-1',
  NODE_ROLE: 'server',
  NODE_KUBECONFIG: '/admin.kubeconfig',
  MEMORY_LIMIT: '0',
  CPU_LIMIT: '0',
  PAUSE: '0',
  ETC: '$STAGE',
  PROC: '$STAGE',
  RUN: '$STAGE',
  STATE: '$STAGE/state',
  POD_IPS: '10.42.0.7',
  DATA: '$STAGE/data',
  KNOWN: '$STAGE/known',
  JOIN_URL: 'https://dev.team.svc:6443',
  MEMBER_NAME: 'dev-server-1.team.svc',
};

let stage: Stage;
afterEach(() => stage.end());

describe.each(shells)('under %s', (_, shell) => {
  const newStage = (more: Record<string, string> = {}) => {
    stage = new Stage(shell, { ...env, ...more });
    stage.write('meminfo', 'MemTotal: 1000 kB\n');
    stage.write('cpuinfo', 'processor\t: 0\n');
    // as in K3s' image: one program of two names
    stage.standIn('kubectl', 'exec k3s kubectl "$@"');
    return stage;
  };
  const data = (path: string, text = '') => {
    const file = join(stage.directory, 'data/server/db', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };

  describe('start.sh of a server that is one of several', () => {
    // an API server that answers from the third question on, and the cluster's node of this name
    const cluster = (node = '') => `
      case "$*" in
        *"get --raw /ping"*) echo >>"$STAGE/asked"; [ $(wc -l <"$STAGE/asked") -gt 2 ] ;;
        *"get node"*) echo "${node}" ;;
      esac`;
    const started = () => stage.calls.filter((call) => call.startsWith('k3s server'));
    const argument = () => started().map((call) => call.split(' ').at(-1));

    test('the first makes a new cluster', () => {
      newStage({ NODE_NAME: 'dev-server-0' }).standIn('k3s', cluster());

      expect(stage.run('start.sh', 'server').status).toBe(0);
      expect(stage.calls).toEqual([expect.stringMatching(/^k3s server .*--cluster-init$/)]);
    });

    test('another joins, as soon as there is a server', () => {
      newStage().standIn('k3s', cluster());

      expect(stage.run('start.sh', 'server').stdout).toMatch(/waiting for a server at https:\/\/dev.team.svc:6443/);
      expect(argument()).toEqual(['--server=https://dev.team.svc:6443']);
      expect(stage.read('asked')).toBe('\n\n\n');
      // without credentials kubectl would ask for a name
      expect(stage.read('calls').split('\n')[0]).toBe(
        'kubectl --kubeconfig /dev/null --server https://dev.team.svc:6443 --insecure-skip-tls-verify --token none ' +
          '--request-timeout=5s get --raw /ping',
      );
    });

    test('waits for the first to leave SQLite, and says once what that takes', () => {
      newStage().standIn(
        'k3s',
        `case "$*" in *"/db/info"*)
          echo >>"$STAGE/asked"
          [ $(wc -l <"$STAGE/asked") -gt 3 ] || { echo "Error from server (BadRequest): etcd datastore disabled" >&2; exit 1; }
        esac`,
      );

      const { stdout } = stage.run('start.sh', 'server');

      expect(stdout.match(/dev-server-0 still has its data in SQLite: delete its pod/g)).toHaveLength(1);
      expect(stage.read('asked')).toBe('\n\n\n\n');
      expect(argument()).toEqual(['--server=https://dev.team.svc:6443']);
    });

    test.each(['dev-server-0', 'dev-server-1'])('%s with data of a member waits for nobody', (name) => {
      newStage({ NODE_NAME: name }).standIn('k3s', 'case "$*" in *kubectl*) exit 1 ;; esac');
      data('etcd/member/wal/0.wal');

      expect(stage.run('start.sh', 'server').status).toBe(0);
      expect(argument()).toEqual(['--server=https://dev.team.svc:6443']);
    });

    test('the first with a database of one server moves it into etcd, though its cluster is known', () => {
      newStage({ NODE_NAME: 'dev-server-0' }).standIn('k3s', cluster());
      stage.write('known', 'kubeconfig');
      data('state.db');

      stage.run('start.sh', 'server');

      expect(argument()).toEqual(['--cluster-init']);
    });

    test('a move that was interrupted starts again, from the database that is still whole', () => {
      newStage({ NODE_NAME: 'dev-server-0' }).standIn('k3s', cluster());
      data('state.db', 'whole');
      data('etcd/member/wal/0.wal', 'half');

      stage.run('start.sh', 'server');

      expect(argument()).toEqual(['--cluster-init']);
      expect(stage.read('data/server/db/state.db')).toBe('whole');
      expect(existsSync(join(stage.directory, 'data/server/db/etcd'))).toBe(false);
      expect(stage.read('data/server/db/etcd-unfinished/member/wal/0.wal')).toBe('half');
    });

    test('the first that lost its data makes no second cluster next to the others', () => {
      newStage({ NODE_NAME: 'dev-server-0', MEMBER_NAME: 'dev-server-0.team.svc' });
      stage.standIn('k3s', cluster('node/dev-server-0'));
      stage.write('known', 'kubeconfig');

      stage.run('start.sh', 'server');

      expect(argument()).toEqual(['--server=https://dev.team.svc:6443']);
    });

    test('one that lost its data takes its member out, by the name it has there, and joins again', () => {
      newStage().standIn('k3s', cluster('node/dev-server-1'));
      stage.write('known', 'kubeconfig');

      expect(stage.run('start.sh', 'server').stdout).toMatch(/dev-server-1 has lost its data/);

      const known = `kubectl --kubeconfig ${stage.directory}/known --server https://dev.team.svc:6443 --request-timeout=10s`;
      const calls = stage.read('calls').split('\n');
      expect(calls.filter((call) => call.startsWith(known)).map((call) => call.slice(known.length + 1))).toEqual([
        'get node dev-server-1 --ignore-not-found -o name',
        'annotate node dev-server-1 --overwrite etcd.k3s.cattle.io/node-address=dev-server-1.team.svc',
        'delete node dev-server-1 --timeout=60s',
      ]);
    });

    test.each(['get node', 'annotate', 'delete'])('does not join while "%s" fails', (verb) => {
      newStage().standIn(
        'k3s',
        `case "$*" in
          *"${verb}"*) [ -e "$STAGE/failed" ] || { : >"$STAGE/failed"; exit 1; } ;;
        esac
        case "$*" in *"get node"*) echo node/dev-server-1 ;; esac`,
      );
      stage.write('known', 'kubeconfig');

      expect(stage.run('start.sh', 'server').status).toBe(0);

      expect(stage.calls.filter((call) => call.startsWith('kubectl') && call.includes(verb))).toHaveLength(2);
      expect(argument()).toEqual(['--server=https://dev.team.svc:6443']);
    });

    test('a new member has no predecessor to take out', () => {
      newStage().standIn('k3s', cluster());
      stage.write('known', 'kubeconfig');

      stage.run('start.sh', 'server');

      expect(stage.calls.join()).not.toMatch(/annotate|delete/);
    });

    test('ends at a signal while it waits', async () => {
      newStage({ PAUSE: '0.1' }).standIn('k3s', 'exit 1');
      const server = stage.start('start.sh');
      const ended = new Promise((done) => server.on('exit', done));
      for (let i = 0; i < 100 && stage.calls.length < 2; i++) await setTimeout(50);

      server.kill('SIGTERM');

      expect(await ended).toBe(0);
      expect(started()).toEqual([]);
    });
  });

  describe('member.sh', () => {
    const member = (id: string, name: string, ...urls: string[]) =>
      `{"ID":"${id}","name":"${name}","peerURLs":${JSON.stringify(urls)},"clientURLs":["https://10.42.0.9:2379"]}`;
    const name = 'https://dev-server-1.team.svc:2380';
    const address = 'https://10.42.0.7:2380';

    /** An etcd with this member among others, and an API server that is ready or not. */
    const etcd = (urls: string[], ready: boolean) => {
      newStage();
      data('etcd/name', 'dev-server-1-0a1b2c3d');
      data('etcd/config', `advertise-client-urls: https://10.42.0.7:2379\nlisten-peer-urls: ${address}\n`);
      const members = [
        member('1', 'dev-server-0-aaaaaaaa', 'https://dev-server-0.team.svc:2380'),
        member('12345678901234567890', 'dev-server-1-0a1b2c3d', ...urls),
        member('3', 'dev-server-10-bbbbbbbb', address),
      ];
      stage.write('members', `{"header":{"cluster_id":"7"},"members":[${members.join()}]}`);
      stage.standIn(
        'k3s',
        `case "$*" in
          *member/list*) cat >/dev/null; cat "$STAGE/members" ;;
          *member/update*) cat >"$STAGE/update" ;;
          *readyz*) ${ready ? 'echo ok' : 'echo "[-]etcd failed" >&2; exit 1'} ;;
        esac`,
      );
    };
    const update = () => (stage.read('update') ? JSON.parse(stage.read('update')) : undefined);

    test('asks etcd on the loopback, with the certificate of its client', () => {
      etcd([name], true);
      stage.run('member.sh');

      const tls = `${stage.directory}/data/server/tls/etcd`;
      expect(stage.read('calls').split('\n')[0]).toBe(
        `kubectl --kubeconfig /dev/null --server https://127.0.0.1:2382 --request-timeout=10s ` +
          `--certificate-authority ${tls}/server-ca.crt --client-certificate ${tls}/client.crt --client-key ${tls}/client.key ` +
          'create --raw /v3/cluster/member/list -f -',
      );
    });

    test('has nothing to do for a member that is known by its name, of a server that is ready', () => {
      etcd([name], true);

      expect(stage.run('member.sh').status).toBe(0);
      expect(update()).toBeUndefined();
    });

    test('gives a new member its name as soon as its server is ready', () => {
      etcd([address], true);

      expect(stage.run('member.sh').status).toBe(0);
      expect(update()).toEqual({ ID: '12345678901234567890', peerURLs: [name] });
    });

    test('adds the address to the name while the server starts, for which K3s waits', () => {
      etcd([name], false);

      expect(stage.run('member.sh').status).toBe(1);
      expect(update()).toEqual({ ID: '12345678901234567890', peerURLs: [name, address] });
    });

    test('takes the address away when the server is ready', () => {
      etcd([name, address], true);

      expect(stage.run('member.sh').status).toBe(0);
      expect(update()).toEqual({ ID: '12345678901234567890', peerURLs: [name] });
    });

    test('replaces an address of an earlier pod, of a member that never got its name', () => {
      etcd(['https://10.42.0.70:2380'], false);

      expect(stage.run('member.sh').status).toBe(1);
      expect(update().peerURLs).toEqual([name, address]);
    });

    test.each([[[name, address]], [[address]]])('waits for a server whose member has %j', (urls) => {
      etcd(urls, false);

      expect(stage.run('member.sh').status).toBe(1);
      expect(update()).toBeUndefined();
    });

    test('an IPv6 address stays in its brackets, whether YAML quotes it or not', () => {
      etcd([name], false);
      data('etcd/config', `advertise-client-urls: 'https://[fd00::7]:2379'\n`);

      stage.run('member.sh');

      expect(update().peerURLs).toEqual([name, 'https://[fd00::7]:2380']);
    });

    test('is not done before K3s has started etcd', () => {
      newStage().standIn('k3s', '');

      expect(stage.run('member.sh')).toEqual({ status: 1, stdout: '', stderr: 'K3s has not started etcd yet\n' });
      expect(stage.calls).toEqual([]);
    });

    test('is not done before it is a member', () => {
      etcd([name], true);
      stage.write('members', `{"members":[${member('1', 'dev-server-0-aaaaaaaa', 'https://x:2380')}]}`);

      expect(stage.run('member.sh')).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/^not a member of etcd yet/),
      });
    });

    test.each(['list', 'update'])(
      'is not done while etcd does not answer to "%s", as without a quorum or as a learner',
      (it) => {
        etcd([address], true);
        stage.standIn(
          'k3s',
          `case "$*" in *member/${it}*) exit 1 ;; *member/list*) cat "$STAGE/members" ;; *readyz*) echo ok ;; esac`,
        );

        expect(stage.run('member.sh').status).not.toBe(0);
      },
    );
  });

  test('started.sh of such a server is not done before its member is', () => {
    newStage().standIn('k3s', 'case "$*" in *member/list*) exit 1 ;; esac');

    expect(stage.run('started.sh').status).not.toBe(0);
    expect(stage.calls.join()).not.toContain('readyz');
  });
});
