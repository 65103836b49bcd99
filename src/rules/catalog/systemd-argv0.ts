import { celString, everyContainer } from '../cel';
import { ContainerFacts } from '../pod-facts';
import { ofContainers, when } from '../problems';
import { CEL_ARGV0, CEL_WORDS, WRAPPER } from '../programs';
import { Rule, RuleSeverity } from '../rule';

// /init is not systemd's: s6-overlay is started by it
const OTHER_NAME = '^(.*/)?systemd$|^/usr/(local/)?sbin/init$';
const isOtherName = new RegExp(OTHER_NAME);
const isWrapper = new RegExp(WRAPPER);
const WRAPPED = '(^|[\\s;&|])(/sbin/init|/usr/(local/)?sbin/init|(/usr)?/lib/systemd/systemd)($|[\\s;&|])';
const isWrapped = new RegExp(WRAPPED);

/** @internal */
export const systemdArgv0: Rule = {
  id: 'systemd-argv0',
  severity: RuleSeverity.ERROR,
  reason: 'sysbox-runc prepares a container for systemd only if the first word of its command is exactly /sbin/init',
  remedy: "Set 'command: [/sbin/init]', and start everything else from units in the image",
  source: 'sysbox-runc libsysbox/syscont/spec.go, systemdInit',
  cel: everyContainer(
    `!${CEL_ARGV0}.matches(${celString(OTHER_NAME)}) && ` +
      `!(${CEL_ARGV0}.matches(${celString(WRAPPER)}) && ${CEL_WORDS}.exists(w, w.matches(${celString(WRAPPED)})))`,
  ),
  about: ['command', 'args'],
  check: (pod) =>
    ofContainers(pod, (c) =>
      when(
        startsSystemdOtherwise(c),
        [...c.at, c.command.length > 0 ? 'command' : 'args'],
        `container '${c.name}' starts systemd as '${c.argv0}'`,
      ),
    ),
};

function startsSystemdOtherwise({ argv0, words }: ContainerFacts): boolean {
  if (argv0 === undefined) return false;
  if (isOtherName.test(argv0)) return true;
  return isWrapper.test(argv0) && words.some((word) => isWrapped.test(word));
}
