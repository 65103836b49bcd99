// `npm run synth`: the default app through `cdk8s synth`, and what to do with the result.
const { spawnSync } = require('child_process');
const { readdirSync } = require('fs');
const { join } = require('path');

const cdk8s = join(__dirname, '..', 'node_modules', '.bin', 'cdk8s');
const run = spawnSync(cdk8s, ['synth'], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { ...process.env, CDK8S_CHECK_UPGRADE: 'false' },
});
if (run.status !== 0) process.exit(run.status ?? 1);

const written = readdirSync('dist').sort();
console.log(`Wrote ${written.map((file) => join('dist', file)).join(', ')}.

Label the nodes that should get the runtime, and apply, or commit dist/ to the repository that your GitOps tool watches:

  kubectl label node <node> sysbox-install=yes
  kubectl apply --server-side -f dist/

Each node says what it is doing:

  npx cdk8s-sysbox status --watch`);
