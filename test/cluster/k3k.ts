// K3k's own controller, run against an API server of these tests.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiServer, eventually } from './api-server';
import { cacheDirectory } from './cache';
import { Controller } from './controller';
import { kubeconfigOf } from './kubeconfig';

/** main of 2026-08-20, after v1.2.0-rc4. */
const commit = 'e7c518da0d02eb87d5ee94cec33a2510a7df99cf';
const directory = () => join(cacheDirectory(), `k3k-${commit.slice(0, 8)}`);

/**
 * K3k is on no Go proxy, so it is not built here: undefined where nobody has. From a clone of github.com/rancher/k3k at the commit:
 * `CGO_ENABLED=0 go build -trimpath -o DIRECTORY/controller . && cp -r charts/k3k/templates/crds DIRECTORY/crds`; for test/node also
 * `CGO_ENABLED=0 go build -trimpath -o DIRECTORY/k3k-kubelet ./k3k-kubelet`.
 */
export function k3kDirectory(): string | undefined {
  if (existsSync(join(directory(), 'controller'))) return directory();
  console.warn(
    `NOT RUN: the tests with K3k's controller. ${directory()} is missing; test/cluster/k3k.ts says how to build it`,
  );
  return undefined;
}

export async function installK3kCrds(server: ApiServer, from: string): Promise<void> {
  for (const file of readdirSync(join(from, 'crds'))) {
    const [applied] = await server.apply(readFileSync(join(from, 'crds', file), 'utf8'));
    const { group, names, versions } = applied!.spec;
    const apiVersion = `${group}/${versions[0].name}`;
    await eventually(() => server.get(`/apis/${apiVersion}/${names.plural}`));
    await eventually(() => server.pathOf({ apiVersion, kind: names.kind }));
  }
}

/** Starts the controller as the administrator. */
export function startK3kController(server: ApiServer, from: string): Controller {
  return Controller.start(
    join(from, 'controller'),
    kubeconfigOf(server),
    (kubeconfig) => ['--kubeconfig', kubeconfig, '--cluster-cidr', '10.42.0.0/16'],
    { CONTROLLER_NAMESPACE: 'k3k-system' },
  );
}
