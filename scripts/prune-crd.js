// `npm run imports`: writes imports/ from the CRDs that imports/crds.json names, each reduced to what the library uses: one version,
// no status, and fields of a spec that are rendered elsewhere as free-form values. A CRD is a file of this repository, or of a Go
// module, which the module proxy serves.
const { execFileSync } = require('child_process');
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('fs');
const { tmpdir } = require('os');
const { join } = require('path');
const { parse, stringify } = require('yaml');

const root = join(__dirname, '..');

function directoryOf({ module }) {
  if (module === undefined) return root;
  return JSON.parse(execFileSync('go', ['mod', 'download', '-json', module], { encoding: 'utf8' })).Dir;
}

/** The CRD with one version, without its status, and with the opaque fields of its spec as free-form values. */
function prune(crd, { version: name, opaque = [] }) {
  const version = crd.spec.versions.find((it) => it.name === name);
  if (!version) throw new Error(`${crd.metadata.name} has no version ${name}`);
  const { spec, metadata = { type: 'object' } } = version.schema.openAPIV3Schema.properties;
  for (const field of opaque) {
    if (!(field in spec.properties)) throw new Error(`${crd.metadata.name}: spec has no field ${field}`);
    spec.properties[field] = {
      'x-kubernetes-preserve-unknown-fields': true,
      description: spec.properties[field].description,
    };
  }
  const schema = { openAPIV3Schema: { type: 'object', required: ['spec'], properties: { metadata, spec } } };
  const { group, names, scope } = crd.spec;
  return {
    apiVersion: crd.apiVersion,
    kind: crd.kind,
    metadata: { name: crd.metadata.name },
    spec: { group, names, scope, versions: [{ name, served: true, storage: true, schema }] },
  };
}

module.exports = { prune };
if (require.main !== module) return;

const byGroup = {};
for (const source of JSON.parse(readFileSync(join(root, 'imports', 'crds.json'), 'utf8'))) {
  const crd = prune(parse(readFileSync(join(directoryOf(source), source.crd), 'utf8')), source);
  (byGroup[crd.spec.group] ??= []).push(crd);
}
const work = mkdtempSync(join(tmpdir(), 'imports-'));
try {
  for (const [group, crds] of Object.entries(byGroup)) {
    const file = join(work, `${group}.yaml`);
    writeFileSync(file, crds.map((crd) => stringify(crd)).join('---\n'));
    execFileSync(
      join(root, 'node_modules', '.bin', 'cdk8s'),
      ['import', file, '--no-save', '--language', 'typescript', '--output', 'imports'],
      {
        cwd: root,
        stdio: 'inherit',
        env: { ...process.env, CDK8S_CHECK_UPGRADE: 'false' },
      },
    );
  }
} finally {
  rmSync(work, { recursive: true });
}
