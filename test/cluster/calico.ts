// Calico's CNI plugin, built from the Go module proxy on first use. It is Canal's too, which RKE2 has by default.
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached, run } from './cache';

/** The one version on the proxy, a commit of release-v3.28; the interface that it shares with other modules has a version of its own. */
const VERSION = 'v1.11.0-cni-plugin.0.20250813170300-a0db560f0520';
const API_VERSION = 'v0.0.0-20240708202104-e3f70b269c2c';
const MODULE = 'github.com/projectcalico/calico';
const otherwise = 'Cannot build Calico: Go and the Go module proxy (GOPROXY) are needed once.';

/** A directory with `calico`, `calico-ipam` and `crds.yaml`. */
export function calico(): Promise<string> {
  return cached(`calico-${VERSION}`, async (directory) => {
    const work = mkdtempSync(join(tmpdir(), 'calico-build-'));
    const go = (...args: string[]) => run('go', args, { cwd: work, env: { CGO_ENABLED: '0' }, otherwise });
    try {
      const module = JSON.parse(await go('mod', 'download', '-json', `${MODULE}@${VERSION}`));
      writeFileSync(join(work, 'go.mod'), goMod(readFileSync(module.GoMod, 'utf8')));
      mkdirSync(directory);
      const flags = ['-mod=mod', '-trimpath', '-ldflags', '-s -w', '-o', join(directory, 'calico')];
      await go('build', ...flags, `${MODULE}/cni-plugin/cmd/calico`);
      // It is the plugin of addresses when it is called by that name (cni-plugin/cmd/calico/calico.go).
      copyFileSync(join(directory, 'calico'), join(directory, 'calico-ipam'));
      const crds = join(module.Dir, 'libcalico-go', 'config', 'crd');
      const files = readdirSync(crds).map((name) => readFileSync(join(crds, name), 'utf8'));
      writeFileSync(join(directory, 'crds.yaml'), files.join('\n---\n'));
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
}

/** A module whose only requirement is Calico, with Calico's own replacements: they do not hold for those who require it. */
function goMod(upstream: string): string {
  const replacements = upstream.match(/^replace \([\s\S]*?^\)/m)?.[0] ?? '';
  return [
    'module calico-build',
    ...upstream.split('\n').filter((line) => /^(go|godebug) /.test(line)),
    `require ${MODULE} ${VERSION}`,
    replacements.replace('=> ./api', `=> github.com/projectcalico/api ${API_VERSION}`),
    '',
  ].join('\n');
}
