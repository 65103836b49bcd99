const UTF8_BOM = [0xef, 0xbb, 0xbf];

/**
 * The text of a file: UTF-8, or UTF-16 with a byte order mark as PowerShell writes it. Refused: a binary file.
 *
 * @internal
 */
export function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff) {
    const swapped = Buffer.from(bytes.subarray(2, bytes.length - (bytes.length % 2)));
    return swapped.swap16().toString('utf16le');
  }
  if (bytes.includes(0)) throw new Error('a binary file');
  const start = UTF8_BOM.every((byte, i) => bytes[i] === byte) ? UTF8_BOM.length : 0;
  return bytes.toString('utf8', start);
}
