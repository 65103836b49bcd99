// Disks for claims, since the provisioner that K3s brings is an image from a registry: directories of the node.
import type { Cluster } from './kubectl';

/** Directory of the node that is the volume of this number. */
export const volumeDirectory = (storageClass: string, number: number) =>
  `/var/lib/test-volumes/${storageClass}-${number}`;

/** Makes a StorageClass and so many volumes of it, each for any claim of up to 100 GiB. */
export async function makeVolumes(cluster: Cluster, storageClass: string, count: number): Promise<void> {
  const volumes = Array.from({ length: count }, (_, number) => volume(storageClass, number));
  await cluster.apply([classManifest(storageClass), ...volumes].join('---\n'));
}

const classManifest = (name: string) => `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: ${name} }
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
`;

const volume = (storageClass: string, number: number) => `apiVersion: v1
kind: PersistentVolume
metadata: { name: ${storageClass}-${number} }
spec:
  storageClassName: ${storageClass}
  capacity: { storage: 100Gi }
  accessModes: [ReadWriteOnce]
  hostPath: { path: ${volumeDirectory(storageClass, number)}, type: DirectoryOrCreate }
`;
