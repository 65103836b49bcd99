import { celString, everyContainer } from '../cel';
import { listOf, mapOf } from '../json';
import { has } from '../pod-facts';
import { ofContainers, when } from '../problems';
import { Rule } from '../rule';
import { RuleSeverity } from '../severity';

const OPEN = 'tcp://[^/]*:2375($|[\\s;&|])';
const isOpen = new RegExp(OPEN);
const LOCAL = 'tcp://(127\\.0\\.0\\.1|localhost|\\[::1\\]):2375';
const isLocal = new RegExp(LOCAL);

/** @internal */
export const dockerWithoutTls: Rule = {
  id: 'docker-without-tls',
  severity: RuleSeverity.WARNING,
  reason: 'who reaches the port is root in the container, and dockerd waits 15 seconds before it listens',
  remedy: 'Share a socket on a volume, or use port 2376 with certificates',
  source: 'docker-library/docker#294, #430; docker/cli#4928',
  cel: everyContainer(
    `!(c.?command.orValue([]) + c.?args.orValue([])).exists(w, w.matches(${celString(OPEN)}) && !w.matches(${celString(LOCAL)})) && ` +
      "!c.?env.orValue([]).exists(e, e.name == 'DOCKER_TLS_CERTDIR' && !has(e.valueFrom) && e.?value.orValue('') == '')",
  ),
  check: (pod) =>
    ofContainers(pod, (c) => {
      const word = c.words.some((w) => isOpen.test(w) && !isLocal.test(w));
      const noCertificates = listOf(c.json.env)
        .map(mapOf)
        .some((e) => e.name === 'DOCKER_TLS_CERTDIR' && !has(e, 'valueFrom') && (e.value ?? '') === '');
      return when(word || noCertificates, c.at, `container '${c.name}' offers Docker over TCP without TLS`);
    }),
};
