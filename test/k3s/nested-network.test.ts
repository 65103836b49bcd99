import { NestedNetworkOptions } from '../../src/k3s';
import { NestedNetwork } from '../../src/k3s/nested-network';

const network = (options: NestedNetworkOptions = {}) => new NestedNetwork(options, 'app/dev');

const everyOption: Required<NestedNetworkOptions> = {
  clusterCidr: '172.16.0.0/16,fd00:52::/56',
  serviceCidr: '172.17.0.0/16,fd00:53::/112',
  clusterDns: '172.17.0.53',
  hostCidrs: ['10.52.0.0/15'],
};

test('the defaults are those of K3k, clear of those of K3s and RKE2', () => {
  expect(network()).toMatchObject({
    clusterCidr: '10.52.0.0/16',
    serviceCidr: '10.53.0.0/16',
    clusterDns: '10.53.0.10',
    dualStack: false,
  });
});

test('every option has its effect', () => {
  expect(network(everyOption)).toMatchObject({
    clusterCidr: '172.16.0.0/16,fd00:52::/56',
    serviceCidr: '172.17.0.0/16,fd00:53::/112',
    clusterDns: '172.17.0.53',
    dualStack: true,
  });
  expect(() => network({ hostCidrs: everyOption.hostCidrs })).toThrow('overlaps');
});

test.each([
  ['172.17.0.0/16', '172.16.0.0/16', '172.17.0.10'],
  ['172.17.0.0/28', '172.16.0.0/16', '172.17.0.10'],
  ['fd00:53::/112,172.17.0.0/16', 'fd00:52::/56,172.16.0.0/16', 'fd00:53::a'],
])('the DNS server of %s, with pods in %s, is %s', (serviceCidr, clusterCidr, address) => {
  expect(network({ clusterCidr, serviceCidr }).clusterDns).toBe(address);
});

test.each<[string, NestedNetworkOptions, string]>([
  ['an invalid CIDR', { clusterCidr: '10.52' }, "app/dev: clusterCidr: '10.52' is"],
  ['an invalid CIDR of Services', { serviceCidr: 'x' }, "app/dev: serviceCidr: 'x' is"],
  ['an invalid CIDR of the host', { hostCidrs: ['x'] }, "app/dev: hostCidrs: 'x' is"],
  [
    "the host's pods",
    { clusterCidr: '10.42.128.0/17' },
    'app/dev: 10.42.128.0/17 of clusterCidr overlaps 10.42.0.0/16 of hostCidrs. Choose another CIDR for the nested cluster, or ' +
      'set hostCidrs to what the host cluster really uses',
  ],
  [
    "the host's Services",
    { serviceCidr: '10.40.0.0/13' },
    'app/dev: 10.40.0.0/13 of serviceCidr overlaps 10.42.0.0/16 of hostCidrs',
  ],
  [
    'pods and Services in one another',
    { clusterCidr: '10.52.0.0/15' },
    'app/dev: 10.52.0.0/15 of clusterCidr overlaps 10.53.0.0/16 of serviceCidr. Choose another CIDR for the nested cluster',
  ],
  [
    'an overlap of IPv6',
    { ...everyOption, hostCidrs: ['fd00::/16'] },
    'app/dev: fd00:52::/56 of clusterCidr overlaps fd00::/16 of hostCidrs',
  ],
  [
    'different families',
    { clusterCidr: 'fd00:52::/56' },
    'app/dev: clusterCidr has IPv6 and serviceCidr has IPv4. Give one CIDR, or one per family, in the same order in both',
  ],
  ['two of a family', { clusterCidr: '10.60.0.0/16,10.61.0.0/16' }, 'app/dev: clusterCidr has IPv4, IPv4 and'],
  ['none', { clusterCidr: '' }, "app/dev: clusterCidr: '' is"],
  [
    'too many Services',
    { serviceCidr: '11.0.0.0/8' },
    'app/dev: serviceCidr: the API server does not start with 11.0.0.0/8. Use a prefix from /12 to /28',
  ],
  [
    'Services without room for DNS',
    { clusterCidr: 'fd00:52::/56', serviceCidr: 'fd00:53::/125' },
    'app/dev: serviceCidr: the API server does not start with fd00:53::/125. Use a prefix from /108 to /124',
  ],
  ['a DNS name', { clusterDns: 'dns' }, "app/dev: clusterDns 'dns' is not an IP address"],
  [
    'a DNS server elsewhere',
    { clusterDns: '10.43.0.10' },
    'app/dev: clusterDns 10.43.0.10 must lie in 10.53.0.0/16, the first of serviceCidr, after 10.53.0.1, the address of the API server. ' +
      'Leave it out for 10.53.0.10',
  ],
  ["the API server's address", { clusterDns: '10.53.0.1' }, 'app/dev: clusterDns 10.53.0.1 must lie in'],
  ['the first address', { clusterDns: '10.53.0.0' }, 'app/dev: clusterDns 10.53.0.0 must lie in'],
])('refuses %s', (_, options, message) => {
  expect(() => network(options)).toThrow(message);
});

test("the host's own CIDRs may contain each other", () => {
  expect(() => network({ hostCidrs: ['10.0.0.0/11', '10.1.0.0/16'] })).not.toThrow();
});

test('has a block of addresses for each node', () => {
  const small = network({ clusterCidr: '10.52.0.0/22' });

  expect(() => small.assertRoomFor(4)).not.toThrow();
  expect(() => small.assertRoomFor(5)).toThrow(
    'app/dev: clusterCidr has 10.52.0.0/22, room for 4 nodes of a /24 each, and the cluster has 5. Use a prefix of at most /21',
  );
  expect(() => network({ clusterCidr: '10.52.0.0/25' }).assertRoomFor(1)).toThrow('room for 0 nodes');
  expect(() => network({ ...everyOption, clusterCidr: '172.16.0.0/16,fd00:52::/64' }).assertRoomFor(2)).toThrow(
    'clusterCidr has fd00:52::/64, room for 1 nodes of a /64 each, and the cluster has 2. Use a prefix of at most /63',
  );
});
