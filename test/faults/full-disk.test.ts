import { breakDiskEverywhere, printDisk } from './disk';
import { failing, install, type Options, prepared, uninstall, upgrade } from './operations';
import { FakeNode } from './world';

jest.setTimeout(900_000);

const own: Options = { ownFilesystem: true };

describe('with a disk that is full from any write on', () => {
  test('an install leaves a node that runs, and continues when the disk works again', () => {
    printDisk('K3s: install, full', breakDiskEverywhere(install(own), ['ENOSPC']));
  });

  test('a rollback ends', () => {
    printDisk('K3s: rollback, full', breakDiskEverywhere(prepared(failing(() => new FakeNode(own))), ['ENOSPC']));
  });

  test('an upgrade continues', () => {
    printDisk('K3s: upgrade, full', breakDiskEverywhere(prepared(upgrade(own)), ['ENOSPC']));
  });

  test('an uninstall continues', () => {
    printDisk('K3s: uninstall, full', breakDiskEverywhere(uninstall(own), ['ENOSPC']));
  });
});
