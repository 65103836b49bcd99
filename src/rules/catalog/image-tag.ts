import { celString, everyContainer } from '../cel';
import { ofContainers, when } from '../problems';
import { Rule } from '../rule';
import { RuleSeverity } from '../severity';

const PINNED = '@sha256:[a-f0-9]{64}$|:[A-Za-z0-9_][A-Za-z0-9_.-]*$';
const isPinned = new RegExp(PINNED);
const LATEST = ':latest$';
const isLatest = new RegExp(LATEST);

/** @internal */
export const imageTag: Rule = {
  id: 'image-tag',
  severity: RuleSeverity.WARNING,
  reason: 'what runs changes by itself, and an engine may become one that this Sysbox cannot run',
  remedy: 'Give the image a tag or a digest',
  source: 'nestybox/sysbox#972 (Docker 28.5.2 needs Sysbox 0.7.0)',
  cel: everyContainer(
    `c.?image.orValue('') == '' || c.image.matches(${celString(PINNED)}) && !c.image.matches(${celString(LATEST)})`,
  ),
  check: (pod) =>
    ofContainers(pod, (c) => {
      const image = typeof c.json.image === 'string' ? c.json.image : '';
      const pinned = isPinned.test(image) && !isLatest.test(image);
      return when(image !== '' && !pinned, [...c.at, 'image'], `container '${c.name}' has the image '${image}'`);
    }),
};
