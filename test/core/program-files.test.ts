import { addProgramFiles, checkedCommand } from '../../src/core/program-files';
import { Manifest, only, synth } from '../support/synth';

const FILES = { 'run.sh': 'echo "${1:-nothing}"\n', 'settings.env': "A='1'\n" };

const configMap = (data: Record<string, string>, options = {}): Manifest =>
  only(
    synth((chart) => addProgramFiles(chart, 'Files', data, options)),
    'ConfigMap',
  );

test('programs lie in an immutable ConfigMap that Flux does not substitute variables in', () => {
  expect(configMap(FILES)).toMatchObject({
    metadata: { annotations: { 'kustomize.toolkit.fluxcd.io/substitute': 'disabled' } },
    immutable: true,
    data: FILES,
  });
});

test('its name changes with a file name and with content, and with nothing else', () => {
  const name = (data: Record<string, string>) => configMap(data, { name: 'x-programs' }).metadata.name;
  expect(name(FILES)).toMatch(/^x-programs-[0-9a-f]{10}$/);
  expect(name(Object.fromEntries(Object.entries(FILES).reverse()))).toBe(name(FILES));
  const others = [{ ...FILES, 'run.sh': 'echo\n' }, { ...FILES, 'more.sh': '' }, { 'run.sh': FILES['run.sh'] }];
  expect(new Set([FILES, ...others].map(name)).size).toBe(4);
});

test('without a name, the name is made from the path, and has the hash', () => {
  expect(configMap(FILES).metadata.name).toMatch(/^test-files-[0-9a-f]{10}$/);
});

test('it lies in the given namespace', () => {
  expect(configMap(FILES, { namespace: 'sysbox-system' }).metadata.namespace).toBe('sysbox-system');
});

test('the check itself has nothing that Flux would substitute', () => {
  expect(checkedCommand('/programs', FILES, 'run.sh').join('\n')).not.toContain('${');
});

test('a file whose content is not checked is refused', () => {
  expect(() => configMap({ ...FILES, '.env': '' })).toThrow(
    "the file name '.env' begins with a dot: its content is not checked",
  );
});

test('a program that is not among the files is refused', () => {
  expect(() => checkedCommand('/programs', FILES, 'start.sh')).toThrow('start.sh is not among the files of /programs');
});
