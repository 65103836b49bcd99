import { assertPinnedImage, pinnedImage } from '../../src/core/image-reference';

const DIGEST = `sha256:${'a1'.repeat(32)}`;

test.each([
  ['docker:29.1-dind', { name: 'docker', tag: '29.1-dind' }],
  ['registry:5000/a/b_c-d.e:1', { name: 'registry:5000/a/b_c-d.e', tag: '1' }],
  [`ghcr.io/a/b@${DIGEST}`, { name: 'ghcr.io/a/b', digest: DIGEST }],
  [`a:latest@${DIGEST}`, { name: 'a', tag: 'latest', digest: DIGEST }],
  ['Registry.example/a:1', { name: 'Registry.example/a', tag: '1' }],
  ['[fd00::1]:5000/a:1', { name: '[fd00::1]:5000/a', tag: '1' }],
])('takes %s', (image, parts) => expect(pinnedImage(image, 'it')).toEqual(parts));

test.each(['Docker:1', 'ghcr.io/Team/app:1', 'a b:1', '', 'a:1:2', 'a@sha256:12', 'a:-1', 'https://a/b:1'])(
  'refuses %p, which no registry has',
  (image) => {
    expect(() => assertPinnedImage(image, 'app/pod')).toThrow(
      `app/pod: '${image}' is not a valid image reference. Write it like`,
    );
  },
);

test.each(['docker', 'docker:latest', 'registry:5000/docker'])('refuses %s, which names no version', (image) => {
  expect(() => assertPinnedImage(image, 'app/pod')).toThrow(
    `app/pod: the image '${image}' names no version. Add a tag such as ':1.2', or a digest '@sha256:…'`,
  );
});
