import { celString, everyContainer } from '../cel';
import { listOf, mapOf } from '../../core/json';
import { ContainerFacts, has } from '../pod-facts';
import { ofContainers, when } from '../problems';
import { programPattern } from '../programs';
import { Rule, RuleSeverity } from '../rule';

const OPEN = 'tcp://[^/]*:2375($|[\\s;&|])';
const isOpen = new RegExp(OPEN);
// dockerd reads an address without a scheme as TCP
const BARE = '(^|[\\s=])[^/\\s=]*:2375($|[\\s;&|])';
const isBare = new RegExp(BARE);
const LOCAL = '(127\\.0\\.0\\.1|localhost|\\[::1\\]):2375';
const isLocal = new RegExp(LOCAL);
const ENGINE = programPattern('dockerd');
const isEngine = new RegExp(ENGINE);
const CLIENT = programPattern('docker');
const isClient = new RegExp(CLIENT);

const WORDS = '(c.?command.orValue([]) + c.?args.orValue([]))';
const celWord = (pattern: string) => `${WORDS}.exists(w, w.matches(${celString(pattern)}))`;
const celOpen = (pattern: string) =>
  `${WORDS}.exists(w, w.matches(${celString(pattern)}) && !w.matches(${celString(LOCAL)}))`;

/** @internal */
export const dockerWithoutTls: Rule = {
  id: 'docker-without-tls',
  severity: RuleSeverity.WARNING,
  reason: 'anyone who can reach the port is root in the container, and dockerd waits 15 seconds before it listens',
  remedy: 'Share a socket on a volume, or use port 2376 with certificates',
  source: 'docker-library/docker#294, #430; docker/cli#4928',
  cel: everyContainer(
    `!(${celOpen(OPEN)} && (!${celWord(CLIENT)} || ${celWord(ENGINE)})) && ` +
      `!(${celOpen(BARE)} && ${celWord(ENGINE)}) && ` +
      "!(c.?env.orValue([]).exists(e, e.name == 'DOCKER_TLS_CERTDIR' && !has(e.valueFrom) && e.?value.orValue('') == '') && " +
      "c.?args[?0].orValue('') != 'dockerd')",
  ),
  about: ['command', 'args', 'env'],
  check: (pod) =>
    ofContainers(pod, (c) =>
      when(listens(c) || hasNoCertificates(c), c.at, `container '${c.name}' offers Docker over TCP without TLS`),
    ),
};

function listens({ words }: ContainerFacts): boolean {
  const engine = words.some((word) => isEngine.test(word));
  const client = !engine && words.some((word) => isClient.test(word));
  return words.some((w) => !isLocal.test(w) && ((isOpen.test(w) && !client) || (isBare.test(w) && engine)));
}

/** Docker's entry point then listens on 2375, unless the arguments begin with dockerd (dockerd-entrypoint.sh). */
function hasNoCertificates({ json }: ContainerFacts): boolean {
  const empty = listOf(json.env)
    .map(mapOf)
    .some((e) => e.name === 'DOCKER_TLS_CERTDIR' && !has(e, 'valueFrom') && (e.value ?? '') === '');
  return empty && listOf(json.args)[0] !== 'dockerd';
}
