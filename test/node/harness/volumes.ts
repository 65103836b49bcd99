// Disks for claims, since the provisioner that K3s brings is an image from a registry: folders of the node.
import type { Cluster } from './kubectl';

export const storageClassName = 'node-disk';

/** Folder of the node that is the volume of this number. */
export const volumeFolder = (number: number) => `/var/lib/test-volumes/${number}`;

/** Makes the StorageClass and so many volumes, each for any claim of up to 100 GiB. */
export async function makeVolumes(cluster: Cluster, count: number): Promise<void> {
  const volumes = Array.from({ length: count }, (_, number) => volume(number));
  await cluster.apply([storageClass, ...volumes].join('---\n'));
}

const storageClass = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: ${storageClassName} }
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
`;

const volume = (number: number) => `apiVersion: v1
kind: PersistentVolume
metadata: { name: volume-${number} }
spec:
  storageClassName: ${storageClassName}
  capacity: { storage: 100Gi }
  accessModes: [ReadWriteOnce]
  hostPath: { path: ${volumeFolder(number)}, type: DirectoryOrCreate }
`;
