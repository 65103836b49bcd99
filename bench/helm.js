// Helm, built once from the Go module proxy into the cache, and a chart that holds the default app's objects.
const { execFileSync } = require('child_process');
const { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } = require('fs');
const { join } = require('path');

const VERSION = 'v3.19.2';

function helm() {
  const directory = join(process.env.CDK8S_SYSBOX_CACHE ?? '/var/cache/cdk8s-sysbox', `helm-${VERSION}`);
  const binary = join(directory, 'helm');
  if (!existsSync(binary)) {
    mkdirSync(directory, { recursive: true });
    execFileSync('go', ['install', `helm.sh/helm/v3/cmd/helm@${VERSION}`], {
      env: { ...process.env, GOBIN: directory },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  return binary;
}

/** A chart whose templates are dist/'s files; braces of the node programs are escaped for Helm's own templates. */
function chart(directory) {
  mkdirSync(join(directory, 'templates'), { recursive: true });
  writeFileSync(join(directory, 'Chart.yaml'), 'apiVersion: v2\nname: sysbox\nversion: 0.1.0\n');
  for (const name of readdirSync('dist')) {
    const text = readFileSync(join('dist', name), 'utf8').replaceAll('{{', '{{ "{{" }}');
    writeFileSync(join(directory, 'templates', name), text);
  }
  return directory;
}

module.exports = { helm, chart };
