import { dotnet, go, has, java, javascript, python } from './languages';

const MINUTES = 60_000;

// Each needs its toolchain and the registries; what it generates of our dependencies is cached.
test.each([
  ['Python', python, ['python3']],
  ['Java', java, ['javac', 'mvn']],
  ['Go', go, ['go']],
] as const)(
  'an app in %s gives the same bytes as in JavaScript',
  (language, manifests, tools) => {
    const missing = tools.filter((tool) => !has(tool));
    if (missing.length > 0) throw new Error(`${language} needs ${missing.join(' and ')} on the PATH`);

    expect(manifests()).toBe(javascript());
  },
  15 * MINUTES,
);

test(
  'a .NET package is generated, and compiles where the SDK is',
  () => {
    if (!has('dotnet')) console.warn('!!! .NET: no SDK on the PATH, so the package was generated and not compiled');

    expect(dotnet()).toEqual(expect.arrayContaining(['Cdk8s.Sysbox.csproj', 'Cdk8sSysbox']));
  },
  15 * MINUTES,
);
