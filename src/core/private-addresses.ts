/**
 * RFC 1918, 6598 (carrier NAT, used by some clusters), 3927 (link-local: a cloud's metadata service) and 1122.
 *
 * @internal
 */
export const PRIVATE_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
];

/**
 * Where NodeLocal DNSCache answers: a link-local address on the host's network, which no pod selector matches.
 *
 * Source: kubernetes cluster/addons/dns/nodelocaldns/nodelocaldns.yaml.
 *
 * @internal
 */
export const NODE_LOCAL_DNS = '169.254.20.10/32';

/**
 * RFC 4193, 4291.
 *
 * @internal
 */
export const PRIVATE_IPV6 = ['::1/128', 'fc00::/7', 'fe80::/10'];
