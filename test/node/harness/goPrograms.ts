// The programs of the installer image that are written in Go, built from the Go module proxy.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached } from './cache';
import { must } from './host';

interface GoProgram {
  readonly name: string;
  readonly module: string;
  readonly version: string;
  /** The package to build, or the text of a main package around a library. */
  readonly main: { readonly package: string } | { readonly source: string };
  readonly ldflags?: string;
}

/** What kubernetes/cmd/kubectl does, without the 200 other packages of that module. */
const kubectlMain = `package main

import (
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}
`;

/** Kubernetes' own kubectl, not K3s's: that one falls back to the cluster admin's kubeconfig. */
export const kubectl = () =>
  goProgram({
    name: 'kubectl',
    module: 'k8s.io/kubectl',
    version: 'v0.36.2',
    main: { source: kubectlMain },
    ldflags: '-X k8s.io/component-base/version.gitVersion=v1.36.2 -X k8s.io/component-base/version.gitMinor=36',
  });

export const crictl = () =>
  goProgram({
    name: 'crictl',
    module: 'sigs.k8s.io/cri-tools',
    version: 'v1.36.0',
    main: { package: 'sigs.k8s.io/cri-tools/cmd/crictl' },
    ldflags: '-X sigs.k8s.io/cri-tools/pkg/version.Version=v1.36.0',
  });

/** Path of the static binary. */
async function goProgram(program: GoProgram): Promise<string> {
  const directory = await cached(`go-${program.name}`, program, async (into) => {
    const module = mkdtempSync(join(tmpdir(), 'go-program-'));
    const go = (...args: string[]) =>
      must(['go', ...args], { cwd: module, env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod' } });
    await go('mod', 'init', 'program');
    if ('source' in program.main) writeFileSync(join(module, 'main.go'), program.main.source);
    await go('get', `${'source' in program.main ? program.module : program.main.package}@${program.version}`);
    const target = 'source' in program.main ? '.' : program.main.package;
    const ldflags = ['-s', '-w', program.ldflags ?? ''].join(' ');
    await go('build', '-trimpath', '-buildvcs=false', '-ldflags', ldflags, '-o', join(into, program.name), target);
    rmSync(module, { recursive: true });
  });
  return join(directory, program.name);
}
