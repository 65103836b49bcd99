import { SourceDocument } from '../../src/cli/yaml';

// The nodes of a document are parsed again on their own when a position is asked for: what comes before the document must count.
const spec = 'kind: Pod\nspec:\n  hostPID: true\n  containers:\n    - image: a\n';

test.each([
  ['alone', spec, 0, 3],
  ['after another document', `a: 1\n---\n${spec}`, 1, 5],
  ['after comments and blank lines', `# one\n\na: 1\n---\n# two\n\n${spec}`, 1, 9],
  ['after an end marker', `a: 1\n...\n---\n${spec}`, 1, 6],
  ['after a directive', `%YAML 1.1\n---\n${spec}`, 0, 5],
  ['with Windows line ends', `a: 1\r\n---\r\n${spec.replaceAll('\n', '\r\n')}`, 1, 5],
  ['after an empty document', `---\n---\n${spec}`, 1, 5],
  ['with content on the line of the marker', `a: 1\n--- {spec: {hostPID: true}}\n`, 1, 2],
])('the position of a field is that in the file: %s', (_, text, index, line) => {
  const document = SourceDocument.allOf(text)[index];

  expect(document?.json.spec.hostPID).toBe(true);
  expect(document?.positionOf(['spec', 'hostPID'])).toMatchObject({ line });
});

test('what is missing is at what should contain it', () => {
  const [, document] = SourceDocument.allOf(`a: 1\n---\n${spec}`);

  expect(document?.positionOf(['spec', 'containers', 0, 'name'])).toEqual({ line: 7, column: 7 });
  expect(document?.positionOf(['status'])).toEqual({ line: 3, column: 1 });
});

test('a value of an anchor is where the alias is', () => {
  const [document] = SourceDocument.allOf('base: &base { image: a }\nspec:\n  containers: [*base]\n');

  expect(document?.json.spec.containers[0].image).toBe('a');
  expect(document?.positionOf(['spec', 'containers', 0, 'image'])).toMatchObject({ line: 3 });
});
