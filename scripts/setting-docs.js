// The documentation of props, for people who set them in a chart or a kustomization and have no constructs.
const { loadAssemblyFromPath } = require('@jsii/spec');
const { join } = require('path');

const assembly = loadAssemblyFromPath(join(__dirname, '..'));
const textOf = ({ docs }) => [docs.summary, docs.remarks].filter(Boolean).join(' ');

function withoutConstructs(text) {
  return text
    .replace(/\s+/g, ' ')
    .replace(/ \(`Sysbox\w+\.\w+`\)/g, '')
    .replace(/(?:RuntimeScheduling\.)?\b(INSTALLED|INTENDED)\b/g, (_, member) => member.toLowerCase())
    .split(/(?<=\.) (?=[A-Z`])/)
    .filter((sentence) => !/`Sysbox\w+\.\w+`|\bthe app\b/.test(sentence))
    .join(' ');
}

/** Of a prop such as `NodeOptions.unit`. */
function docOf(path) {
  const [struct, name] = path.split('.');
  return withoutConstructs(
    textOf(assembly.types[`cdk8s-sysbox.${struct}`].properties.find((one) => one.name === name)),
  );
}

/** Of every member of an enum. */
function docOfEnum(name) {
  const { members } = assembly.types[`cdk8s-sysbox.${name}`];
  return members.map((member) => `${member.name.toLowerCase()}: ${withoutConstructs(textOf(member))}`).join(' ');
}

/** As comment lines. */
function comment(text, indent = '') {
  return text
    .match(/.{1,110}(?:\s|$)/g)
    .map((line) => `${indent}# ${line.trim()}\n`)
    .join('');
}

module.exports = { comment, docOf, docOfEnum };
