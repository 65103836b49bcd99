import { Size } from 'cdk8s';

/** The claim of each server. */
export interface K3kClaimOptions {
  /**
   * How much storage, a whole number of MiB: etcd, images, and volumes of the default StorageClass inside. K3k does not let
   * it be changed later.
   *
   * @default Size.gibibytes(10)
   */
  readonly storage?: Size;

  /**
   * Name of the StorageClass.
   *
   * @default - the cluster's default class
   */
  readonly storageClassName?: string;
}

/** Where the servers of a K3k cluster keep their data. Its agents keep theirs in an emptyDir. */
export class K3kPersistence {
  /**
   * On a claim of each server.
   *
   * @param options what is claimed
   */
  public static claim(options: K3kClaimOptions = {}): K3kPersistence {
    const mebibytes = (options.storage ?? Size.gibibytes(10)).toMebibytes();
    if (mebibytes < 1) throw new Error(`a claim for ${mebibytes} MiB of storage holds nothing. Ask for 1 MiB or more`);
    return new K3kPersistence('dynamic', `${mebibytes}Mi`, options.storageClassName);
  }

  /** In an emptyDir: gone with the pod. */
  public static ephemeral(): K3kPersistence {
    return new K3kPersistence('ephemeral');
  }

  private constructor(
    /** K3k's name for it. */
    public readonly type: string,
    /** Size of the claim. */
    public readonly storageRequestSize?: string,
    /** Name of the StorageClass. */
    public readonly storageClassName?: string,
  ) {}
}
