/** Which nodes a RuntimeClass selects. */
export enum RuntimeScheduling {
  /** Nodes on which the runtime runs: `sysbox-runtime=running`. */
  INSTALLED = 'installed',

  /**
   * Nodes that are to get the runtime: `sysbox-install=yes`. For pools of their own that an autoscaler fills from zero: it adds a node only
   * when its template fits the pod, and `sysbox-runtime` comes after the node. What keeps pods away until the runtime is live is the startup
   * taint alone, so the pool must register its nodes with it (`SysboxRuntime.nodePool`). The installer sets the taint first where it is missing, and
   * leaves it on after a failure, a rollback to nothing and an uninstall: such a node takes no pod that does not tolerate the taint.
   */
  INTENDED = 'intended',
}
