const TAG = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const DIGEST = 'sha256:[0-9a-f]{64}';

/**
 * An image with a tag or a digest, as a pattern that JavaScript and RE2 (CEL) read alike.
 *
 * @internal
 */
export const PINNED_IMAGE = `@${DIGEST}$|:${TAG}$`;

/**
 * An image with the tag `latest`.
 *
 * @internal
 */
export const LATEST_IMAGE = ':latest$';

// github.com/distribution/reference, regexp.go. The first component is a registry when it has a dot, a port or an upper-case
// letter, or is "localhost" (normalize.go, splitDockerDomain); all others are lower case.
const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const HOST = '(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*';
const REGISTRY = `(?:(?:${HOST}|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?/)?`;

/**
 * Any valid image reference, as a pattern that JavaScript and RE2 (CEL) read alike.
 *
 * @internal
 */
export const IMAGE_REFERENCE = `^(${REGISTRY}${COMPONENT}(?:/${COMPONENT})*)(?::(${TAG}))?(?:@(${DIGEST}))?$`;

const REFERENCE = new RegExp(IMAGE_REFERENCE);

/**
 * The parts of an image reference.
 *
 * @internal
 */
export interface ImageReference {
  readonly name: string;
  readonly tag?: string;
  readonly digest?: string;
}

/**
 * Refuses an image that no registry has, and one that does not name one version: what runs must not change by itself.
 *
 * @internal
 */
export function pinnedImage(image: string, what: string): ImageReference {
  const [, name, tag, digest] = REFERENCE.exec(image) ?? [];
  if (name === undefined) {
    throw new Error(
      `${what}: '${image}' is not a valid image reference. Write it like 'registry/name:<tag>' or 'registry/name@sha256:<64 hexadecimal digits>', in lower case`,
    );
  }
  if (digest === undefined && (tag === undefined || tag === 'latest')) {
    throw new Error(
      `${what}: the image '${image}' names no version. Add a tag such as ':1.2', or a digest '@sha256:…'`,
    );
  }
  return { name, tag, digest };
}

/** @internal */
export function assertPinnedImage(image: string, what: string): void {
  pinnedImage(image, what);
}
