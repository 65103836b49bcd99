import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { toClaim } from './claim';
import { ClaimOptions } from './claim-options';
import { toDownwardApiFile } from './downward-api';
import { DownwardApiFile } from './downward-api-file';
import { newVolume } from './new-volume';
import { ProjectedSource } from './projected-source';

/** Permissions of the files of a projected or downward-API volume. */
export interface FilesOptions {
  /**
   * Permissions of the files, from 0 to 0o777.
   *
   * @default 0o644
   */
  readonly defaultMode?: number;
}

/**
 * The volumes that cdk8s-plus lacks.
 *
 * @example
 * import { Chart, Size } from 'cdk8s';
 * import { SystemDeployment, SystemVolume } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * const scratch = SystemVolume.fromEphemeralClaim(chart, 'Scratch', 'scratch', { storage: Size.gibibytes(20) });
 * const shells = new SystemDeployment(chart, 'Shells', { containers: [{ image: 'docker.io/library/ubuntu:24.04' }] });
 * shells.containers[0]?.mount('/scratch', scratch);
 */
export class SystemVolume {
  /**
   * A claim that is made and deleted with its pod ("generic ephemeral volume"): room on a real disk, counted and bounded,
   * without a StatefulSet.
   *
   * @param scope where the volume belongs
   * @param id the construct's id
   * @param name name of the volume in the pod
   * @param options what the claim asks for
   */
  public static fromEphemeralClaim(scope: Construct, id: string, name: string, options: ClaimOptions): kplus.Volume {
    return newVolume(scope, id, name, { ephemeral: { volumeClaimTemplate: toClaim(options) } });
  }

  /**
   * Several sources in one directory ("projected volume").
   *
   * @param scope where the volume belongs
   * @param id the construct's id
   * @param name name of the volume in the pod
   * @param sources what is projected; refused when empty
   * @param options permissions
   */
  public static fromProjected(
    scope: Construct,
    id: string,
    name: string,
    sources: ProjectedSource[],
    options: FilesOptions = {},
  ): kplus.Volume {
    if (sources.length === 0) throw new Error(`projected volume '${name}' has no source. Give at least one`);
    const config = { defaultMode: checkedMode(name, options), sources: sources.map((source) => source._toKube()) };
    return newVolume(scope, id, name, { projected: config });
  }

  /**
   * Fields of the pod as files ("downward API").
   *
   * @param scope where the volume belongs
   * @param id the construct's id
   * @param name name of the volume in the pod
   * @param files which field in which file; refused when empty
   * @param options permissions
   */
  public static fromDownwardApi(
    scope: Construct,
    id: string,
    name: string,
    files: DownwardApiFile[],
    options: FilesOptions = {},
  ): kplus.Volume {
    if (files.length === 0) throw new Error(`downward API volume '${name}' has no file. Give at least one`);
    const config = { defaultMode: checkedMode(name, options), items: files.map(toDownwardApiFile) };
    return newVolume(scope, id, name, { downwardApi: config });
  }

  private constructor() {}
}

function checkedMode(name: string, options: FilesOptions): number | undefined {
  const { defaultMode } = options;
  if (defaultMode !== undefined && (!Number.isInteger(defaultMode) || defaultMode < 0 || defaultMode > 0o777)) {
    throw new Error(`volume '${name}': defaultMode ${defaultMode} is not a valid file mode. Use 0 to 0o777`);
  }
  return defaultMode;
}
