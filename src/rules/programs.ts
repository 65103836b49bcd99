import { listOf, textOf } from '../core/json';
import { celString } from './cel';
import { ContainerFacts } from './pod-facts';
import { SPECIAL_DIRECTORIES } from './special-directories';

/** A container engine, or a node of a Kubernetes distribution. The patterns are read by JavaScript and by RE2. */
interface Engine {
  /** Programs and the scripts of images that start it. */
  readonly programs: string[];
  /** Its data directory, and others that a volume can be mounted at instead. */
  readonly data: string[];
  /** Images whose entry point starts it. */
  readonly image?: string;
  /** The first argument with which such an image still starts it. */
  readonly argument?: string;
}

// Sources: docker-library/docker dockerd-entrypoint.sh; k3d-io/k3d pkg/types/fixes; moby/buildkit Dockerfile; containers/image_build; the images' own
// ENTRYPOINT for the others
const ENGINES: Engine[] = [
  {
    programs: [
      'dockerd',
      'dockerd-entrypoint\\.sh',
      'start-docker\\.sh',
      'service docker start',
      '(/etc/)?init\\.d/docker start',
    ],
    data: [SPECIAL_DIRECTORIES.docker],
    image: '(^|/)docker:[^/]*dind|(^|[/-])dind([:@]|$)',
    argument: '^(-.*|dockerd)?$',
  },
  { programs: ['containerd'], data: [SPECIAL_DIRECTORIES.containerd] },
  {
    programs: ['k3s', 'k3d-entrypoint\\.sh'],
    data: [SPECIAL_DIRECTORIES.k3s],
    image: '(^|/)k3s([:@]|$)',
    argument: '^(-.*|server|agent)?$',
  },
  { programs: ['rke2'], data: [SPECIAL_DIRECTORIES.rke2] },
  {
    programs: ['k0s'],
    data: [SPECIAL_DIRECTORIES.k0s],
    image: '(^|/)k0s([:@]|$)',
    argument: '^(-.*|k0s|controller|worker)?$',
  },
  { programs: ['kubelet'], data: [SPECIAL_DIRECTORIES.kubelet] },
  {
    programs: ['buildkitd'],
    data: [SPECIAL_DIRECTORIES.buildkit],
    image: '(^|/)buildkit([:@]|$)',
    argument: '^(-.*)?$',
  },
  // containers-storage.conf(5), graphroot: not a special directory of Sysbox
  { programs: ['podman', 'buildah', 'crio'], data: ['/var/lib/containers', '/var/lib/containers/storage'] },
];

const ENDS = '($|[\\s;&|)])';
/** Where a command begins in a word, or in a script that is one. */
const BEGINS =
  '(^|[;&|({\\n]\\s*|(^|\\s)(exec|sudo|nohup|nice|time|env|command|then|do|else|!)\\s+(-\\S+\\s+)*)(\\w+=\\S*\\s+)*';
/** Any other path that ends so may be a directory: /var/lib/rancher/k3s. */
const DIRECTORY = '(\\S*bin/|\\./)?';

/**
 * Matches a word that is this program, or a script that runs it.
 *
 * @internal
 */
export function programPattern(name: string): string {
  return `${BEGINS}${DIRECTORY}${name}${ENDS}`;
}

/**
 * Programs that start another one, given as a later word.
 *
 * @internal
 */
export const WRAPPER =
  '(^|/)(sh|ash|bash|dash|zsh|env|exec|nice|tini|dumb-init|docker-init|catatonit|dind|[^/]*entry-?point[^/]*)$';

const alternatives = (names: string[]) => `(${names.join('|')})`;
const ALL = alternatives(ENGINES.flatMap(({ programs }) => programs));
const exactly = (names: string[]) => `^(.*/)?${alternatives(names)}$`;
const EXACT = `^(.*/)?${ALL}$|^/sbin/init$`;
const REMOTE = '^--remote$|\\s--remote(\\s|$)';
const ANY_WORD = programPattern(ALL);
// the remote client of podman has no storage
const SUDO_OR_REMOTE = `(^|[\\s;&|(])sudo\\s|${REMOTE}`;

const isExact = new RegExp(EXACT);
const isAnyWord = new RegExp(ANY_WORD);
const isWrapper = new RegExp(WRAPPER);
const isRemote = new RegExp(REMOTE);
const isSudoOrRemote = new RegExp(SUDO_OR_REMOTE);
const isAnyImage = new RegExp(ENGINES.flatMap(({ image }) => image ?? []).join('|'));

