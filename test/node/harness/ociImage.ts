// Container images without Docker: layers are tar files of directories, an image is a docker-archive that containerd imports.
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { cached, sha256File } from './cache';
import { must } from './host';

export interface Layer {
  readonly tar: string;
  readonly sha256: string;
}

export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly StopSignal?: string;
}

/** A layer of what `fill` puts in a directory. The recipe must hold everything that decides the content. */
export async function layer(
  name: string,
  recipe: unknown,
  fill: (root: string) => Promise<void> | void,
): Promise<Layer> {
  const directory = await cached(`layer-${name}`, recipe, async (into) => {
    const root = join(into, 'root');
    mkdirSync(root, { mode: 0o755 });
    await fill(root);
    const tar = join(into, 'layer.tar');
    // The runtime makes /dev; no published image has device nodes.
    await must([
      ...['tar', '--create', '--exclude=./dev/*', '--sort=name', '--mtime=@0', '--numeric-owner'],
      `--file=${tar}`,
      `--directory=${root}`,
      '.',
    ]);
    rmSync(root, { recursive: true });
    writeFileSync(join(into, 'sha256'), await sha256File(tar));
  });
  return { tar: join(directory, 'layer.tar'), sha256: (await must(['cat', join(directory, 'sha256')])).trim() };
}

/** Path of a tar file with the image under these names (registry/repository:tag). */
export async function image(tags: readonly string[], layers: readonly Layer[], config: ImageConfig): Promise<string> {
  const text = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], ...config },
    rootfs: { type: 'layers', diff_ids: layers.map((one) => `sha256:${one.sha256}`) },
    history: layers.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'cdk8s-sysbox test/node' })),
  });
  const configName = `${createHash('sha256').update(text).digest('hex')}.json`;
  const layerName = (one: Layer) => `${one.sha256}/layer.tar`;
  const manifest = JSON.stringify([{ Config: configName, RepoTags: tags, Layers: layers.map(layerName) }]);
  const name = tags[0]!.replace(/^.*\//, '').replace(/[^a-z0-9.]+/g, '-');
  const directory = await cached(`image-${name}`, { text, manifest }, async (into) => {
    const tree = mkdtempSync(join(into, 'tree-'));
    writeFileSync(join(tree, configName), text);
    writeFileSync(join(tree, 'manifest.json'), manifest);
    for (const one of layers) {
      mkdirSync(join(tree, one.sha256));
      linkSync(one.tar, join(tree, layerName(one)));
    }
    const entries = ['manifest.json', configName, ...layers.map(layerName)];
    await must([
      'tar',
      '--create',
      '--mtime=@0',
      `--file=${join(into, `${name}.tar`)}`,
      `--directory=${tree}`,
      ...entries,
    ]);
    rmSync(tree, { recursive: true });
  });
  return join(directory, `${name}.tar`);
}
