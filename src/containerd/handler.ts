const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

// K3s writes these tables itself: the first two always, the others when it finds their program on the node
// (pkg/agent/templates/templates.go and pkg/agent/containerd/runtimes.go, 1.36). Declared again, a table stops containerd.
const K3S_OWN = /^(runc|runhcs-wcow-process|crun|nvidia(-.*)?|lunatic|slight|spin|wws|wasmedge|wasmer|wasmtime)$/;

/** What is wrong with a handler, if anything. */
export function handlerProblem(handler: unknown): string | undefined {
  if (typeof handler !== 'string' || !DNS_LABEL.test(handler)) {
    return 'must be a DNS label (1 to 63 of a-z, 0-9 and "-", no "-" at either end), as the handler of a RuntimeClass';
  }
  if (K3S_OWN.test(handler)) {
    return 'must not be a runtime that K3s defines itself: choose another, such as "sysbox-runc"';
  }
  return undefined;
}