const MATCHERS = ENGINES.map(({ programs, data, image, argument }) => ({
  data,
  exact: new RegExp(exactly(programs)),
  names: new RegExp(programPattern(alternatives(programs))),
  image: image === undefined ? undefined : new RegExp(image),
  argument: new RegExp(argument ?? '^$'),
}));

/**
 * The engine, or systemd, that a container runs as its own user; undefined if it runs none, or runs it with sudo.
 *
 * @internal
 */
export function engineOf({ command, argv0, words, json }: ContainerFacts): string | undefined {
  if (argv0 !== undefined && isExact.test(argv0)) return argv0;
  if (argv0 !== undefined && isWrapper.test(argv0) && words.some((w) => isAnyWord.test(w))) {
    return words.some((w) => isSudoOrRemote.test(w)) ? undefined : words.find((w) => isAnyWord.test(w));
  }
  if (command.length > 0) return undefined;
  const [image, argument] = [textOf(json.image), textOf(listOf(json.args)[0])];
  return MATCHERS.some((m) => m.image?.test(image) && m.argument.test(argument)) ? image : undefined;
}

/**
 * The data directories that the engines of a container write to, each with the mount points that replace it.
 *
 * @internal
 */
export function dataDirectories({ command, argv0, words, json }: ContainerFacts): string[][] {
  const scripts = argv0 !== undefined && isWrapper.test(argv0) && words.some((w) => isAnyWord.test(w));
  if (!scripts && !(argv0 !== undefined && isExact.test(argv0)) && !isAnyImage.test(textOf(json.image))) return [];
  const [image, argument] = [textOf(json.image), textOf(listOf(json.args)[0])];
  return MATCHERS.filter((m) => {
    if (command.length === 0 && m.image?.test(image) && m.argument.test(argument)) return true;
    if (words.some((w) => isRemote.test(w))) return false;
    return m.exact.test(argv0 ?? '') || (scripts && words.some((w) => m.names.test(w)));
  }).map(({ data }) => data);
}

/** CEL: command and arguments of container `c`. */
export const CEL_WORDS = '(c.?command.orValue([]) + c.?args.orValue([]))';

/** CEL: the first word of container `c`, as far as the manifest says it. */
export const CEL_ARGV0 = `${CEL_WORDS}[?0].orValue('')`;

const celNoCommand = 'c.?command.orValue([]).size() == 0';
const celAnyWord = (pattern: string) => `${CEL_WORDS}.exists(w, w.matches(${celString(pattern)}))`;
const celImage = ({ image, argument }: Engine) =>
  image === undefined
    ? []
    : [
        `${celNoCommand} && c.?image.orValue('').matches(${celString(image)}) && ` +
          `c.?args[?0].orValue('').matches(${celString(argument ?? '^$')})`,
      ];

/**
 * CEL: container `c` runs an engine or systemd as its own user.
 *
 * @internal
 */
export const CEL_RUNS_ENGINE = [
  `${CEL_ARGV0}.matches(${celString(EXACT)})`,
  `${CEL_ARGV0}.matches(${celString(WRAPPER)}) && ${celAnyWord(ANY_WORD)} && !${celAnyWord(SUDO_OR_REMOTE)}`,
  ...ENGINES.flatMap(celImage),
]
  .map((condition) => `(${condition})`)
  .join(' || ');

/**
 * CEL: every data directory that the engines of container `c` write to is a volume.
 *
 * @internal
 */
export const CEL_DATA_IS_MOUNTED = ENGINES.map((engine) => {
  const starts = `${CEL_ARGV0}.matches(${celString(WRAPPER)}) && ${celAnyWord(programPattern(alternatives(engine.programs)))}`;
  const named = `(${CEL_ARGV0}.matches(${celString(exactly(engine.programs))}) || ${starts}) && !${celAnyWord(REMOTE)}`;
  const paths = engine.data.flatMap((path) => [path, `${path}/`]).map(celString);
  const writes = [named, ...celImage(engine)].map((condition) => `(${condition})`).join(' || ');
  return `(!(${writes}) || c.?volumeMounts.orValue([]).exists(m, m.mountPath in [${paths.join(', ')}]))`;
}).join(' && ');
