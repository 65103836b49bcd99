import * as kplus from 'cdk8s-plus-30';
import { PlainPodSpec } from './system-pod-spec';

/** cdk8s-plus fills in defaults when a container is made, so what the user gave is remembered under this key. */
const GIVEN = Symbol('given');

type RememberingContainer = kplus.Container & { [GIVEN]?: kplus.ContainerProps };

const SYSTEM_CONTEXT: kplus.ContainerSecurityContextProps = {
  ensureNonRoot: false,
  readOnlyRootFilesystem: false,
  allowPrivilegeEscalation: true,
};

/**
 * Container props with the defaults of a system container where cdk8s-plus has those of a web service: root, a writable
 * root filesystem, setuid programs, no request of a whole CPU. What the user gave stays.
 *
 * @internal
 */
export function systemContainerProps(props: kplus.ContainerProps): kplus.ContainerProps {
  const copy = copyOf(props);
  copy.resources ??= {};
  copy.imagePullPolicy ??= kubernetesPullPolicy(props.image);
  copy.securityContext = props.securityContext
    ? { ...SYSTEM_CONTEXT, ...defined(props.securityContext) }
    : SYSTEM_CONTEXT;
  // Container.mount() pushes onto this array, and two containers may share the user's
  copy.volumeMounts = props.volumeMounts ? [...props.volumeMounts] : [];
  return copy;
}

/**
 * Pod props with the defaults of a system pod.
 *
 * @internal
 */
export function systemPodProps<T extends kplus.AbstractPodProps>(props: T): T {
  const copy: Writable<kplus.AbstractPodProps> = copyOf(props);
  copy.enableServiceLinks ??= false;
  copy.securityContext = props.securityContext
    ? { ensureNonRoot: false, ...defined(props.securityContext) }
    : { ensureNonRoot: false };
  return copy as T;
}

/** @internal */
export function remember(container: kplus.Container, props: kplus.ContainerProps): kplus.Container {
  (container as RememberingContainer)[GIVEN] = props;
  return container;
}

/**
 * Renders of a pod only what the user gave where cdk8s-plus would render a default that differs from Kubernetes' own.
 * A container made by `new kplus.Container()` and attached keeps all it has: nobody can tell what of it was asked for.
 * The spec was rendered for this and is changed in place.
 *
 * @internal
 */
export function withoutPlusDefaults(
  spec: PlainPodSpec,
  pod: kplus.AbstractPod,
  given: kplus.AbstractPodProps,
): PlainPodSpec {
  spec.securityContext = onlyGiven(spec.securityContext, given.securityContext);
  onlyGivenOfContainers(spec.containers, pod.containers);
  if (spec.initContainers) onlyGivenOfContainers(spec.initContainers, pod.initContainers);
  return spec;
}

/** @internal */
export function onlyGivenOfContainers(rendered: PlainPodSpec[], containers: kplus.Container[]): void {
  rendered.forEach((container, i) => {
    const given = (containers[i] as RememberingContainer)[GIVEN];
    if (!given) return;
    container.imagePullPolicy = given.imagePullPolicy;
    container.securityContext = onlyGiven(container.securityContext, given.securityContext);
  });
}

/** Fields of a rendered security context by the name of the prop that sets them, where the two differ. */
const FIELD_OF_PROP: Record<string, string> = {
  user: 'runAsUser',
  group: 'runAsGroup',
  ensureNonRoot: 'runAsNonRoot',
};

function onlyGiven<T extends object>(rendered: T | undefined, given: object | undefined): T | undefined {
  if (!given) return undefined;
  const result: Record<string, unknown> = {};
  for (const prop of Object.keys(defined(given))) {
    const field = FIELD_OF_PROP[prop] ?? prop;
    result[field] = (rendered as Record<string, unknown> | undefined)?.[field];
  }
  return Object.keys(result).length > 0 ? (result as T) : undefined;
}

/** What Kubernetes does when the field is absent: Always for `:latest` or no tag, else IfNotPresent. */
function kubernetesPullPolicy(image: string): kplus.ImagePullPolicy {
  const name = image.slice(image.lastIndexOf('/') + 1);
  const pinned = name.includes('@') || (name.includes(':') && !name.endsWith(':latest'));
  return pinned ? kplus.ImagePullPolicy.IF_NOT_PRESENT : kplus.ImagePullPolicy.ALWAYS;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** V8 is thirty times slower at a literal that has fields after a spread, and at reading what it makes. */
function copyOf<T extends object>(props: T): Writable<T> {
  return Object.assign({}, props);
}

function defined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as Partial<T>;
}
