import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SHELL_NAMES } from '../support/shells';
import { Bench, needTools, POD_PROGRAMS } from './bench';

needTools();

describe.each(SHELL_NAMES)('%s', (shell) => {
  let bench: Bench;
  const path = (name: string) => join(bench.directory, name);

  beforeEach(() => {
    bench = new Bench(shell);
    for (const name of ['settings', 'image', 'programs', 'scratch']) mkdirSync(path(name));
    for (const name of ['sysbox-runc', 'sysbox-fs', 'sysbox-mgr']) writeFileSync(path(`image/${name}`), name);
    writeFileSync(path('programs/coordinator.sh'), 'main');
    set({ SOURCE: 'image', IMAGE_BINARIES: path('image') });
  });
  afterEach(() => bench.dispose());

  const set = (values: Record<string, string>) => {
    for (const [key, value] of Object.entries(values)) writeFileSync(path(`settings/${key}`), value);
  };
  const output = (snippet: string) =>
    bench.output(['settings'], snippet, {
      HERE: POD_PROGRAMS,
      SETTINGS_DIR: path('settings'),
      SCRATCH: path('scratch'),
    });
  const revision = () => output(`read_settings; HERE=${path('programs')}; set_revision; echo "$REVISION"`).trim();

  test.each(['', 'two words', `it's '' quoted`, '$(touch /tmp/x) `id` ${HOME}', '{"sysbox-install":"yes"}', 'a\\nb\\'])(
    'a setting is its text, never code: %s',
    (text) => {
      set({ TAKEOVER: text });
      expect(output('read_settings; printf %s "$TAKEOVER"')).toBe(text);
      expect(output(`. "$SCRATCH/settings.env"; printf %s "$TAKEOVER"`)).toBe(text);
    },
  );

  test('the revision changes with a program, a setting and a binary, and with nothing else', () => {
    const revisions = [revision(), revision()];
    writeFileSync(path('programs/coordinator.sh'), 'other');
    revisions.push(revision());
    set({ DEADLINE: '300' });
    revisions.push(revision());
    writeFileSync(path('image/sysbox-mgr'), 'other');
    revisions.push(revision());
    expect(revisions[0]).toMatch(/^[0-9a-f]{10}$/);
    expect(revisions[1]).toBe(revisions[0]);
    expect(new Set(revisions).size).toBe(4);
  });

  test('binaries of the host are no part of the revision', () => {
    set({ SOURCE: 'host' });
    const before = revision();
    writeFileSync(path('image/sysbox-mgr'), 'other');
    expect(revision()).toBe(before);
  });

  test('an image without the binaries is reported later', () => {
    set({ IMAGE_BINARIES: path('nowhere') });
    expect(output('read_settings; set_revision 2>/dev/null; echo "$RELEASE"')).toBe('missing\n');
  });
});
