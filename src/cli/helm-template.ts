import * as fs from 'node:fs';
import * as path from 'node:path';

const ACTION =
  /\{\{-?\s*(?:[.$(]|if |else|end|with |range |include |define |template |block |toYaml |tpl |printf |default |quote |\/\*)/;

/**
 * The chart that a file is a template of; undefined for a file that is not a Helm template. Templates are recognized by their
 * actions: manifests of Argo and Tekton have braces too, but are YAML and lie in no chart.
 *
 * @internal
 */
export function chartOf(file: string, text: string, isYaml: boolean): string | undefined {
  if (!ACTION.test(text)) return undefined;
  const chart = directoriesAbove(file).find((directory) => fs.existsSync(path.join(directory, 'Chart.yaml')));
  const inTemplates = chart !== undefined && path.relative(chart, file).split(path.sep).includes('templates');
  if (inTemplates) return chart;
  return isYaml ? undefined : (chart ?? 'CHART');
}

function directoriesAbove(file: string): string[] {
  const directory = path.dirname(file);
  return directory === path.dirname(directory) ? [directory] : [directory, ...directoriesAbove(directory)];
}
