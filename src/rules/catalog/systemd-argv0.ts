import { celString, everyContainer } from '../cel';
import { ContainerFacts } from '../pod-facts';
import { ofContainers, when } from '../problems';
import { Rule, RuleSeverity } from '../rule';

// /init is not systemd's: s6-overlay is started by it
const OTHER_NAME = '^(.*/)?systemd$|^/usr/(local/)?sbin/init$';
const isOtherName = new RegExp(OTHER_NAME);
const WRAPPER = '(^|/)(sh|ash|bash|dash|zsh|env|tini|dumb-init|docker-init|catatonit)$';
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
    'c.?command.orValue([]).size() == 0 || ' +
      `!c.command[0].matches(${celString(OTHER_NAME)}) && ` +
      `!(c.command[0].matches(${celString(WRAPPER)}) && ` +
      `(c.command + c.?args.orValue([])).exists(w, w.matches(${celString(WRAPPED)})))`,
  ),
  about: ['command'],
  check: (pod) =>
    ofContainers(pod, (c) =>
      when(
        startsSystemdOtherwise(c),
        [...c.at, 'command'],
        `container '${c.name}' starts systemd as '${c.command[0]}'`,
      ),
    ),
};

function startsSystemdOtherwise({ command, words }: ContainerFacts): boolean {
  const [first] = command;
  if (first === undefined) return false;
  if (isOtherName.test(first)) return true;
  return isWrapper.test(first) && words.some((word) => isWrapped.test(word));
}
