import { Json, mapOf, textOf } from '../core/json';

/** A filesystem without id-mapped mounts, and how volumes say that they are on it. The patterns are read by JavaScript and by RE2. */
interface Filesystem {
  readonly name: string;
  /** Source of a volume of a pod, or of a PersistentVolume. */
  readonly sources: string[];
  /** CSI drivers and provisioners. */
  readonly drivers: string;
}

// Sources: Linux 6.12, FS_ALLOW_IDMAP of fs/*/super.c (neither NFS nor CIFS; CephFS from 6.7 with a capable MDS, FUSE from 6.12 where the server opts in);
// kubernetes pkg/volume; the drivers' own CSIDriver objects. KEP-127: the kubelet does not look at the filesystem, the runtime fails.
const FILESYSTEMS: Filesystem[] = [
  {
    name: 'NFS',
    sources: ['nfs'],
    drivers:
      '(^|[./-])nfs([./-]|$)|^efs\\.csi\\.aws\\.com$|^fsx\\.openzfs\\.csi\\.aws\\.com$|filestore\\.csi\\.storage\\.gke\\.io$',
  },
  {
    name: 'SMB',
    sources: ['azureFile'],
    drivers: '(^|[./-])(smb|cifs|samba)([./-]|$)|^file\\.csi\\.azure\\.com$|^kubernetes\\.io/azure-file$',
  },
  { name: 'CephFS', sources: ['cephfs'], drivers: '(^|[./-])cephfs([./-]|$)' },
  { name: 'GlusterFS', sources: ['glusterfs'], drivers: '(^|[./-])gluster(fs)?([./-]|$)' },
  { name: 'Lustre', sources: [], drivers: '(^|[./-])lustre([./-]|$)|^fsx\\.csi\\.aws\\.com$' },
  {
    name: 'FUSE',
    sources: ['quobyte'],
    drivers: '(^|[./-])(s3|s3fs|gcsfuse|blob|juicefs|rclone|seaweedfs|fuse)([./-]|$)|^csi\\.quobyte\\.com$',
  },
];

/** Drivers of block storage that offer ReadWriteMany through NFS. */
const NFS_WHEN_SHARED = /(^|[./-])(longhorn|portworx|linstor|openebs|cstor|trident\.netapp|vsphere)([./-]|$)/;

const MATCHERS = FILESYSTEMS.map(({ name, sources, drivers }) => ({ name, sources, drivers: new RegExp(drivers) }));

/** All patterns of drivers in one, for CEL. */
export const UNMAPPABLE_DRIVERS = FILESYSTEMS.map(({ drivers }) => drivers).join('|');

/** All fields of a volume that name such a filesystem, for CEL. */
export const UNMAPPABLE_SOURCES = FILESYSTEMS.flatMap(({ sources }) => sources);

/**
 * The filesystem of a volume of a pod, or of a PersistentVolume's spec, if it has no id-mapped mounts.
 *
 * @internal
 */
export function filesystemOf(volume: Record<string, Json>, accessModes: string[] = []): string | undefined {
  const bySource = MATCHERS.find(({ sources }) =>
    sources.some((source) => volume[source] !== undefined && volume[source] !== null),
  );
  if (bySource) return bySource.name;
  return filesystemOfDriver(textOf(mapOf(volume.csi).driver || mapOf(volume.flexVolume).driver), accessModes);
}

/**
 * The filesystem that a CSI driver or a provisioner mounts, if it has no id-mapped mounts.
 *
 * @internal
 */
export function filesystemOfDriver(driver: string, accessModes: string[] = []): string | undefined {
  if (driver === '') return undefined;
  const found = MATCHERS.find(({ drivers }) => drivers.test(driver));
  if (found) return found.name;
  return NFS_WHEN_SHARED.test(driver) && accessModes.includes('ReadWriteMany') ? 'NFS' : undefined;
}
