import { breakDiskEverywhere, printDisk } from './disk';
import { failing, install, type Options, prepared, uninstall, upgrade } from './operations';
import { FakeNode } from './world';

jest.setTimeout(900_000);

const own: Options = { ownFilesystem: true };
/** A failed write is handled alike whatever its error is, and full-disk.test.ts breaks every one; here it is every second. */
const EVERY_SECOND = 2;

describe('with a disk that is read-only from any write on', () => {
  test('an install leaves a node that runs, and continues when the disk works again', () => {
    printDisk('K3s: install, read-only', breakDiskEverywhere(install(own), ['EROFS'], EVERY_SECOND));
  });

  test('a rollback ends', () => {
    printDisk(
      'K3s: rollback, read-only',
      breakDiskEverywhere(prepared(failing(() => new FakeNode(own))), ['EROFS'], EVERY_SECOND),
    );
  });

  test('an upgrade continues', () => {
    printDisk('K3s: upgrade, read-only', breakDiskEverywhere(prepared(upgrade(own)), ['EROFS'], EVERY_SECOND));
  });

  test('an uninstall continues', () => {
    printDisk('K3s: uninstall, read-only', breakDiskEverywhere(uninstall(own), ['EROFS'], EVERY_SECOND));
  });
});
