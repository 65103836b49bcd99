import fc from 'fast-check';
import { BlockList } from 'net';
import { Cidr } from '../../src/core/cidr';

const ipv4 = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }).map((bytes) => bytes.join('.'));
const group = fc.oneof(
  fc.constant('0'),
  fc.integer({ min: 1, max: 0xffff }).map((n) => n.toString(16)),
);
const ipv6 = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':'));
const cidr4 = fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })).map(([address, length]) => canonical(address, length));
const cidr6 = fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })).map(([address, length]) => canonical(address, length));
const cidr = fc.oneof(cidr4, cidr6);

/** What the error says that somebody should have written. */
function canonical(address: string, length: number): Cidr {
  try {
    return Cidr.parse(`${address}/${length}`);
  } catch (error) {
    const [, text = ''] = /Write the CIDR itself: '(.*)'/.exec((error as Error).message) ?? [];
    return Cidr.parse(text);
  }
}

/** Node's own arithmetic: two blocks overlap when one has the first address of the other. */
function blockList(block: Cidr): { has: (other: Cidr) => boolean } {
  const list = new BlockList();
  list.addSubnet(block.at(0), block.length, `ipv${block.family}`);
  return { has: (other) => list.check(other.at(0), `ipv${other.family}`) };
}

test('overlap is what Node says it is', () => {
  fc.assert(
    fc.property(cidr, cidr, (one, other) => {
      const expected = one.family === other.family && (blockList(one).has(other) || blockList(other).has(one));
      expect(one.overlaps(other)).toBe(expected);
      expect(other.overlaps(one)).toBe(expected);
    }),
  );
});

test('a block overlaps what lies in it', () => {
  fc.assert(
    fc.property(cidr, fc.nat(128), (outer, more) => {
      const length = Math.min(outer.length + more, outer.family === 4 ? 32 : 128);
      expect(Cidr.parse(`${outer.at(0)}/${length}`).overlaps(outer)).toBe(true);
    }),
  );
});

test('what is printed is read back', () => {
  fc.assert(
    fc.property(cidr, (block) => {
      expect(Cidr.parse(block.toString())).toEqual(block);
    }),
  );
});

test('IPv6 is printed as everybody prints it', () => {
  fc.assert(
    fc.property(ipv6, (address) => {
      const usual = new URL(`http://[${address}]`).hostname.slice(1, -1);
      expect(Cidr.parse(`${address}/128`).at(0)).toBe(usual);
    }),
  );
});

test.each([
  ['10.53.0.0/16', 10, '10.53.0.10'],
  ['10.53.255.0/24', 255, '10.53.255.255'],
  ['fd00:53::/112', 10, 'fd00:53::a'],
  ['::/0', 0, '::'],
  ['2001:db8:0:0:1::/80', 1, '2001:db8::1:0:0:1'],
])('%s has at %d the address %s', (text, index, address) => {
  expect(Cidr.parse(text).at(index)).toBe(address);
});

test.each([
  ['10.0.0.0/8', '10.255.255.255', true],
  ['10.0.0.0/8', '11.0.0.0', false],
  ['10.0.0.0/8', 'fd00::1', false],
  ['fd00::/8', 'fdff::1', true],
  ['::ffff:0:0/96', '::ffff:10.0.0.1', true],
  ['10.0.0.0/8', 'ten', false],
])('%s contains %s: %s', (text, address, contained) => {
  expect(Cidr.parse(text).contains(address)).toBe(contained);
});

test.each([
  ['10.0.0.0', "'10.0.0.0' is not a valid CIDR. Write it as '10.52.0.0/16' or 'fd00:52::/48'"],
  ['10.0.0/8', "'10.0.0/8' is not a valid CIDR."],
  ['10.0.0.0/08', "'10.0.0.0/08' is not a valid CIDR."],
  ['10.0.0.0/8/8', "'10.0.0.0/8/8' is not a valid CIDR."],
  ['', "'' is not a valid CIDR."],
  ['10.0.0.0/33', "'10.0.0.0/33' is not a valid CIDR: the prefix of IPv4 has at most 32 bits"],
  ['fd00::/129', "'fd00::/129' is not a valid CIDR: the prefix of IPv6 has at most 128 bits"],
  ['10.52.1.0/16', "'10.52.1.0/16' is an address within a CIDR. Write the CIDR itself: '10.52.0.0/16'"],
  ['fd00::1/64', "'fd00::1/64' is an address within a CIDR. Write the CIDR itself: 'fd00::/64'"],
])('refuses %j', (text, message) => {
  expect(() => Cidr.parse(text)).toThrow(message);
});

test('the CIDR of an address is the one that its prefix length gives', () => {
  expect(Cidr.containing('10.52.7.1/16').toString()).toBe('10.52.0.0/16');
  expect(Cidr.containing('fd00:52::7/48').toString()).toBe('fd00:52::/48');
  expect(() => Cidr.containing('10.52.7.1')).toThrow("'10.52.7.1' is not a valid CIDR");
});
