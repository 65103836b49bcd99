// An authority and what it signs, in Secrets of the layout that cert-manager writes.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './host';

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'];

export class Authority {
  static async create(directory: string): Promise<Authority> {
    const authority = new Authority(directory);
    const [key, certificate] = [authority.path('ca.key'), authority.path('ca.crt')];
    await must(['openssl', 'req', '-x509', ...newKey, '-subj', '/CN=test', '-keyout', key, '-out', certificate]);
    return authority;
  }

  private constructor(private readonly directory: string) {}

  /** A Secret's manifest with a certificate for these DNS names; without any it is a client's. */
  async secret(name: string, namespace: string, dnsNames: readonly string[] = []): Promise<string> {
    const [key, certificate] = [this.path(`${name}.key`), this.path(`${name}.crt`)];
    const extensions = [
      'basicConstraints=critical,CA:FALSE',
      `extendedKeyUsage=${dnsNames.length > 0 ? 'serverAuth' : 'clientAuth'}`,
      ...(dnsNames.length > 0 ? [`subjectAltName=${dnsNames.map((one) => `DNS:${one}`).join(',')}`] : []),
    ];
    const signer = ['-CA', this.path('ca.crt'), '-CAkey', this.path('ca.key')];
    const settings = ['-config', this.settings(), ...extensions.flatMap((one) => ['-addext', one])];
    await must([
      ...['openssl', 'req', '-x509', ...newKey, ...signer, '-subj', `/CN=${name}`, ...settings],
      ...['-keyout', key, '-out', certificate],
    ]);
    const encoded = (file: string) => readFileSync(file).toString('base64');
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      metadata: { name, namespace },
      data: { 'ca.crt': encoded(this.path('ca.crt')), 'tls.crt': encoded(certificate), 'tls.key': encoded(key) },
    });
  }

  /** The settings that OpenSSL comes with make every certificate an authority. */
  private settings(): string {
    const file = this.path('openssl.cnf');
    writeFileSync(file, '[req]\ndistinguished_name=name\n[name]\n');
    return file;
  }

  private path(file: string): string {
    return join(this.directory, file);
  }
}
