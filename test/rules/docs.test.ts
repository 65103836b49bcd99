import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RuleDescription, SystemPodRules } from '../../src/rules';

const page = join(__dirname, '..', '..', 'docs', 'reference', 'rules.md');

/** Text in a cell of a table: what Markdown would take for its own is escaped. */
const cell = (text: string) => text.replace(/[\\|*<>[\]`]/g, '\\$&');

const row = ({ id, severity, acknowledgeable, reason, remedy, source, cel }: RuleDescription) =>
  [
    `\`${id}\``,
    acknowledgeable ? severity : `${severity}, final`,
    cell(reason),
    cell(remedy),
    cell(source),
    cel === undefined ? 'no' : 'yes',
  ].join(' | ');

const expected = `# Rules

What makes a manifest unsafe or broken under Sysbox. The constructs check them at synth, and so do the
[command, the plugin and the admission policies](../how-to/check-manifests.md), whoever made the manifests; pods of other
RuntimeClasses are left alone. An error stops, a warning is shown. With a reason, a rule can be acknowledged, unless it is final: no such
pod ever starts. "Policy" says whether \`SystemPodPolicy\` has the rule: the others look at several objects, or at more than CEL can say.

This page is written by test/rules/docs.test.ts from \`SystemPodRules.all()\`.

| rule | severity | reason | remedy | source | policy |
|---|---|---|---|---|---|
${SystemPodRules.all()
  .map((rule) => `| ${row(rule)} |`)
  .join('\n')}
`;

test('docs/reference/rules.md shows all rules as they are (else: WRITE_DOCS=1 npx jest rules/docs, and commit)', () => {
  if (process.env.WRITE_DOCS) writeFileSync(page, expected);
  expect(readFileSync(page, 'utf8')).toBe(expected);
});
