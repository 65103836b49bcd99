import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { shells, Stage } from './programs';

const env = {
  NODE_NAME: 'dev-agent-0',
  NODE_ROLE: 'agent',
  NODE_KUBECONFIG: '$STAGE/kubeconfig',
  DRAIN_SECONDS: '2',
  PAUSE: '0',
  MEMORY_LIMIT: `${2 ** 31}`,
  CPU_LIMIT: '1500',
  ETC: '$STAGE',
  PROC: '$STAGE',
  RUN: '$STAGE',
  STATE: '$STAGE/state',
  POD_IPS: '10.42.0.7',
};

let stage: Stage;
afterEach(() => stage.end());

describe.each(shells)('under %s', (_, shell) => {
  const newStage = (more: Record<string, string> = {}) => {
    stage = new Stage(shell, { ...env, ...more });
    stage.write('meminfo', 'MemTotal:        8388608 kB\nMemFree:         1000 kB\n');
    mkdirSync(join(stage.directory, 'net'));
    stage.write('net/tcp6', '');
    apiListens();
    stage.write('cpuinfo', 'processor\t: 0\nmodel name\t: processor\nprocessor\t: 1\n');
    return stage;
  };

  const apiListens = (socket = '0100007F:192C 00000000:0000 0A') => {
    stage.write('kubeconfig', 'clusters:\n- cluster:\n    server: https://127.0.0.1:6444\n');
    stage.write('net/tcp', `  sl  local_address rem_address   st\n   0: ${socket} 00000000:00000000\n`);
  };

  /** Calls of K3s itself: what runs alongside calls kubectl. */
  const started = () => stage.calls.filter((call) => call.startsWith('k3s '));

  describe('start.sh', () => {
    test('becomes K3s, with the arguments given, and reserves what is not the pod’s', () => {
      newStage().standIn('k3s', '');

      const { status } = stage.run('start.sh', 'agent', '--node-label=a=b c');

      expect(status).toBe(0);
      expect(started()).toEqual([
        'k3s agent --node-label=a=b c --kubelet-arg=system-reserved=cpu=500m,memory=6291456Ki',
      ]);
    });

    test('is the same machine after each start', () => {
      newStage().standIn('k3s', '');

      stage.run('start.sh', 'agent');
      const first = stage.read('machine-id');
      stage.run('start.sh', 'agent');

      expect(first).toMatch(/^[0-9a-f]{32}\n$/);
      expect(stage.read('machine-id')).toBe(first);
    });

    test('leaves the machine id to systemd', () => {
      newStage().standIn('k3s', '');
      mkdirSync(join(stage.directory, 'systemd', 'system'), { recursive: true });

      stage.run('start.sh', 'agent');

      expect(stage.read('machine-id')).toBe('');
      expect(started()).toHaveLength(1);
    });

    test('two pods are two machines', () => {
      const ids = ['dev-agent-0', 'dev-agent-1'].map((name) => {
        newStage({ NODE_NAME: name }).standIn('k3s', '');
        stage.run('start.sh', 'agent');
        return stage.read('machine-id');
      });

      expect(ids[0]).not.toBe(ids[1]);
    });

    test('reserves nothing when the pod may have all', () => {
      newStage({ MEMORY_LIMIT: `${2 ** 40}`, CPU_LIMIT: '64000' }).standIn('k3s', '');

      stage.run('start.sh', 'server');

      expect(started()).toEqual(['k3s server --kubelet-arg=system-reserved=cpu=0m,memory=0Ki']);
    });

    test('leaves a reservation of the user’s alone', () => {
      newStage().standIn('k3s', '');

      stage.run('start.sh', 'server', '--kubelet-arg=system-reserved=cpu=1');

      expect(started()).toEqual(['k3s server --kubelet-arg=system-reserved=cpu=1']);
    });

    test('ends as K3s ends', () => {
      newStage().standIn('k3s', 'exit 7');

      expect(stage.run('start.sh', 'server').status).toBe(7);
    });
  });

  describe('ready.sh', () => {
    test('of a server asks its API server', () => {
      newStage({ NODE_ROLE: 'server' }).standIn('kubectl', 'echo ok');

      expect(stage.run('ready.sh')).toEqual({ status: 0, stdout: '', stderr: '' });
      expect(stage.read('calls')).toBe(
        `kubectl --kubeconfig ${stage.directory}/kubeconfig --request-timeout=10s get --raw /readyz\n`,
      );
    });

    test('of a server fails with the words of the API server', () => {
      newStage({ NODE_ROLE: 'server' }).standIn('kubectl', 'echo "[-]etcd failed" >&2; exit 1');

      expect(stage.run('ready.sh')).toMatchObject({ status: 1, stderr: '[-]etcd failed\n' });
    });

    test.each([
      ['Ready', "echo 'True kubelet is posting ready status'", 0, ''],
      [
        'not Ready',
        "echo 'False cni plugin not initialized'",
        1,
        'node dev-agent-0 is not Ready: cni plugin not initialized\n',
      ],
      ['unknown', "echo ' '", 1, 'node dev-agent-0 is not Ready: \n'],
    ])('of an agent whose node is %s', (_, body, status, stderr) => {
      newStage().standIn('kubectl', body);

      expect(stage.run('ready.sh')).toMatchObject({ status, stderr });
    });

    test('of an agent fails while no API server answers', () => {
      newStage().standIn('kubectl', 'exit 1');

      expect(stage.run('ready.sh').status).not.toBe(0);
    });
  });

  describe('started.sh', () => {
    test.each([
      ['nothing listens', '0100007F:192B 00000000:0000 0A'],
      ['a client has the port', '0100007F:192C 0100007F:192B 01'],
      ['somebody is connected to it', '0100007F:8C2D 0100007F:192C 0A'],
    ])('starts no kubectl while %s', (_, socket) => {
      newStage().standIn('kubectl', 'echo "True fine"');
      apiListens(socket);

      expect(stage.run('started.sh')).toMatchObject({
        status: 1,
        stderr: "nothing listens at the API server's port\n",
      });
      expect(stage.calls).toEqual([]);
    });

    test('starts no kubectl before K3s has written its kubeconfig', () => {
      newStage().standIn('kubectl', 'echo "True fine"');
      stage.write('kubeconfig', '');

      expect(stage.run('started.sh').status).toBe(1);
      expect(stage.calls).toEqual([]);
    });

    test('asks an API server that listens on IPv6', () => {
      newStage().standIn('kubectl', answers(''));
      apiListens('0100007F:192B 00000000:0000 0A');
      stage.write('kubeconfig', '    server: https://[::1]:6444\n');
      stage.write('net/tcp6', `   0: ${'0'.repeat(24)}01000000:192C ${'0'.repeat(32)}:0000 0A 00000000:00000000\n`);

      expect(stage.run('started.sh').status).toBe(0);
    });

    test.each(['https://10.0.0.5:6443', 'https://k3s.example.org'])(
      'leaves %s, which is not on this machine, to kubectl',
      (url) => {
        newStage().standIn('kubectl', answers(''));
        apiListens('0100007F:192B 00000000:0000 0A');
        stage.write('kubeconfig', `    server: ${url}\n`);

        expect(stage.run('started.sh').status).toBe(0);
      },
    );

    const answers = (annotations: string) =>
      `case "$*" in *conditions*) echo "True fine" ;; *annotations}*) echo '${annotations}' ;; esac`;

    test('opens a node that its own stop closed', () => {
      newStage().standIn('kubectl', answers('{"a":"b","cdk8s-sysbox.io/cordoned":"true"}'));

      expect(stage.run('started.sh').status).toBe(0);
      expect(stage.calls.at(-1)).toBe(
        'patch node dev-agent-0 --type=merge -p ' +
          '{"spec":{"unschedulable":null},"metadata":{"annotations":{"cdk8s-sysbox.io/cordoned":null}}}',
      );
    });

    test.each(['{"a":"b"}', ''])('leaves a node with the annotations %j as it is', (annotations) => {
      newStage().standIn('kubectl', answers(annotations));

      expect(stage.run('started.sh').status).toBe(0);
      expect(stage.calls.join()).not.toContain('patch');
    });

    test('is not started before it is ready', () => {
      newStage().standIn('kubectl', 'case "$*" in *conditions*) echo "False no" ;; esac');

      expect(stage.run('started.sh').status).toBe(1);
      expect(stage.calls.join()).not.toContain('annotations}');
    });

    test('is not started while it cannot tell whether it is closed', () => {
      newStage().standIn('kubectl', 'case "$*" in *conditions*) echo "True fine" ;; *) exit 1 ;; esac');

      expect(stage.run('started.sh').status).toBe(1);
    });
  });

  describe('the address of a node that comes back', () => {
    const known = (address: string, family6 = 'fd00::3') => `case "$*" in
      *InternalIP*) echo '${address}' ;; *conditions*) echo "True fine" ;;
      *"-o json"*) printf '{"address": "10.42.0.3"}\n{"address": "${family6}"}\n{"address": "dev-agent-0"}\n' ;;
      *"replace --raw /api/v1/nodes/dev-agent-0/status"*) cat >"$STAGE/status" ;; esac`;

    test('replaces that of its previous pod, before K3s ends for it', () => {
      newStage().standIn('kubectl', known('10.42.0.3'));

      expect(stage.run('started.sh').status).toBe(0);
      expect(stage.read('status').split('\n')).toEqual([
        '{"address": "10.42.0.7"}',
        '{"address": "fd00::3"}',
        '{"address": "dev-agent-0"}',
        '',
      ]);
    });

    test('of both families', () => {
      newStage({ POD_IPS: '10.42.0.7,fd00::7' }).standIn('kubectl', known('10.42.0.3 fd00::3'));

      stage.run('started.sh');

      expect(stage.read('status')).toContain('{"address": "10.42.0.7"}\n{"address": "fd00::7"}\n');
    });

    test.each([
      ['is the same', known('10.42.0.7')],
      ['is of both families and the same', known('10.42.0.7 fd00::7')],
      ['belongs to no node yet', known('')],
    ])('is left alone when it %s', (what, body) => {
      newStage(what.includes('both') ? { POD_IPS: '10.42.0.7,fd00::7' } : {}).standIn('kubectl', body);

      expect(stage.run('started.sh').status).toBe(0);
      expect(stage.calls.join()).not.toContain('replace');
    });

    test('is announced to another server before K3s starts, and K3s starts without an answer, too', () => {
      for (const body of [known('10.42.0.3'), 'exit 1']) {
        newStage({ API_URL: 'https://dev:6443', NODE_KUBECONFIG: '$STAGE/kubeconfig' }).standIn('kubectl', body);
        stage.standIn('k3s', '');
        stage.write('kubeconfig', 'a');

        expect(stage.run('start.sh', 'agent').status).toBe(0);
        const calls = stage.read('calls').split('\n');
        expect(calls[0]).toContain('--server https://dev:6443 get node dev-agent-0');
        expect(calls.some((call) => call.startsWith('k3s agent'))).toBe(true);
      }
    });

    test('of a new node is nobody’s to announce', () => {
      newStage({ API_URL: 'https://dev:6443', NODE_KUBECONFIG: '$STAGE/kubeconfig' }).standIn('k3s', '');
      stage.write('kubeconfig', '');
      stage.standIn('kubectl', 'exit 1');

      stage.run('start.sh', 'agent');

      expect(stage.read('calls')).not.toContain('https://dev:6443');
    });
  });

  describe('after-start.sh', () => {
    const readyAfter = (tries: number) => `case "$*" in *conditions*)
      echo >>"$STAGE/asked"
      if [ $(wc -l <"$STAGE/asked") -gt ${tries} ]; then echo "True fine"; else echo "False no network"; fi ;; esac`;

    test('tries until the node has started, says each reason once, and writes the file of the startup probe', () => {
      newStage().standIn('kubectl', readyAfter(3));

      const { status, stdout } = stage.run('after-start.sh', String(process.pid));

      expect(status).toBe(0);
      expect(stdout.match(/not started yet: node dev-agent-0 is not Ready: no network/g)).toHaveLength(1);
      expect(existsSync(join(stage.directory, 'state', 'started'))).toBe(true);
    });

    // busybox's sh has a sleep of its own, so the time is the real one
    test('pauses for as long as a slow check took', () => {
      newStage({ PAUSE: '' }).standIn(
        'kubectl',
        `cut -d' ' -f1 /proc/uptime >>"$STAGE/times"; sleep 1; ${readyAfter(1)}`,
      );

      stage.run('after-start.sh', String(process.pid));

      const [, second, third] = stage.read('times').split('\n').map(Number); // a check that fails starts kubectl twice
      expect(third! - second!).toBeGreaterThanOrEqual(3);
    });

    test('a new start is not taken for started', () => {
      newStage().standIn('k3s', '');
      stage.standIn('kubectl', 'exit 1');
      mkdirSync(join(stage.directory, 'state'));
      stage.write('state/started', '');

      stage.run('start.sh', 'agent');

      expect(existsSync(join(stage.directory, 'state', 'started'))).toBe(false);
    });

    test('ends with K3s', () => {
      newStage().standIn('k3s', '');
      stage.standIn('kubectl', 'exit 1');

      expect(stage.run('start.sh', 'agent').status).toBe(0);
    });
  });

  describe('a cluster for a test run', () => {
    test.each([
      ['takes pods', 'echo True fine', 'echo ok', 0],
      ['has no ServiceAccount for them yet', 'echo True fine; exit 1', 'echo ok', 1],
      ['has a node that is not Ready', 'echo False no', 'echo ok', 1],
      ['has an API server that is not ready', 'echo True fine', 'exit 1', 1],
    ])('%s', (_, objects, health, status) => {
      newStage({ NODE_ROLE: 'ephemeral' }).standIn(
        'kubectl',
        `case "$*" in *"serviceaccount/default node/dev-agent-0"*) ${objects} ;; *readyz*) ${health} ;; esac`,
      );

      expect(stage.run('ready.sh').status).toBe(status);
    });

    const kubeletListens = () => stage.write('net/tcp', '   0: 0100007F:2808 00000000:0000 0A 00000000:00000000\n');

    const waiting = `kubectl --kubeconfig $STAGE/kubeconfig wait node/dev-agent-0 --for=condition=Ready --timeout=60s`;

    test('has started when one kubectl has waited for its node, and another has seen its ServiceAccount', () => {
      newStage({ NODE_ROLE: 'ephemeral' }).standIn('kubectl', '');
      kubeletListens();

      expect(stage.run('started.sh')).toEqual({ status: 0, stdout: '', stderr: '' });
      expect(stage.calls).toEqual([waiting.replace('$STAGE', stage.directory), 'get serviceaccount default -o name']);
    });

    test('is not asked before its kubelet has started, which is after its API server is ready', () => {
      newStage({ NODE_ROLE: 'ephemeral' }).standIn('kubectl', '');

      expect(stage.run('started.sh')).toEqual({ status: 1, stdout: '', stderr: 'the kubelet has not started\n' });
      expect(stage.calls).toEqual([]);
    });

    test.each([
      ['is not registered', 'echo "nodes not found" >&2; exit 1', 'nodes not found\n'],
      [
        'is not Ready for a minute',
        'case "$*" in *" wait "*) echo "timed out waiting" >&2; exit 1 ;; *) echo "False no network" ;; esac',
        'node dev-agent-0 is not Ready: no network\n',
      ],
      ['has no ServiceAccount', 'case "$*" in *serviceaccount*) echo none >&2; exit 1 ;; esac', 'none\n'],
    ])('has not started while its node %s, and says so', (_, body, stderr) => {
      newStage({ NODE_ROLE: 'ephemeral' }).standIn('kubectl', body);
      kubeletListens();

      expect(stage.run('started.sh')).toEqual({ status: 1, stdout: '', stderr });
    });
  });

  describe('stop.sh', () => {
    // evicted pods vanish from the list, unless a budget refuses
    const cluster = (unschedulable = '') => `
      case "$*" in
        *unschedulable}*) echo '${unschedulable}' ;;
        *"get pods"*) cat "$STAGE/pods" ;;
        *eviction*)
          cat >>"$STAGE/evictions"; echo >>"$STAGE/evictions"
          case "$*" in
            *guarded*) [ -e "$STAGE/asked" ] || { : >"$STAGE/asked"; echo "violates the budget" >&2; exit 1; } ;;
          esac
          name=$(echo "$*" | sed 's|.*/pods/\\([^/]*\\)/.*|\\1|')
          grep -v " $name " "$STAGE/pods" >"$STAGE/left" || :
          mv "$STAGE/left" "$STAGE/pods" ;;
      esac`;
    const pods = (...lines: string[]) => stage.write('pods', lines.map((line) => `${line}\n`).join(''));

    test('closes the node, evicts its pods, and is done when they are gone', () => {
      newStage({ DRAIN_SECONDS: '60' }).standIn('kubectl', cluster());
      pods('default   web-1   ReplicaSet   Running', 'kube-system   coredns-1   ReplicaSet   Pending');

      expect(stage.run('stop.sh')).toEqual({ status: 0, stdout: '', stderr: '' });

      expect(stage.calls.filter((call) => !call.startsWith('get pods'))).toEqual([
        'get node dev-agent-0 -o jsonpath={.spec.unschedulable}',
        'patch node dev-agent-0 --type=merge -p ' +
          '{"spec":{"unschedulable":true},"metadata":{"annotations":{"cdk8s-sysbox.io/cordoned":"true"}}}',
        'create --raw /api/v1/namespaces/default/pods/web-1/eviction -f -',
        'create --raw /api/v1/namespaces/kube-system/pods/coredns-1/eviction -f -',
      ]);
      expect(stage.calls).toContain(
        'get pods --all-namespaces --field-selector=spec.nodeName=dev-agent-0 --no-headers -o ' +
          'custom-columns=N:.metadata.namespace,P:.metadata.name,O:.metadata.ownerReferences[0].kind,S:.status.phase',
      );
      expect(
        stage
          .read('evictions')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ).toEqual([
        { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { namespace: 'default', name: 'web-1' } },
        { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { namespace: 'kube-system', name: 'coredns-1' } },
      ]);
    });

    test('leaves pods of the node itself, of DaemonSets, and those that ended', () => {
      newStage().standIn('kubectl', cluster());
      pods(
        'kube-system  svclb-1  DaemonSet  Running',
        'kube-system  static-1  Node  Running',
        'default  job-1  Job  Succeeded',
        'default  job-2  Job  Failed',
      );

      expect(stage.run('stop.sh').status).toBe(0);
      expect(stage.read('evictions')).toBe('');
    });

    test('evicts a pod without an owner too: it would die without notice', () => {
      newStage().standIn('kubectl', cluster());
      pods('default  bare  <none>  Running');

      stage.run('stop.sh');

      expect(stage.read('evictions')).toContain('bare');
    });

    test('asks again when a PodDisruptionBudget refuses', () => {
      newStage({ DRAIN_SECONDS: '60' }).standIn('kubectl', cluster());
      pods('default  guarded  ReplicaSet  Running');

      expect(stage.run('stop.sh').status).toBe(0);
      expect(stage.read('evictions').trim().split('\n')).toHaveLength(2);
    });

    test('does not mark a node that somebody else closed', () => {
      newStage().standIn('kubectl', cluster('true'));
      pods();

      expect(stage.run('stop.sh').status).toBe(0);
      expect(stage.calls.join()).not.toContain('patch');
    });

    test('gives up after its time, and says what is left', () => {
      newStage({ DRAIN_SECONDS: '1' }).standIn(
        'kubectl',
        'case "$*" in *"get pods"*) echo "default web-1 ReplicaSet Running" ;; esac',
      );

      const { status, stdout } = stage.run('stop.sh');

      expect(status).toBe(0);
      expect(stdout).toMatch(/still running after 1 s: default web-1/);
    });

    test('does not wait for an API server that is gone', () => {
      newStage({ DRAIN_SECONDS: '600' }).standIn('kubectl', 'exit 1');

      const { status, stdout } = stage.run('stop.sh');

      expect(status).toBe(0);
      expect(stdout).toMatch(/the API server does not answer: nothing is drained/);
    });

    test('takes an API server that does not list pods for a busy one, not for an empty node', () => {
      newStage({ DRAIN_SECONDS: '1' }).standIn('kubectl', 'case "$*" in *"get pods"*) exit 1 ;; esac');

      expect(stage.run('stop.sh').stdout).toMatch(/still running after 1 s: unknown/);
    });

    test('leaves no file behind', () => {
      newStage().standIn('kubectl', cluster());
      pods();

      stage.run('stop.sh');

      expect(stage.files.filter((name) => name.startsWith('tmp.'))).toEqual([]);
    });
  });
});
