// The images that the tests run, made here because the node reaches no registry.
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sha256File } from './cache';
import { debootstrap, suite } from './debian';
import { crictl, kubectl } from './goPrograms';
import { must } from './host';
import { image, layer, type ImageConfig } from './ociImage';
import { sysboxPrograms } from './prerequisites';

/** As in K3s 1.36's rendered containerd configuration. */
const pauseTag = 'docker.io/rancher/mirrored-pause:3.6';

const pauseSource = `#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void end(int signal) { (void)signal; _exit(0); }
static void reap(int signal) { (void)signal; while (waitpid(-1, 0, WNOHANG) > 0) ; }
int main(void) {
  struct sigaction on_end = { .sa_handler = end }, on_child = { .sa_handler = reap, .sa_flags = SA_NOCLDSTOP };
  sigaction(SIGINT, &on_end, 0);
  sigaction(SIGTERM, &on_end, 0);
  sigaction(SIGCHLD, &on_child, 0);
  for (;;) pause();
}
`;

/** Kubernetes' pause: waits, and reaps what the pod's containers leave behind. */
export async function pauseImage(tag = pauseTag): Promise<string> {
  const content = await layer('pause', pauseSource, async (root) => {
    const source = join(root, 'pause.c');
    writeFileSync(source, pauseSource);
    await must(['gcc', '-static', '-Os', '-s', '-o', join(root, 'pause'), source]);
    await must(['rm', source]);
  });
  return image([tag], [content], { Entrypoint: ['/pause'], User: '65535:65535' });
}

/** Packages of the layer that the article's image and the installer image share, so that it is imported once. */
const commonPackages = ['ca-certificates', 'curl', 'jq'];

/** A Debian image with these packages, under any name. */
export async function debianImage(
  tag: string,
  packages: readonly string[] = commonPackages,
  config: ImageConfig = { Cmd: ['/bin/bash'] },
): Promise<string> {
  return image([tag], [await debianLayer(packages)], config);
}

/** Stands in for the article's image: same name, Debian instead of Ubuntu, since there is no registry to have it from. */
export const ubuntuImage = (tag = 'docker.io/library/ubuntu:24.04') => debianImage(tag);

/**
 * Stands in for upstream's sysbox-deploy-k8s: bash, curl, jq, kubectl and crictl, and the Sysbox programs under test
 * where upstream has its own (/opt/sysbox/bin/generic).
 */
export async function installerImage(tag: string, sysboxDir: string): Promise<string> {
  const programs = [
    ...[await kubectl(), await crictl()].map((from) => ({ from, to: join('usr/local/bin', basename(from)) })),
    ...sysboxPrograms.map((name) => ({ from: join(sysboxDir, name), to: join('opt/sysbox/bin/generic', name) })),
  ];
  const recipe = await Promise.all(programs.map(async ({ from, to }) => ({ to, sha256: await sha256File(from) })));
  const content = await layer('installer', recipe, (root) => {
    for (const directory of ['usr/local/bin', 'opt/sysbox/bin/generic'])
      mkdirSync(join(root, directory), { recursive: true });
    for (const { from, to } of programs) {
      copyFileSync(from, join(root, to));
      chmodSync(join(root, to), 0o755);
    }
  });
  return image([tag], [await debianLayer(commonPackages), content], { Cmd: ['/bin/bash'] });
}

export const debianLayer = (packages: readonly string[]) =>
  layer(`debian-${packages.at(-1) ?? 'minbase'}`, { suite, packages }, (root) => debootstrap(root, packages));
