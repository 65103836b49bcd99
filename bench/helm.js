// Helm, built once from the Go module proxy into the cache, and a chart that holds the default app's objects.
const { execFileSync } = require('child_process');
const { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } = require('fs');
const { tmpdir } = require('os');
const { join } = require('path');

const VERSION = 'v3.19.2';

function helm() {
  const folder = join(process.env.CDK8S_SYSBOX_CACHE ?? '/var/cache/cdk8s-sysbox', `helm-${VERSION}`);
  const binary = join(folder, 'helm');
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    execFileSync('go', ['install', `helm.sh/helm/v3/cmd/helm@${VERSION}`], {
      env: { ...process.env, GOBIN: folder },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  return binary;
}

/** A chart whose templates are dist/'s files; braces of the node programs are escaped for Helm's own templates. */
function chart() {
  const folder = mkdtempSync(join(tmpdir(), 'helm-chart-'));
  mkdirSync(join(folder, 'templates'));
  writeFileSync(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: sysbox\nversion: 0.1.0\n');
  for (const name of readdirSync('dist')) {
    const text = readFileSync(join('dist', name), 'utf8').replaceAll('{{', '{{ "{{" }}');
    writeFileSync(join(folder, 'templates', name), text);
  }
  return folder;
}

module.exports = { helm, chart };
