const PINNED = /^[^\s@]+(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$|^[^\s@]+@sha256:[0-9a-f]{64}$/;

/**
 * An image that names one version: what runs must not change by itself.
 *
 * @internal
 */
export function assertPinnedImage(image: string, what: string): void {
  if (PINNED.test(image) && !image.endsWith(':latest')) return;
  throw new Error(`${what}: the image '${image}' names no version. Add a tag such as ':1.2', or a digest '@sha256:…'`);
}
