/**
 * Name of the RuntimeClass of the upstream Sysbox manifests.
 *
 * @internal
 */
export const DEFAULT_RUNTIME_CLASS = 'sysbox-runc';
