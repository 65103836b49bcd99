/**
 * Whether a path matches a glob: `*` and `?` within a directory, `**` across directories, `[abc]` and `{a,b}`.
 *
 * @internal
 */
export function globToRegExp(glob: string): RegExp {
  let source = '';
  for (let i = 0; i < glob.length; i++) {
    const rest = glob.slice(i);
    const group = /^\[[^\]]+\]/.exec(rest)?.[0];
    if (rest.startsWith('**/')) {
      source += '(?:.*/)?';
      i += 2;
    } else if (rest.startsWith('**')) {
      source += '.*';
      i += 1;
    } else if (group) {
      source += group.replace(/^\[!/, '[^');
      i += group.length - 1;
    } else source += translated(rest[0] as string);
  }
  return new RegExp(`^${source}$`);
}

/** @internal */
export function isGlob(text: string): boolean {
  return /[*?[{]/.test(text);
}

function translated(character: string): string {
  switch (character) {
    case '*':
      return '[^/]*';
    case '?':
      return '[^/]';
    case '{':
      return '(?:';
    case '}':
      return ')';
    case ',':
      return '|';
    default:
      return character.replace(/[.+^$|()\\\]]/, '\\$&');
  }
}
