import { readFileSync } from 'node:fs';
import { filesOfExample } from './every-example';

test('the example gives these manifests', () => {
  const [file = ''] = filesOfExample('agent-sandboxes');
  const manifests = readFileSync(file, 'utf8').split('---\n');

  // the engine's program is shown by its own tests, and so are the names that follow from it
  const read = manifests.filter((text) => !text.includes('kind: ConfigMap')).join('---\n');
  expect(
    read.replace(/(Files|files|Programs|programs)-[0-9a-f]{10}/g, '$1-<hash>').replace(/[0-9a-f]{64}/g, '<hash>'),
  ).toMatchSnapshot();
});
