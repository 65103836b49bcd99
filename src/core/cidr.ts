import { isIP } from 'net';

/** Bits of an address, and how it differs from the other family. */
const BITS = { 4: 32, 6: 128 } as const;

/**
 * A block of IPv4 or IPv6 addresses.
 *
 * @internal
 */
export class Cidr {
  /** Reads "10.52.0.0/16" or "fd00:52::/48"; throws a reason without the place. */
  public static parse(text: string): Cidr {
    const cidr = Cidr.read(text);
    if (cidr.first !== cidr.network) {
      throw new Error(`'${text}' is an address within a CIDR. Write the CIDR itself: '${cidr.toString()}'`);
    }
    return cidr;
  }

  /** The CIDR of an address with a prefix length, as an interface has one: "10.52.0.7/16" is in 10.52.0.0/16. Throws like `parse`. */
  public static containing(text: string): Cidr {
    const cidr = Cidr.read(text);
    return new Cidr(cidr.family, cidr.network, cidr.length);
  }

  private static read(text: string): Cidr {
    const [address, prefix, ...rest] = text.split('/');
    const family = isIP(address ?? '');
    if (!address || (family !== 4 && family !== 6) || rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(prefix ?? '')) {
      throw new Error(`'${text}' is not a valid CIDR. Write it as '10.52.0.0/16' or 'fd00:52::/48'`);
    }
    const length = Number(prefix);
    if (length > BITS[family]) {
      throw new Error(`'${text}' is not a valid CIDR: the prefix of IPv${family} has at most ${BITS[family]} bits`);
    }
    return new Cidr(family, toNumber(address, family), length);
  }

  private constructor(
    public readonly family: 4 | 6,
    private readonly first: bigint,
    public readonly length: number,
  ) {}

  /** True when the two have an address in common. */
  public overlaps(other: Cidr): boolean {
    if (this.family !== other.family) return false;
    const wider = this.length <= other.length ? this : other;
    return this.first >> wider.hostBits === other.first >> wider.hostBits;
  }

  /** True when the address lies in it; false for what is not an address. */
  public contains(address: string): boolean {
    return (
      isIP(address) === this.family && toNumber(address, this.family) >> this.hostBits === this.first >> this.hostBits
    );
  }

  /** Length of the longest prefix of its family, that of one address. */
  public get maxLength(): number {
    return BITS[this.family];
  }

  /** How many addresses it has. */
  public get size(): bigint {
    return 1n << this.hostBits;
  }

  /** The address at this place; 0 is the first one. */
  public at(index: number): string {
    return toText(this.first + BigInt(index), this.family);
  }

  public toString(): string {
    return `${toText(this.network, this.family)}/${this.length}`;
  }

  private get hostBits(): bigint {
    return BigInt(BITS[this.family] - this.length);
  }

  private get network(): bigint {
    return (this.first >> this.hostBits) << this.hostBits;
  }
}

/**
 * Refuses what is not a valid CIDR, with the place.
 *
 * @internal
 */
export function assertCidr(text: string, what: string): void {
  try {
    Cidr.parse(text);
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`);
  }
}

function toNumber(address: string, family: 4 | 6): bigint {
  const groups = family === 4 ? address.split('.') : expanded(address);
  const [radix, bits] = family === 4 ? [10, 8n] : [16, 16n];
  return groups.reduce((number, group) => (number << bits) | BigInt(parseInt(group, radix)), 0n);
}

/** The eight groups of an IPv6 address: "::" filled up, an IPv4 tail turned into two groups. */
function expanded(address: string): string[] {
  const [head = '', tail] = withoutIpv4(address).split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const [left, right] = [groups(head), groups(tail ?? '')];
  return [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
}

function withoutIpv4(address: string): string {
  const start = address.lastIndexOf(':') + 1;
  if (!address.includes('.')) return address;
  const number = toNumber(address.slice(start), 4);
  return `${address.slice(0, start)}${(number >> 16n).toString(16)}:${(number & 0xffffn).toString(16)}`;
}

function toText(number: bigint, family: 4 | 6): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((number >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  return shortened(groups);
}

/** The longest run of two or more zero groups becomes "::" (RFC 5952, section 4.2). */
function shortened(groups: string[]): string {
  const runs = [...groups.join(':').matchAll(/(?<![^:])0(:0)+(?![^:])/g)];
  const longest = runs.reduce((best, run) => (run[0].length > best.length ? run[0] : best), '');
  if (longest === '') return groups.join(':');
  const text = groups.join(':');
  const at = runs.find((run) => run[0] === longest)!.index;
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest.length).replace(/^:/, '')}`;
}
