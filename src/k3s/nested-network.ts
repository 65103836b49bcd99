import { isIP } from 'net';
import { Cidr } from '../core/cidr';

/** Addresses of a nested cluster. */
export interface NestedNetworkOptions {
  /**
   * CIDR of the nested pods, as K3s' `cluster-cidr`: one, or one per family, separated by a comma. Refused: an overlap with any
   * other CIDR here.
   *
   * @default "10.52.0.0/16"
   */
  readonly clusterCidr?: string;

  /**
   * CIDR of the nested Services, as K3s' `service-cidr`: of the same families, in the same order.
   *
   * @default "10.53.0.0/16"
   */
  readonly serviceCidr?: string;

  /**
   * Address of the nested DNS server. Refused: one outside the first CIDR of `serviceCidr`, and its first address, which is that
   * of the API server.
   *
   * @default - the tenth address of the first CIDR of `serviceCidr`
   */
  readonly clusterDns?: string;

  /**
   * Pod and service CIDRs of the host cluster, and of whatever else the nested pods must reach. A nested cluster whose own
   * addresses overlap them cannot reach its own node: two routes lead there.
   *
   * @default ["10.42.0.0/16", "10.43.0.0/16"], the defaults of K3s and RKE2
   */
  readonly hostCidrs?: string[];
}

/**
 * The addresses of a nested cluster, checked against each other and against the host's.
 *
 * @internal
 */
export class NestedNetwork {
  public readonly clusterCidr: string;
  public readonly serviceCidr: string;
  public readonly clusterDns: string;
  public readonly dualStack: boolean;
  private readonly cluster: Cidr[];

  public constructor(
    options: NestedNetworkOptions,
    private readonly where: string,
  ) {
    this.cluster = this.parsed('clusterCidr', (options.clusterCidr ?? '10.52.0.0/16').split(','));
    const service = this.parsed('serviceCidr', (options.serviceCidr ?? '10.53.0.0/16').split(','));
    const host = this.parsed('hostCidrs', options.hostCidrs ?? ['10.42.0.0/16', '10.43.0.0/16']);
    this.assertFamilies(this.cluster, service);
    this.assertSizes(service);
    this.assertApart([
      ...this.cluster.map((cidr) => ({ name: 'clusterCidr', cidr })),
      ...service.map((cidr) => ({ name: 'serviceCidr', cidr })),
      ...host.map((cidr) => ({ name: 'hostCidrs', cidr })),
    ]);
    this.clusterCidr = this.cluster.join(',');
    this.serviceCidr = service.join(',');
    this.clusterDns = this.dnsOf(options.clusterDns, service[0] as Cidr);
    this.dualStack = this.cluster.length > 1;
  }

  /** Refuses more nodes than the pods' CIDR has blocks for. Source: kube-controller-manager, node-cidr-mask-size. */
  public assertRoomFor(nodes: number): void {
    for (const cidr of this.cluster) {
      const mask = cidr.family === 4 ? 24 : 64;
      const room = cidr.length > mask ? 0 : 2 ** (mask - cidr.length);
      if (room >= nodes) continue;
      throw new Error(
        `${this.where}: clusterCidr has ${cidr}, room for ${room} nodes of a /${mask} each, and the cluster has ${nodes}. ` +
          `Use a prefix of at most /${mask - Math.ceil(Math.log2(nodes))}`,
      );
    }
  }

  private parsed(name: string, texts: string[]): Cidr[] {
    return texts.map((text) => {
      try {
        return Cidr.parse(text);
      } catch (error) {
        throw new Error(`${this.where}: ${name}: ${(error as Error).message}`);
      }
    });
  }

  private assertFamilies(cluster: Cidr[], service: Cidr[]): void {
    const families = (cidrs: Cidr[]) => cidrs.map((cidr) => `IPv${cidr.family}`).join(', ');
    const distinct = new Set(cluster.map((cidr) => cidr.family)).size === cluster.length;
    if (!distinct || families(cluster) !== families(service)) {
      throw new Error(
        `${this.where}: clusterCidr has ${families(cluster)} and serviceCidr has ${families(service)}. ` +
          'Give one CIDR, or one per family, in the same order in both',
      );
    }
  }

  /** Source: kube-apiserver, cmd/kube-apiserver/app/options/validation.go, maxCIDRBits; the DNS server is the tenth address. */
  private assertSizes(service: Cidr[]): void {
    for (const cidr of service) {
      const [widest, narrowest] = cidr.family === 4 ? [12, 28] : [108, 124];
      if (cidr.length >= widest && cidr.length <= narrowest) continue;
      throw new Error(
        `${this.where}: serviceCidr: the API server does not start with ${cidr}. Use a prefix from /${widest} to /${narrowest}`,
      );
    }
  }

  private assertApart(named: { name: string; cidr: Cidr }[]): void {
    named.forEach((one, i) => {
      for (const { name, cidr } of named.slice(i + 1)) {
        if (bothOfHost(one.name, name) || !one.cidr.overlaps(cidr)) continue;
        throw new Error(
          `${this.where}: ${one.cidr} of ${one.name} overlaps ${cidr} of ${name}. Choose another CIDR for the nested cluster` +
            (name === 'hostCidrs' ? ', or set hostCidrs to what the host cluster really uses' : ''),
        );
      }
    });
  }

  private dnsOf(given: string | undefined, service: Cidr): string {
    if (given === undefined) return service.at(10);
    if (isIP(given) === 0) throw new Error(`${this.where}: clusterDns '${given}' is not an IP address`);
    if (!service.contains(given) || given === service.at(0) || given === service.at(1)) {
      throw new Error(
        `${this.where}: clusterDns ${given} must lie in ${service}, the first of serviceCidr, after ${service.at(1)}, the ` +
          `address of the API server. Leave it out for ${service.at(10)}`,
      );
    }
    return given;
  }
}

/** The host's own CIDRs may well contain each other. */
function bothOfHost(one: string, other: string): boolean {
  return one === 'hostCidrs' && other === 'hostCidrs';
}
