import { accessSync, constants } from 'node:fs';
import { argoHealth, buildTimeout, fluxSubstitute, helm, kustomize, promtool } from './tools';

test.each(Object.entries({ kustomize, helm, fluxSubstitute, argoHealth, promtool }))(
  '%s is built from the Go module proxy',
  async (_, tool) => accessSync(await tool(), constants.X_OK),
  buildTimeout,
);
