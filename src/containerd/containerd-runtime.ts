import { assertLabelName } from '../core/names';

/** A runtime in the configuration of containerd. @internal */
export interface ContainerdRuntime {
  /** Its name; a RuntimeClass refers to it as its handler. */
  readonly handler: string;

  /** Absolute path of the OCI runtime on the node. */
  readonly binaryPath: string;
}

// K3s writes these tables itself: the first two always, the others when it finds their program on the node
// (pkg/agent/templates/templates.go and pkg/agent/containerd/runtimes.go, 1.36). Declared again, a table stops containerd.
const K3S_OWN = /^(runc|runhcs-wcow-process|crun|nvidia(-.*)?|lunatic|slight|spin|wws|wasmedge|wasmer|wasmtime)$/;

/**
 * Refuses a handler that a RuntimeClass or K3s does not take.
 *
 * @internal
 */
export function assertHandler(handler: string, where: string): void {
  assertLabelName(handler, `${where}: handler`);
  if (K3S_OWN.test(handler)) {
    throw new Error(
      `${where}: K3s defines the runtime '${handler}' itself. Choose another handler, such as 'sysbox-runc'`,
    );
  }
}
