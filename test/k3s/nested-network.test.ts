import { NestedNetworkOptions } from '../../src/k3s';
import { NestedNetwork } from '../../src/k3s/nested-network';

const network = (options: NestedNetworkOptions = {}) => new NestedNetwork(options, 'app/dev');

const everyOption: Required<NestedNetworkOptions> = {
  clusterCidrs: ['172.16.0.0/16', 'fd00:52::/56'],
  serviceCidrs: ['172.17.0.0/16', 'fd00:53::/112'],
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
  [['172.17.0.0/16'], '172.17.0.10'],
  [['172.17.0.0/28'], '172.17.0.10'],
  [['fd00:53::/112', '172.17.0.0/16'], 'fd00:53::a'],
])('the DNS server of %j is %s', (serviceCidrs, address) => {
  const clusterCidrs = serviceCidrs.map((cidr) => (cidr.includes(':') ? 'fd00:52::/56' : '172.16.0.0/16'));
  expect(network({ clusterCidrs, serviceCidrs }).clusterDns).toBe(address);
});

test.each<[string, NestedNetworkOptions, string]>([
  ['what is no CIDR', { clusterCidrs: ['10.52'] }, "app/dev: clusterCidrs: '10.52' is no CIDR. Write it as"],
  ['what is no CIDR of Services', { serviceCidrs: ['x'] }, "app/dev: serviceCidrs: 'x' is no CIDR"],
  ['what is no CIDR of the host', { hostCidrs: ['x'] }, "app/dev: hostCidrs: 'x' is no CIDR"],
  [
    "the host's pods",
    { clusterCidrs: ['10.42.128.0/17'] },
    'app/dev: 10.42.128.0/17 of clusterCidrs overlaps 10.42.0.0/16 of hostCidrs. Choose another CIDR for the nested cluster, or ' +
      'set hostCidrs to what the cluster around it really uses',
  ],
  [
    "the host's Services",
    { serviceCidrs: ['10.40.0.0/13'] },
    'app/dev: 10.40.0.0/13 of serviceCidrs overlaps 10.42.0.0/16 of hostCidrs',
  ],
  [
    'pods and Services in one another',
    { clusterCidrs: ['10.52.0.0/15'] },
    'app/dev: 10.52.0.0/15 of clusterCidrs overlaps 10.53.0.0/16 of serviceCidrs. Choose another CIDR for the nested cluster',
  ],
  [
    'an overlap of IPv6',
    { ...everyOption, hostCidrs: ['fd00::/16'] },
    'app/dev: fd00:52::/56 of clusterCidrs overlaps fd00::/16 of hostCidrs',
  ],
  [
    'different families',
    { clusterCidrs: ['fd00:52::/56'] },
    'app/dev: clusterCidrs has IPv6 and serviceCidrs has IPv4. Give one CIDR, or one a family, in the same order in both',
  ],
  ['two of a family', { clusterCidrs: ['10.60.0.0/16', '10.61.0.0/16'] }, 'app/dev: clusterCidrs has IPv4, IPv4 and'],
  ['none', { clusterCidrs: [], serviceCidrs: [] }, 'app/dev: clusterCidrs has none and serviceCidrs has none'],
  [
    'too many Services',
    { serviceCidrs: ['11.0.0.0/8'] },
    'app/dev: serviceCidrs: the API server does not start with 11.0.0.0/8. Use a prefix from /12 to /28',
  ],
  [
    'Services without room for DNS',
    { clusterCidrs: ['fd00:52::/56'], serviceCidrs: ['fd00:53::/125'] },
    'app/dev: serviceCidrs: the API server does not start with fd00:53::/125. Use a prefix from /108 to /124',
  ],
  ['a DNS name', { clusterDns: 'dns' }, "app/dev: clusterDns 'dns' is no IP address"],
  [
    'a DNS server elsewhere',
    { clusterDns: '10.43.0.10' },
    "app/dev: clusterDns 10.43.0.10 must lie in 10.53.0.0/16, the first of serviceCidrs, beyond 10.53.0.1, which is the API server's. " +
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
  const small = network({ clusterCidrs: ['10.52.0.0/22'] });

  expect(() => small.assertRoomFor(4)).not.toThrow();
  expect(() => small.assertRoomFor(5)).toThrow(
    'app/dev: clusterCidrs has 10.52.0.0/22, room for 4 nodes of a /24 each, and the cluster has 5. Use a prefix of at most /21',
  );
  expect(() => network({ clusterCidrs: ['10.52.0.0/25'] }).assertRoomFor(1)).toThrow('room for 0 nodes');
  expect(() => network({ ...everyOption, clusterCidrs: ['172.16.0.0/16', 'fd00:52::/64'] }).assertRoomFor(2)).toThrow(
    'clusterCidrs has fd00:52::/64, room for 1 nodes of a /64 each, and the cluster has 2. Use a prefix of at most /63',
  );
});
