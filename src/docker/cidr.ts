import { isIP } from 'net';

/**
 * A range of addresses, `10.0.0.0/8` or `fd00::/8`.
 *
 * @internal
 */
export class Cidr {
  /** Undefined when the text is no range. */
  public static parse(text: string): Cidr | undefined {
    const [address = '', length = '', ...rest] = text.split('/');
    const family = isIP(address);
    const bits = family === 4 ? 32 : 128;
    if (family === 0 || rest.length > 0 || !/^\d{1,3}$/.test(length) || Number(length) > bits) return undefined;
    return new Cidr(family, bits, family === 4 ? ipv4(address) : ipv6(address), Number(length));
  }

  private constructor(
    private readonly family: number,
    private readonly bits: number,
    private readonly address: bigint,
    public readonly length: number,
  ) {}

  /** Length of the longest prefix, that of one address. */
  public get maxLength(): number {
    return this.bits;
  }

  /** True when the address is the first one of the range. */
  public get isNetwork(): boolean {
    return this.first === this.address;
  }

  public overlaps(other: Cidr): boolean {
    return this.family === other.family && this.first <= other.last && other.first <= this.last;
  }

  private get first(): bigint {
    const shift = BigInt(this.bits - this.length);
    return (this.address >> shift) << shift;
  }

  private get last(): bigint {
    return this.first + (1n << BigInt(this.bits - this.length)) - 1n;
  }
}

function ipv4(address: string): bigint {
  return address.split('.').reduce((sum, part) => (sum << 8n) + BigInt(part), 0n);
}

function ipv6(address: string): bigint {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  const low = dotted ? ipv4(dotted[2] ?? '') : 0n;
  const plain = dotted ? `${dotted[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}` : address;
  const [head = '', tail] = plain.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = groups(tail ?? '');
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
}
