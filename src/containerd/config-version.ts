/**
 * The version of a containerd configuration: it decides the names of the tables.
 *
 * A drop-in carries the version of the configuration that imports it. One that is newer than its root stops
 * containerd 2.3 and makes 2.0 to 2.2 skip the migration of the root silently (measured on both).
 */
export enum ConfigVersion {
  /** K3s's `config.toml.tmpl` and `config.toml.d`, containerd 1.x: `plugins."io.containerd.grpc.v1.cri"`. */
  V2 = 2,

  /** K3s's `config-v3.toml.tmpl` and `config-v3.toml.d`, containerd 2.x: `plugins."io.containerd.cri.v1.runtime"`. */
  V3 = 3,
}
