// One app in five languages: what jsii-pacmak generates of this package, with its dependencies from the language's registry. A
// dependency that the registry lacks (cdk8s for Go, cdk8s-plus-30 for Go and Maven) is generated from its npm package.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { cacheDirectory } from '../cluster/cache';

const root = join(__dirname, '..', '..');
const apps = join(__dirname, 'languages');
const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const version = (name: string): string =>
  JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
const versions = Object.fromEntries(
  ['cdk8s', 'cdk8s-plus-30', 'constructs', 'jsii-pacmak'].map((name) => [name, version(name)]),
);

const run = (command: string, args: string[], cwd: string, env: Record<string, string> = {}) =>
  execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '20,22', ...env },
    maxBuffer: 1 << 26,
  });

export const has = (command: string): boolean => {
  try {
    execFileSync(command, [command === 'go' ? 'version' : '--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** What pacmak writes of a package, into a new directory. */
function generated(modulePath: string, language: string): string {
  const out = mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-pacmak-'));
  const pacmak = join(root, 'node_modules', '.bin', 'jsii-pacmak');
  run(pacmak, [modulePath, '--code-only', '--outdir', out, '--targets', language], root);
  return join(out, language);
}

/** Our own package; in the tree of node_modules, pacmak would find the peers' copies by itself. */
const ours = (language: string) => generated(root, language);

/** What takes minutes and depends on versions alone, made once. */
function cached(name: string, make: (directory: string) => void): string {
  const directory = join(cacheDirectory(), 'languages', [name, ...Object.values(versions)].join('-'));
  if (existsSync(directory)) return directory;
  const incoming = `${directory}.${process.pid}`;
  mkdirSync(incoming, { recursive: true });
  make(incoming);
  renameSync(incoming, directory);
  return directory;
}

/** A copy outside of our package: pacmak generates what package.json of the directory says. */
function copyOf(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-module-'));
  cpSync(join(root, 'node_modules', name), join(directory, name), { recursive: true, dereference: true });
  mkdirSync(join(directory, 'node_modules'), { recursive: true });
  for (const peer of ['cdk8s', 'constructs']) {
    if (peer !== name)
      cpSync(join(root, 'node_modules', peer), join(directory, 'node_modules', peer), { recursive: true });
  }
  return join(directory, name);
}

/** Runs the app; the manifests that it writes. */
type Runner = (outdir: string) => void;

const manifests = (runner: Runner): string => {
  const outdir = mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-language-'));
  runner(outdir);
  return readFileSync(join(outdir, 'app.k8s.yaml'), 'utf8');
};

export const javascript = () =>
  manifests((CDK8S_OUTDIR) => run(process.execPath, [join(apps, 'main.js')], root, { CDK8S_OUTDIR }));

export const python = () => {
  const venv = cached('python', (directory) => {
    run('python3', ['-m', 'venv', '--copies', directory], root);
    const peers = ['cdk8s', 'cdk8s-plus-30', 'constructs'].map((name) => `${name}==${versions[name]}`);
    run(join(directory, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', 'setuptools', 'wheel', ...peers], root);
  });
  const modules = mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-python-'));
  const interpreter = join(venv, 'bin', 'python');
  run(interpreter, ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', modules, ours('python')], root);
  return manifests((CDK8S_OUTDIR) =>
    run(interpreter, [join(apps, 'main.py')], tmpdir(), { CDK8S_OUTDIR, PYTHONPATH: modules }),
  );
};

const POM = (dependencies: [string, string, string][]) => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>test</groupId><artifactId>app</artifactId><version>1</version>
  <dependencies>
${dependencies
  .map(
    ([group, artifact, number]) =>
      // without what it asks for in turn: ranges of versions, for which Maven reads every version that there is
      `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${number}</version>${
        group === 'software.amazon.jsii'
          ? ''
          : '<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>'
      }</dependency>`,
  )
  .join('\n')}
  </dependencies>
</project>
`;

const sourcesIn = (directory: string) =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.java'))
    .map((name) => join(directory, name));

function compileJava(project: string, classes: string, classpath: string[], ...more: string[]): void {
  mkdirSync(classes, { recursive: true });
  const files = [...sourcesIn(join(project, 'src/main/java')), ...more];
  writeFileSync(join(classes, 'sources'), files.join('\n'));
  run(
    'javac',
    ['-nowarn', '-proc:none', '-cp', classpath.join(delimiter), '-d', classes, `@${join(classes, 'sources')}`],
    root,
  );
  cpSync(join(project, 'src/main/resources'), classes, { recursive: true });
}

export const java = () => {
  const base = cached('java', (directory) => {
    writeFileSync(
      join(directory, 'pom.xml'),
      POM([
        ['org.cdk8s', 'cdk8s', versions.cdk8s as string],
        ['software.constructs', 'constructs', versions.constructs as string],
        ['software.amazon.jsii', 'jsii-runtime', versions['jsii-pacmak'] as string],
        ['org.jetbrains', 'annotations', '19.0.0'],
        ['javax.annotation', 'javax.annotation-api', '1.3.2'],
      ]),
    );
    run(
      'mvn',
      ['--quiet', '--batch-mode', 'dependency:copy-dependencies', `-DoutputDirectory=${join(directory, 'jars')}`],
      directory,
    );
    compileJava(generated(copyOf('cdk8s-plus-30'), 'java'), join(directory, 'plus'), [join(directory, 'jars', '*')]);
  });
  const classpath = [join(base, 'jars', '*'), join(base, 'plus')];
  const classes = mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-java-'));
  compileJava(ours('java'), classes, classpath, join(apps, 'Main.java'));
  return manifests((CDK8S_OUTDIR) =>
    run('java', ['-cp', [...classpath, classes].join(delimiter), 'Main'], tmpdir(), { CDK8S_OUTDIR }),
  );
};

const GO_MODULES = {
  'github.com/cdk8s-team/cdk8s-core-go/cdk8s/v2': 'cdk8s',
  'github.com/cdk8s-team/cdk8s-plus-go/cdk8splus30/v2': 'cdk8splus30',
};

export const go = () => {
  const base = cached('go', (directory) => {
    for (const name of ['cdk8s', 'cdk8s-plus-30'])
      cpSync(generated(copyOf(name), 'go'), directory, { recursive: true });
  });
  const app = mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-go-'));
  cpSync(ours('go'), app, { recursive: true });
  cpSync(join(apps, 'main.go'), join(app, 'main.go'));
  const replaced = Object.entries(GO_MODULES).map(
    ([module, directory]) => `replace ${module} => ${join(base, directory)}`,
  );
  writeFileSync(
    join(app, 'go.mod'),
    [
      'module app',
      'go 1.25',
      `replace ${own.jsii.targets.go.moduleName}/${own.jsii.targets.go.packageName} => ./${own.jsii.targets.go.packageName}`,
      ...replaced,
      '',
    ].join('\n'),
  );
  run('go', ['mod', 'tidy'], app);
  run('go', ['build', '-o', 'app', '.'], app);
  return manifests((CDK8S_OUTDIR) => run(join(app, 'app'), [], tmpdir(), { CDK8S_OUTDIR }));
};

/** .NET: generated, and compiled where the SDK is. */
export const dotnet = () => {
  const project = ours('dotnet');
  const directory = join(project, own.jsii.targets.dotnet.packageId);
  if (has('dotnet')) run('dotnet', ['build', '--nologo', '--verbosity', 'quiet'], directory);
  return readdirSync(directory);
};
