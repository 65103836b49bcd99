import { textOf } from '../core/json';
import { celString } from './cel';
import { ContainerFacts } from './pod-facts';
import { SPECIAL_DIRECTORIES } from './special-directories';

/**
 * Programs that keep their data in a special directory, and how a container is known to run one. The patterns are read
 * by JavaScript and by RE2.
 */
const ENGINES: { program: string; directory: string; image?: string }[] = [
  { program: 'dockerd', directory: SPECIAL_DIRECTORIES.docker, image: '(^|/)docker:[^/]*dind' },
  { program: 'containerd', directory: SPECIAL_DIRECTORIES.containerd },
  { program: 'k3s', directory: SPECIAL_DIRECTORIES.k3s, image: '(^|/)rancher/k3s:' },
  { program: 'rke2', directory: SPECIAL_DIRECTORIES.rke2 },
  { program: 'k0s', directory: SPECIAL_DIRECTORIES.k0s, image: '(^|/)k0sproject/k0s:' },
  { program: 'kubelet', directory: SPECIAL_DIRECTORIES.kubelet },
  { program: 'buildkitd', directory: SPECIAL_DIRECTORIES.buildkit, image: '(^|/)moby/buildkit:' },
];

/**
 * A word of a command that is this program, or a script that runs it.
 *
 * @internal
 */
export function programPattern(name: string): string {
  return `(^|[/\\s;&|])${name}($|[\\s;&|])`;
}

const MATCHERS = ENGINES.map(({ program, directory, image }) => ({
  directory,
  names: new RegExp(programPattern(program)),
  brings: image === undefined ? undefined : new RegExp(image),
}));

/**
 * The special directories that the programs of a container write to.
 *
 * @internal
 */
export function dataDirectories(container: ContainerFacts): string[] {
  return MATCHERS.filter(({ names, brings }) => {
    // an image that brings the engine starts it when no other command is given
    const brought = container.command.length === 0 && brings?.test(textOf(container.json.image));
    return brought || container.words.some((word) => names.test(word));
  }).map(({ directory }) => directory);
}

/**
 * CEL: the programs of container `c` write to this special directory.
 *
 * @internal
 */
export function celWritesTo(directory: string): string {
  return ENGINES.filter((engine) => engine.directory === directory)
    .map(({ program, image }) => {
      const words = '(c.?command.orValue([]) + c.?args.orValue([]))';
      const named = `${words}.exists(w, w.matches(${celString(programPattern(program))}))`;
      if (!image) return named;
      return `${named} || c.?command.orValue([]).size() == 0 && c.?image.orValue('').matches(${celString(image)})`;
    })
    .join(' || ');
}
