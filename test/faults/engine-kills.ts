// Every operation that runs an engine's file, killed at command boundaries and on a bad disk.
import { breakDiskEverywhere, printDisk } from './disk';
import { killEverywhere, print } from './kills';
import { failing, install, uninstall } from './operations';
import { FakeNode, type NodeOptions } from './world';

/**
 * What an engine's file does differently changes no file of the node but the drop-in, so the states are those of K3s, whose program path is
 * the same: from each of them a node is continued in install.test.ts and the others, from every sixth here.
 */
export const EVERY_SIXTH = 6;

export function killsOf(engine: NonNullable<NodeOptions['engine']>): void {
  jest.setTimeout(900_000);

  describe('killed at every sixth command boundary', () => {
    test('an install leaves a node that runs', () => {
      print(`${engine}: install`, killEverywhere(install({ engine }), EVERY_SIXTH));
    });

    test('a rollback leaves it without the runtime', () => {
      const rollback = failing(() => new FakeNode({ engine }));
      print(`${engine}: rollback`, killEverywhere(rollback, EVERY_SIXTH));
    });

    test('an uninstall can be resumed', () => {
      print(`${engine}: uninstall`, killEverywhere(uninstall({ engine }), EVERY_SIXTH));
    });
  });

  test('with a disk that is full, then read-only, from every sixth write on, an install leaves a node that runs', () => {
    const options = { engine, ownFilesystem: true };
    printDisk(`${engine}: install`, breakDiskEverywhere(install(options), undefined, EVERY_SIXTH));
  });
}
