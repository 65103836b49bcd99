import { SysboxSource } from '../../src';

const digest = `@sha256:${'0'.repeat(64)}`;

test('is upstream’s image by default, with the binaries in the release in use', () => {
  const source = SysboxSource.image();
  expect(source.installerImage).toBe('registry.nestybox.com/nestybox/sysbox-deploy-k8s:v0.7.1-0');
  expect(source.binaryDir).toBe('/opt/sysbox/current');
});

test('on the host is /usr/bin by default, or another directory, with another image for the pod', () => {
  expect(SysboxSource.host().binaryDir).toBe('/usr/bin');
  const source = SysboxSource.host({ binaryDir: '/opt/sysbox-0.8/bin', image: `tools${digest}` });
  expect(source.binaryDir).toBe('/opt/sysbox-0.8/bin');
  expect(source.installerImage).toBe(`tools${digest}`);
});

test.each([
  'sysbox:v0.7.1-0',
  'registry:5000/sysbox:v0.10.0-1',
  `sysbox${digest}`,
  `sysbox:v0.7.1-0${digest}`,
  'sysbox:mine',
])('takes %s', (image) => {
  expect(SysboxSource.image(image).installerImage).toBe(image);
});

test.each<[string, () => unknown, RegExp]>([
  [
    'an image without a version',
    () => SysboxSource.image('registry:5000/sysbox'),
    /names no version\. Add a tag such as ':1\.2', or a digest/,
  ],
  ['latest', () => SysboxSource.image('sysbox:latest'), /names no version/],
  [
    'a malformed digest',
    () => SysboxSource.image('sysbox@sha256:12'),
    /'sysbox@sha256:12' is not a valid image reference/,
  ],
  ['a version below 0.7.1', () => SysboxSource.image('sysbox:v0.7.0-0'), /below 0\.7\.1 no pod starts.*Use v0\.7\.1-0/],
  ['a version below 0.7.1 with a digest', () => SysboxSource.image(`sysbox:v0.6.7${digest}`), /below 0\.7\.1/],
  ['a relative path', () => SysboxSource.host({ binaryDir: 'bin' }), /binaryDir 'bin' is not an absolute path/],
  [
    'an unknown pull policy',
    () => SysboxSource.image(undefined, { imagePullPolicy: 'Sometimes' as never }),
    /imagePullPolicy 'Sometimes'/,
  ],
])('refuses %s', (_what, source, message) => {
  expect(source).toThrow(message);
});
