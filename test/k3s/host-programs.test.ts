import { setTimeout } from 'node:timers/promises';
import { shells, Stage } from './programs';

const env = {
  KUBERNETES_SERVICE_HOST: '10.43.0.1',
  KUBERNETES_SERVICE_PORT: '443',
  SERVICE_ACCOUNT_DIR: '$STAGE',
  SECRET_NAME: 'dev-secret',
};

let stage: Stage;
afterEach(() => stage.end());

function newStage(shell: string[], more: Record<string, string>): Stage {
  stage = new Stage(shell, { ...env, ...more });
  stage.write('namespace', 'dev');
  stage.write('token', 'secret');
  return stage;
}

describe.each(shells)('under %s', (_, shell) => {
  describe('token.sh', () => {
    const secret = (data: string) => `
      case "$*" in
        *"get secret"*) echo '41 ${data}' ;;
        *patch*) for last; do :; done; cat "\${last#*=}" >"$STAGE/patch" ;;
      esac`;
    const start = (data: string, more: Record<string, string> = {}) => {
      newStage(shell, { SECRET_KEYS: 'token agent-token', ...more }).standIn('kubectl', secret(data));
      return stage.run('token.sh');
    };

    test('fills an empty Secret with two tokens, of the version that it read', () => {
      expect(start('').status).toBe(0);

      const patch = JSON.parse(stage.read('patch'));
      expect(patch).toEqual({
        metadata: { resourceVersion: '41' },
        stringData: {
          token: expect.stringMatching(/^[0-9a-f]{64}$/),
          'agent-token': expect.stringMatching(/^[0-9a-f]{64}$/),
        },
      });
      expect(patch.stringData.token).not.toBe(patch.stringData['agent-token']);
      expect(stage.calls[0]).toBe('get secret dev-secret -o jsonpath={.metadata.resourceVersion} {.data}');
      expect(stage.calls[1]).toMatch(/^patch secret dev-secret --type=merge --patch-file=\S+$/);
    });

    test('no two runs make the same', () => {
      const tokens = [1, 2].map(() => {
        start('');
        return JSON.parse(stage.read('patch')).stringData.token;
      });

      expect(tokens[0]).not.toBe(tokens[1]);
    });

    test('never changes a token that is there', () => {
      const { status, stdout } = start('{"agent-token":"YQ==","token":"Yg=="}');

      expect(status).toBe(0);
      expect(stdout).toMatch(/Secret dev-secret has its tokens/);
      expect(stage.calls).toHaveLength(1);
    });

    test('makes only the one that is missing', () => {
      start('{"token":"Yg=="}');

      expect(Object.keys(JSON.parse(stage.read('patch')).stringData)).toEqual(['agent-token']);
    });

    test.each([
      ['the Secret is not there', 'echo "not found" >&2; exit 1'],
      ['somebody else was first', 'case "$*" in *patch*) exit 1 ;; *) echo "41 " ;; esac'],
    ])('fails, to be tried again, when %s', (_, body) => {
      newStage(shell, { SECRET_KEYS: 'token' }).standIn('kubectl', body);

      expect(stage.run('token.sh').status).not.toBe(0);
    });

    test('makes no token of no randomness', () => {
      expect(start('', { RANDOM_DEVICE: '/dev/null' }).status).not.toBe(0);
      expect(stage.read('patch')).toBe('');
    });

    test('goes to the API server with the pod’s own token, read from its file', () => {
      newStage(shell, { SECRET_KEYS: 'token' }).standIn('kubectl', 'cat "$2" >"$STAGE/kubeconfig"; exit 1');
      stage.run('token.sh');

      const kubeconfig = stage.read('kubeconfig');
      expect(kubeconfig).toContain('server: "https://10.43.0.1:443"');
      expect(kubeconfig).toContain(`certificate-authority: "${stage.directory}/ca.crt"`);
      expect(kubeconfig).toContain(`tokenFile: "${stage.directory}/token"`);
      expect(kubeconfig).toContain('namespace: "dev"');
      expect(kubeconfig).not.toContain('secret');
    });

    test('puts an IPv6 address in brackets', () => {
      newStage(shell, { SECRET_KEYS: 'token', KUBERNETES_SERVICE_HOST: 'fd00::1' });
      stage.standIn('kubectl', 'cat "$2" >"$STAGE/kubeconfig"; exit 1');
      stage.run('token.sh');

      expect(stage.read('kubeconfig')).toContain('server: "https://[fd00::1]:443"');
    });

    test('leaves no token behind', () => {
      start('');

      expect(stage.files.filter((name) => name.startsWith('tmp.'))).toEqual([]);
    });
  });

  describe('publish.sh', () => {
    const written = (key = 'a2V5') =>
      `apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: Y2E=\n    server: https://127.0.0.1:6443\n` +
      `  name: default\nusers:\n- name: default\n  user:\n    client-key-data: ${key}\n`;
    const published = (key = 'a2V5') => written(key).replace('127.0.0.1:6443', 'dev.dev.svc:6443');
    // keeps the Secret's value in the file `secret`, as the API server would
    const secret = `
      case "$*" in
        *"get secret"*) cat "$STAGE/secret" ;;
        *patch*)
          for last; do :; done
          cat "\${last#*=}" >"$STAGE/patch"
          [ -e "$STAGE/refuse" ] && exit 1
          sed -n 's/^    //p' "\${last#*=}" >"$STAGE/secret" ;;
      esac`;
    let publisher: ReturnType<Stage['start']>;

    const start = (node = 'dev-server-0') => {
      newStage(shell, {
        NODE_NAME: node,
        SECRET_KEY: 'kubeconfig.yaml',
        CLUSTER_URL: 'https://dev.dev.svc:6443',
        KUBECONFIG_FILE: '$STAGE/k3s.yaml',
        INTERVAL: '0',
      }).standIn('kubectl', secret);
      stage.write('secret', '');
      publisher = stage.start('publish.sh');
    };
    const until = async (holds: () => boolean) => {
      for (let i = 0; i < 200 && !holds(); i++) await setTimeout(50);
      expect(holds()).toBe(true);
    };
    const patches = () => stage.calls.filter((call) => call.startsWith('patch')).length;
    const ended = () => new Promise((done) => publisher.on('exit', done));
    afterEach(async () => {
      if (publisher.exitCode !== null) return;
      publisher.kill('SIGKILL');
      await ended();
    });

    test('publishes what K3s wrote, with the address from outside', async () => {
      start();
      stage.write('k3s.yaml', written());

      await until(() => stage.read('secret') === published());
      expect(stage.read('patch')).toMatch(/^stringData:\n {2}"kubeconfig\.yaml": \|\n {4}apiVersion: v1\n/);
    });

    test('writes once while nothing changes', async () => {
      start();
      stage.write('k3s.yaml', written());
      await until(() => stage.read('secret') === published());

      const calls = stage.calls.length;
      await until(() => stage.calls.length > calls + 3);
      expect(patches()).toBe(1);
    });

    test('waits for a whole kubeconfig', async () => {
      start();
      stage.write('k3s.yaml', 'apiVersion: v1\n');
      await setTimeout(300);

      expect(stage.calls).toEqual([]);
    });

    test('publishes a renewed certificate', async () => {
      start();
      stage.write('k3s.yaml', written());
      await until(() => stage.read('secret') === published());

      stage.write('k3s.yaml', written('bmV3'));
      await until(() => stage.read('secret') === published('bmV3'));
    });

    test('fills a Secret again that somebody emptied', async () => {
      start();
      stage.write('k3s.yaml', written());
      await until(() => stage.read('secret') === published());

      stage.write('secret', '');
      await until(() => stage.read('secret') === published());
    });

    test('of a further server leaves the kubeconfig of the first, and fills an empty Secret', async () => {
      start('dev-server-1');
      stage.write('secret', published('Zmlyc3Q='));
      stage.write('k3s.yaml', written());
      await until(() => stage.calls.length > 2);
      expect(patches()).toBe(0);

      stage.write('secret', '');
      await until(() => stage.read('secret') === published());
    });

    test('tries again after a refusal', async () => {
      start();
      stage.write('refuse', '');
      stage.write('k3s.yaml', written());
      await until(() => patches() > 1);
      expect(publisher.exitCode).toBeNull();
    });

    test('ends immediately at a signal, and leaves nothing behind', async () => {
      start();
      stage.write('k3s.yaml', written());
      await until(() => stage.read('secret') === published());

      publisher.kill('SIGTERM');

      expect(await ended()).toBe(0);
      expect(stage.files.filter((name) => name.startsWith('tmp.'))).toEqual([]);
    });
  });
});
